"""A desk's traces: one for each turn, right across threads, processes and crashes, and nobody's data in them."""

import os
import signal
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from countersign.domain.review import Approve
from countersign.domain.ticket import TicketRef
from countersign.intake import take
from countersign.ledger.read import identity
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from countersign.spans import UNTRACED
from countersign.telemetry.facts import ERROR, KIND
from countersign.telemetry.identity import first_span
from countersign.telemetry.reading import Seen, Trace, traces
from graphs.catalog import NODES
from tests.conftest import SteppingClock
from tests.graph.reviewing import LOST, SIMON, deliver, lost_tent, say
from tests.messages import message
from tests.telemetry.receiver import collector

UNKNOWN = "Hello, about order FH-10072: could you tell me who composed the music in your latest film about huts?"


def traced(runtime: Runtime, ticket: str, turns: int = 1) -> tuple[Trace, ...]:
    """The traces of a ticket as they lie in the file."""
    return traces(runtime.settings.var, identity(runtime.ledger), ticket, turns)


def parents(spans: tuple[Seen, ...]) -> list[tuple[str, str]]:
    """Each span's name with that of the one around it."""
    names = {span.id: span.name for span in spans}
    return [(span.name, names.get(span.parent, "")) for span in spans]


def test_a_turn_is_one_tree_across_the_wait_for_a_person(runtime: Runtime) -> None:
    """Message, runs, nodes, lookups, effects: each within what caused it, the run after the answer beside the first."""
    asked = lost_tent(runtime)
    say(runtime, asked, Approve())
    (trace,) = traced(runtime, asked.ticket.id)
    spans = trace.seen()
    tree = parents(spans)
    assert tree.count(("message", "")) == 1
    assert [pair for pair in tree if not pair[1]] == [("message", "")]
    assert tree.count(("invoke_workflow support", "message")) == 2
    assert ("node recall", "invoke_workflow support") in tree
    assert ("execute_tool shop.customers_by_email", "node recall") in tree
    assert tree.count(("execute_tool refund", "node execute")) == tree.count(
        ("execute_tool send_reply", "node execute")
    )
    statuses = [span.facts["countersign.status"] for span in spans if span.facts[KIND] == "turn"]
    assert statuses == ["waiting", "answered"]
    around = {span.id: span for span in spans if span.facts[KIND] != "message"}
    inside = [(span, around[span.parent]) for span in spans if span.parent in around]
    assert all(outer.start <= span.start <= span.end <= outer.end for span, outer in inside)
    assert {span.facts[KIND] for span, _ in inside} == {"node", "tool", "effect"}


def test_every_node_that_ran_has_its_span(runtime: Runtime) -> None:
    """The nodes of the trace are those of the thread's history, with the kinds of the catalogue."""
    ticket = deliver(runtime)
    (trace,) = traced(runtime, ticket.id)
    told = [span.facts for span in trace.seen() if span.facts[KIND] == "node"]
    steps = [facts["countersign.step"].partition("/")[2] for facts in told]
    kept = [step.node for step in runtime.history(ticket.id).steps if step.node in NODES]
    assert [name for name in steps if name != "review"] == [name for name in kept if name != "review"]
    assert [facts["countersign.node.kind"] for facts in told] == [NODES[name].kind for name in steps]


def test_the_next_message_begins_a_trace_that_names_the_last(runtime: Runtime) -> None:
    """A turn's first span is linked to that of the turn before, and both exist."""
    ticket = deliver(runtime)
    deliver(runtime, "m2", "Please hurry.", references=("<m1@mail.example>",))
    first, second = traced(runtime, ticket.id, 2)
    begun = [next(span for span in trace.spans if span["name"] == "message") for trace in (first, second)]
    assert begun[1]["links"] == [{"traceId": first.id, "spanId": begun[0]["spanId"]}]
    assert first.id != second.id


def test_a_model_and_its_tools_are_within_their_agent(runtime: Runtime) -> None:
    """What an agent asks and looks up, in whatever thread, lies within its span, by the GenAI conventions' names."""
    ticket = deliver(runtime, text=UNKNOWN)
    spans = traced(runtime, ticket.id)[0].seen()
    tree = parents(spans)
    assert ("invoke_agent resolver", "node resolve") in tree
    assert ("chat planner", "invoke_agent resolver") in tree
    agent = {span.id for span in spans if span.facts[KIND] == "agent"}
    tools = [span for span in spans if span.parent in agent and span.facts[KIND] == "tool"]
    assert tools
    assert all(span.facts["gen_ai.operation.name"] == "execute_tool" for span in tools)
    chat = next(span.facts for span in spans if span.facts[KIND] == "model")
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.provider.name"] == "countersign.offline"
    assert {"gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"} <= chat.keys()


def test_a_failure_is_its_code_and_none_of_its_words(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a lookup fails, lookup, node and run say by which code; what the error said is nowhere."""

    def fails(*_: object) -> None:
        raise ValueError(SIMON)

    monkeypatch.setattr(type(runtime.deps.shop), "customers_by_email", fails)
    ticket = deliver(runtime)
    assert ticket.reason == "the desk failed: bug.ValueError"
    spans = traced(runtime, ticket.id)[0].seen()
    failed = {span.facts[KIND]: span.facts[ERROR] for span in spans if ERROR in span.facts}
    assert failed == dict.fromkeys(("tool", "node", "turn"), "bug.ValueError")
    assert SIMON not in (runtime.settings.var / "traces" / "spans.jsonl").read_text()


def test_waiting_for_a_person_is_no_failure(runtime: Runtime) -> None:
    """The pause of the graph ends the node's span without an error."""
    spans = traced(runtime, deliver(runtime).id)[0].seen()
    assert [span.name for span in spans if span.name == "node review"]
    assert not [span.name for span in spans if ERROR in span.facts]


def test_what_was_killed_is_there_and_goes_on_in_the_same_trace(var: Path, clock: SteppingClock) -> None:
    """kill -9 loses the spans under way and no other; the next process finds the trace and goes on in it."""
    child = os.fork()
    if child == 0:
        _killed_before_draft(var, clock)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with open_runtime(Settings(var=var), clock=clock) as runtime:
        before = [span.name for span in traced(runtime, "CS-1001")[0].seen()]
        runtime.resume("CS-1001")
        spans = traced(runtime, "CS-1001")[0].seen()
    assert before[0] == "message"
    assert [name for name in before if name.startswith("node ")] == [
        "node receive", "node redact", "node recall", "node triage", "node playbook",
    ]  # fmt: skip
    known = {span.id for span in spans}
    assert {span.name for span in spans if span.parent and span.parent not in known} == set(before) - {"message"} - {
        name for name in before if name.startswith("execute_tool")
    }
    assert ("node draft", "invoke_workflow support") in parents(spans)


def _killed_before_draft(var: Path, clock: SteppingClock) -> None:
    def kill(name: str) -> None:
        if name == "before draft":
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with open_runtime(Settings(var=var), clock=clock, on_point=kill) as runtime:
            deliver(runtime)
    finally:
        os._exit(1)


def test_nothing_is_written_where_none_is_wanted(
    var: Path, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 0 megabytes and no endpoint there is no tracer and no file."""
    monkeypatch.setenv("COUNTERSIGN_TRACE_MEGABYTES", "0")
    with open_runtime(Settings(var=var), clock=clock) as runtime:
        assert runtime.deps.tracer is UNTRACED
        assert deliver(runtime).status == "waiting"
    assert not (var / "traces").exists()


def _no_folder(var: Path) -> None:
    (var / "traces").write_text("in the way")


def _full_disk(var: Path) -> None:
    (var / "traces").mkdir()
    (var / "traces" / "spans.jsonl").symlink_to("/dev/full")


@pytest.mark.parametrize("spoil", [_no_folder, _full_disk])
def test_a_file_that_cannot_be_written_costs_spans_and_nothing_else(
    var: Path, clock: SteppingClock, spoil: Callable[[Path], None]
) -> None:
    """The ticket comes to the same, and the spans that are missing are counted."""
    spoil(var)
    with open_runtime(Settings(var=var), clock=clock) as runtime:
        assert deliver(runtime).status == "waiting"
        assert runtime.deps.tracer.lost > len(NODES) / 2


def test_a_collector_is_sent_what_the_file_has(
    var: Path, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a real socket, as protobuf: the same spans, attributes of their types, under the service's name."""
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        with open_runtime(Settings(var=var), clock=clock) as runtime:
            ticket = deliver(runtime)
            (trace,) = traced(runtime, ticket.id)
        assert runtime.deps.tracer.lost == 0
        assert found.paths == {"/v1/traces"}
    sent = {span.span_id.hex(): span for span in found.spans}
    assert sent.keys() == {span["spanId"] for span in trace.spans}
    assert {span.trace_id.hex() for span in found.spans} == {trace.id}
    for span in trace.spans:
        told = sent[span["spanId"]]
        told.ClearField("flags")  # the exporter says that the ids are not random, and an empty status
        if not told.status.code:
            told.ClearField("status")
        assert as_sent(span) == told
    (resource,) = {str(each.resource) for each in found.received}
    assert '"countersign"' in resource.replace("\n", "")


def as_sent(span: dict[str, Any]) -> Span:
    """A span of the file as protobuf has it; where JSON of protobuf has base64, OTLP's has hex."""
    ids = {name: b64encode(bytes.fromhex(span[name])).decode() for name in span if name.endswith("Id")}
    return ParseDict(span | ids, Span())


@pytest.mark.parametrize("status", [404, 503])
def test_a_collector_that_refuses_is_counted(
    var: Path, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """No ticket fails for it, nothing is written to the terminal, and every span counts as lost."""
    with collector() as found:
        found.status = status
        monkeypatch.setenv("COUNTERSIGN_OTLP_ENDPOINT", found.url)
        with open_runtime(Settings(var=var), clock=clock) as runtime:
            ticket = deliver(runtime)
            (trace,) = traced(runtime, ticket.id)
        assert ticket.status == "waiting"
        assert runtime.deps.tracer.lost == len(trace.spans)
        assert found.paths
    assert capfd.readouterr() == ("", "")


def test_a_collector_that_is_not_there_or_never_answers_keeps_nobody(
    var: Path, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk closes all the same."""
    import threading

    with collector() as found:
        found.silent = threading.Event()
        for url in ("http://127.0.0.1:9", found.url):
            monkeypatch.setenv("COUNTERSIGN_OTLP_ENDPOINT", url)
            with open_runtime(Settings(var=var), clock=clock) as runtime:
                take(message(url, SIMON, "Basecamp tent lost, FH-10072", LOST), runtime.deps)
            assert runtime.deps.tracer.lost == 1
        assert not found.received


def test_another_ledger_is_another_trace() -> None:
    """Two desks that send to one collector share no trace, whatever their tickets are called."""
    ref = TicketRef(id="CS-1001", turn=1)
    found = {first_span(ledger, ref.id, turn) for ledger in ("a", "b") for turn in (1, 2)}
    assert len({trace for trace, _ in found}) == len({span for _, span in found}) == 4
    assert first_span("a", ref.id, 1) == first_span("a", ref.id, 1)
