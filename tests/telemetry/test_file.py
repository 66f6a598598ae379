"""The file of spans: for its owner alone, of bounded size, whole lines from any number of writers."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from countersign.domain.errors import InputError
from countersign.domain.ticket import TicketRef
from countersign.telemetry.facts import ATTRIBUTES, ERROR, KIND, REFUSED, attributes, clean
from countersign.telemetry.reading import traces
from countersign.telemetry.tracer import OpenTracer, open_tracer

REF = TicketRef(id="CS-1001", turn=1)
MEGABYTE = 1_000_000


def opened(var: Path, megabytes: int = 1) -> OpenTracer:
    """A tracer into a file."""
    tracer = open_tracer(var, megabytes, "", lambda: "ledger")
    assert tracer
    return tracer


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Folder and file are the owner's alone, whatever the umask."""
    before = os.umask(0)
    try:
        opened(tmp_path).begin(REF)
    finally:
        os.umask(before)
    assert (tmp_path / "traces").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "traces" / "spans.jsonl").stat().st_mode & 0o777 == 0o600


def test_many_writers_keep_it_bounded_and_whole(tmp_path: Path) -> None:
    """Threads of several processes write more than there is room for: every line is sound, none is lost on the way."""

    children = [_writing(tmp_path) for _ in range(2)]
    assert _write_much(tmp_path) == 0
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    files = sorted((tmp_path / "traces").glob("*.jsonl"))
    assert [path.name for path in files] == ["spans.1.jsonl", "spans.jsonl"]
    assert sum(path.stat().st_size for path in files) < MEGABYTE * 1.05
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    assert all(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] for line in lines)
    ids = [line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] for line in lines]
    assert len(set(ids)) == len(ids)


def _writing(var: Path) -> int:
    """A process that writes; its exit code is how many spans it lost."""
    child = os.fork()
    if child == 0:
        lost = 1
        try:
            lost = _write_much(var)
        finally:
            os._exit(lost)
    return child


def _write_much(var: Path) -> int:
    tracer = opened(var)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_write, [tracer] * 4))
    tracer.close()
    return tracer.lost


def _write(tracer: OpenTracer) -> None:
    for _ in range(125):
        with tracer.span("tool", "shop.order", REF) as span:
            span.note(recorded=True)


def test_a_torn_line_loses_itself_alone(tmp_path: Path) -> None:
    """What a full disk cut off, or a hand damaged, is passed over."""
    tracer = opened(tmp_path)
    tracer.begin(REF)
    path = tmp_path / "traces" / "spans.jsonl"
    path.write_text(path.read_text() + path.read_text()[:200] + "\n" + '{"traceId":"' + "0" * 32 + '"}\n')
    with tracer.span("node", "receive", REF):
        pass
    (found,) = traces(tmp_path, "ledger", REF.id, 1)
    assert [span.name for span in found.seen()] == ["message", "node receive"]


@pytest.mark.parametrize(
    "text",
    ["maya@example.org", "Maya Ellingham", "4111111111111111", "DE89370400440532013000", "line\nbreak", "é", "x" * 101],
)
def test_what_is_no_name_and_no_code_is_refused(tmp_path: Path, text: str) -> None:
    """An address, a sentence, a card's number: wherever it is put, it does not get into the file."""
    assert clean(text) == REFUSED
    tracer = opened(tmp_path)
    with tracer.span("tool", text, REF, status=text, model=text) as span:
        span.note(provider=text)
        span.failed(text)
    written = (tmp_path / "traces" / "spans.jsonl").read_text()
    assert text not in written
    assert json.dumps(text)[1:-1] not in written
    assert REFUSED in written


@pytest.mark.parametrize("name", ["CS-1001", "gpt-5-mini", "org/model:Q4_K_M", "claude-20251001", "input.charset", ""])
def test_names_and_codes_pass(name: str) -> None:
    """What models, tools and codes are called is written as it is."""
    assert clean(name) == name


def test_an_attribute_that_is_not_listed_is_left_out() -> None:
    """The list decides, whatever a caller says."""
    assert attributes({"subject": "private", "status": "done", "tokens_in": 3}) == {
        ATTRIBUTES["status"]: "done",
        ATTRIBUTES["tokens_in"]: 3,
    }


def test_an_error_that_passes_is_named_and_goes_on(tmp_path: Path) -> None:
    """The code is on the span and the words are not; whoever called still gets the error."""
    tracer = opened(tmp_path)
    with pytest.raises(InputError), tracer.span("node", "receive", REF):
        raise InputError("of maya@example.org", where="mail.eml", detail="charset")
    (found,) = traces(tmp_path, "ledger", REF.id, 1)
    assert found.seen()[0].facts[ERROR] == "input.charset"
    assert found.seen()[0].facts[KIND] == "node"
    assert found.spans[0]["status"] == {"code": 2}
    assert "maya" not in (tmp_path / "traces" / "spans.jsonl").read_text()


def test_it_goes_on_after_its_closing_without_a_word(tmp_path: Path) -> None:
    """A span that ends when the desk is closed is counted, and written into no file that was opened since."""
    tracer = opened(tmp_path)
    with tracer.span("turn", "support", REF):
        tracer.close()
        with (tmp_path / "other").open("w"):
            pass
    assert (tmp_path / "other").read_text() == ""
    assert not traces(tmp_path, "ledger", REF.id, 1)
