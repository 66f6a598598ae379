"""The resolver in the support graph: its plan passes the gates, a person countersigns, and nothing happens without."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.plan import Provenance
from countersign.domain.review import Approve
from countersign.domain.ticket import Ticket, TicketRef
from countersign.intake import take
from countersign.ledger.read import timeline, why
from countersign.review import answer, shown
from countersign.runtime import Runtime, open_runtime, thread_config
from countersign.settings import Settings
from graphs.agents.resolver import AgentResolver
from graphs.support import support_graph
from nodes.reason.resolve import inquiry_of
from tests.agents.scripted_seat import ScriptedModels, because, call, of, plan, proposed, refuse, silent
from tests.conftest import SteppingClock
from tests.messages import message
from tests.unit import ledger_cases
from tools.lookups.casebook import AGENT

GUSTAV, ORDER = "gustav.akerman@example.com", "FH-10091"
ODD = "Not really happy with this one to be honest. What can we do about it?"
KEYS = itertools.count(1)
look = call(("look_up_customer", {}), ("look_up_order", {"order": ORDER}))


@pytest.fixture(scope="module")
def opened(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """One desk for all tests of this module."""
    var = tmp_path_factory.mktemp("agents") / "var"
    shutil.copytree(prepared_var, var)
    with open_runtime(Settings(var=var), clock=SteppingClock()) as runtime:
        yield runtime


Seat = Callable[..., tuple[Runtime, ScriptedModels]]


@pytest.fixture
def seat(opened: Runtime) -> Seat:
    """Puts a script into the agent's seat, and perhaps a judgement into the critic's."""

    def seated(*plays: Any, critic: dict[str, Any] | None = None) -> tuple[Runtime, ScriptedModels]:
        models = ScriptedModels(list(plays), critic)
        deps = replace(opened.deps, models=models)
        return replace(opened, deps=deps, graph=support_graph(deps, opened.saver)), models

    return seated


def deliver(runtime: Runtime, text: str = ODD, subject: str = ORDER, sender: str = GUSTAV) -> Ticket:
    """One message to the end of its turn; each test's messages are tickets of their own."""
    taken = take(message(f"agent-{next(KEYS)}", sender, subject, text), runtime.deps)
    return runtime.handle(taken.ticket)


def state_of(runtime: Runtime, ticket: Ticket) -> dict[str, Any]:
    return runtime.graph.get_state(thread_config(ticket.id)).values


def passed(runtime: Runtime, ticket: Ticket) -> list[str]:
    """The nodes of the turn, in order."""
    return [step.node for step in runtime.ticket(ticket.id).steps()]


def refunding(reply: str = "We have refunded your order {order}.") -> Any:
    """Looks, proposes to refund all, and says so."""
    propose = because("propose_refund", "status of", order=ORDER, what="all_that_is_left", reason="other")
    last = plan(
        proposals=proposed, facts=of("order", "status of", "total of"),
        reply=reply.format(order=ORDER), request="refund_status", questions=["Is the fleece used?"],
    )  # fmt: skip
    return (look, propose, last)


def test_an_agents_refund_waits_for_a_person_and_happens_once_they_sign(seat: Seat) -> None:
    """Plan, check, authorize, a question; approved, the money leaves once, under the person's name."""
    runtime, _ = seat(*refunding())
    ticket = deliver(runtime)

    assert ticket.status == "waiting"
    assert passed(runtime, ticket)[3:] == ["triage", "resolve", "draft", "check", "second", "authorize",
                                           "record_verdict", "review"]  # fmt: skip
    asked = shown(runtime, ticket.id)
    assert [proposal.rules for proposal in asked.proposals] == [
        ("agent.alone", "agent.recommends", "refund.no-evidence", "refund.over-50")
    ]
    assert "open question: Is the fleece used?" in asked.notes
    assert runtime.ledger.receipts(TicketRef(id=ticket.id, turn=1)) == ()
    ended = answer(runtime, ticket.id, Approve(), "ines", asked.digest)
    effects = runtime.ledger.receipts(TicketRef(id=ticket.id, turn=1))
    assert ended.status == "answered"
    assert [(effect.kind, effect.status) for effect in effects] == [("refund", "done"), ("send_reply", "done")]
    proposals = runtime.ledger.proposals(TicketRef(id=ticket.id, turn=1))
    assert {(proposal.by.kind, proposal.by.id) for proposal in proposals} == {("Agent", "resolver")}


def test_what_it_looked_up_and_found_is_told(seat: Seat) -> None:
    """The ledger's story has the lookups, the facts with their sources, the questions, and that nobody seconded."""
    runtime, _ = seat(look, plan(facts=of("order"), reply="Please tell us what is wrong with it.",
                                 questions=["What is wrong?"]))  # fmt: skip
    ticket = deliver(runtime)
    (told,) = [event for event in timeline(runtime.ledger, ticket.id) if event.event == "resolution"]
    turns: Any = why(runtime.ledger, ticket.id)["turns"]

    assert turns[0]["resolutions"] == [told.details]
    details: Any = told.details
    assert [one["tool"] for one in details["lookups"]] == ["look_up_customer", "look_up_order"]
    assert details["plan"]["facts"][1]["source"].startswith(f"shop:order/{ORDER}@")
    assert (details["questions"], details["opinion"]["asked"]) == (["What is wrong?"], False)
    assert len(details["prompt"]) == 64


def test_no_message_of_the_agent_is_in_any_checkpoint(seat: Seat) -> None:
    """The parent's state holds values of ours alone, and the agent's own graph writes no checkpoint."""
    runtime, _ = seat(look, plan(reply="Please tell us what is wrong with it."))
    ticket = deliver(runtime)
    config = thread_config(ticket.id)

    assert "messages" not in state_of(runtime, ticket)
    spaces = {found.config.get("configurable", {}).get("checkpoint_ns") for found in runtime.saver.list(config)}
    assert spaces == {""}


def test_one_round_of_revision_with_the_gates_reasons(seat: Seat) -> None:
    """The first reply states an amount that is no fact; the agent hears why, once, and its second plan counts."""
    bad = plan(reply="You get 999.99 € back.", facts=of("order"))
    runtime, models = seat(look, bad, look, plan(reply="Please tell us what is wrong with it."))
    ticket = deliver(runtime)

    assert ticket.status == "waiting"
    assert passed(runtime, ticket).count("resolve") == 2
    assert "The reply states an amount that is no fact of this ticket" in str(models.seen[2][1].content)
    resolution = state_of(runtime, ticket)["resolution"]
    assert (resolution.round, resolution.calls, len(resolution.lookups)) == (2, 4, 4)
    assert state_of(runtime, ticket)["findings"] == ()


def test_after_the_revision_a_person_is_asked(seat: Seat) -> None:
    """Twice the same fault: no third round, a person sees the findings."""
    runtime, models = seat(plan(reply="You get 999.99 € back, whatever you say."))
    ticket = deliver(runtime)

    assert (ticket.status, len(models.seen)) == ("waiting", 2)
    assert any("fact.amount" in reason for reason in shown(runtime, ticket.id).reasons)


def test_what_policy_denies_twice_is_handed_over_with_what_was_found(seat: Seat) -> None:
    """A delivered order can't be cancelled, whoever proposes it: revised once, then a person."""
    propose = because("propose_cancel_order", "status of", order=ORDER, reason="other")
    again = plan(proposals=proposed, reply="We have cancelled your order.")
    runtime, _ = seat(look, propose, again, look, propose, again)
    ticket = deliver(runtime)

    assert ticket.status == "handed_over"
    assert "cancel.dispatched" in ticket.reason
    assert passed(runtime, ticket).count("resolve") == 2
    dossier = state_of(runtime, ticket)["dossier"]
    assert any(f"status of {ORDER}: delivered" in note for note in dossier.notes)


@pytest.mark.parametrize(
    ("plays", "code"),
    [
        ((look, refuse), "failed.test"),
        ((look, silent), "failed.no_plan"),
        ((look,), "failed.limit"),
    ],
)  # fmt: skip
def test_a_failed_agent_falls_back_to_a_person_with_everything_it_found(seat: Seat, plays: Any, code: str) -> None:
    """Errors, silence and limits: handed over, with the code behind the reason and the records among the notes."""
    runtime, _ = seat(*plays)
    ticket = deliver(runtime)

    assert ticket.status == "handed_over"
    assert ticket.reason.endswith(f"the resolver stopped: {code}")
    assert any(f"status of {ORDER}" in note for note in state_of(runtime, ticket)["dossier"].notes)


JONAS, BACK = "jonas.weber@example.org", plan(hand_back=["where_is_my_order"])
WHERE = "FH-10013, hm. Well? I do wonder, and my neighbour as well. Kind regards from the two of us"


def test_an_ordinary_case_goes_back_to_its_playbook_and_waits_when_nobody_seconds(seat: Seat) -> None:
    """A model named the request: the playbook answers it, and a person confirms."""
    runtime, _ = seat(BACK)
    ticket = deliver(runtime, WHERE, "Hm", JONAS)

    assert (ticket.status, ticket.requests) == ("waiting", ("where_is_my_order",))
    assert passed(runtime, ticket)[3:8] == ["triage", "resolve", "playbook", "draft", "check"]
    assert shown(runtime, ticket.id).reasons[0].startswith("named.alone")


def test_a_second_model_that_agrees_lets_the_playbooks_reply_leave(seat: Seat) -> None:
    """Two independent models and the desk's own rules: nobody has to be asked about a plain reply."""
    runtime, models = seat(BACK, critic={"agrees": True})
    ticket = deliver(runtime, WHERE, "Hm", JONAS)

    assert ticket.status == "answered"
    assert "FH-10013" in models.asked[0]["message"]
    opinion = state_of(runtime, ticket)["opinion"]
    assert (opinion.asked, opinion.agrees, len(opinion.prompt)) == (True, True, 64)


def test_disagreement_goes_to_a_person_with_its_reasons(seat: Seat) -> None:
    """The critic's no is part of what is asked."""
    runtime, _ = seat(BACK, critic={"agrees": False, "reasons": ["The customer asks nothing."]})
    ticket = deliver(runtime, WHERE, "Hm", JONAS)

    assert ticket.status == "waiting"
    (told,) = [event for event in timeline(runtime.ledger, ticket.id) if event.event == "resolution"]
    details: Any = told.details
    assert details["opinion"]["reasons"] == ["The customer asks nothing."]


def test_a_seconded_agent_still_only_recommends(seat: Seat) -> None:
    """Two models agree on a replacement: the shipped policy asks a person all the same."""
    propose = because("propose_replacement", "status of", order=ORDER, skus=["FLC-TARN-L"], reason="other")
    last = plan(proposals=proposed, reply="We have sent you a replacement.")
    runtime, _ = seat(look, propose, last, critic={"agrees": True})
    ticket = deliver(runtime)

    assert ticket.status == "waiting"
    proposals = runtime.ledger.proposals(TicketRef(id=ticket.id, turn=1))
    assert {proposal.provenance.seconded for proposal in proposals} == {True}
    assert all("agent.alone" not in reason for reason in shown(runtime, ticket.id).reasons)


def test_what_is_for_a_person_never_reaches_the_agent(seat: Seat) -> None:
    """A threat of legal action goes straight to a person."""
    runtime, models = seat(plan(reply="All is well."))
    ticket = deliver(runtime, "If I don't hear from you I will take legal action. My lawyer knows.", "Last warning")

    assert (ticket.status, ticket.reason, models.seen) == ("handed_over", "legal threat", [])


def test_a_step_that_runs_again_asks_nothing_twice(seat: Seat) -> None:
    """The resolution is in the journal: the same step of the same turn is told it, model and shop are left alone."""
    runtime, models = seat(look, plan(reply="Please tell us what is wrong with it."))
    ticket = deliver(runtime)
    values = state_of(runtime, ticket)
    inquiry = inquiry_of(values | {"resolution": None})  # pyright: ignore[reportArgumentType]  the thread's own state
    assert inquiry is not None
    calls, ref = len(models.seen), TicketRef(id=ticket.id, turn=1)
    scoped = runtime.deps.scope(runtime.deps, ref, "99/resolve")
    first = scoped.resolver.resolve(inquiry, scoped)
    asked = len(models.seen) - calls
    again = runtime.deps.scope(replace(runtime.deps, resolver=AgentResolver()), ref, "99/resolve")

    assert again.resolver.resolve(inquiry, again) == first
    assert len(models.seen) == calls + asked


def test_the_ledger_refuses_an_agents_grant_that_nobody_seconded(tmp_path: Path) -> None:
    """Even where every check of the program is gone, the file gives no grant to one model alone."""
    for seconded, allowed in ((False, False), (True, True)):
        ledger = ledger_cases.new_ledger(tmp_path / str(seconded))
        ref = ledger_cases.new_ticket(ledger)
        origin = Provenance(seconded=seconded)
        refund = ledger_cases.refund().model_copy(update={"by": AGENT, "provenance": origin})
        if allowed:
            ledger_cases.allowed(ledger, ref, refund)
        else:
            with pytest.raises(RejectedError, match="no decision permits this grant"):
                ledger_cases.allowed(ledger, ref, refund)
        ledger.close()
