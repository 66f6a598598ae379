"""The desk's figures, from ledgers whose story is known."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from countersign.display.stats import length, percent
from countersign.display.stats import stats as drawn
from countersign.domain.model import Budget, Cost, Engine, ModelCall
from countersign.domain.outcome import Outcome
from countersign.domain.stats import Failed, Observed, Spread, Stats
from countersign.domain.ticket import Automatic, Quarantined, TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.calls import SqlCalls
from countersign.ledger.stats import spread, stats
from tests.unit.ledger_cases import ANN, NOW, accept, at, message, new_ledger

DAY = 24 * 60


@pytest.fixture
def ledger(tmp_path: Path) -> SqlLedger:
    return new_ledger(tmp_path)


def figures(ledger: SqlLedger, since: datetime | None = None, minutes: float = 30 * DAY, window: int = 7) -> Stats:
    return stats(ledger, since, at(minutes), window)


def opened(ledger: SqlLedger, key: str, minutes: float = 0, automatic: Automatic | None = None) -> TicketRef:
    """A ticket of its own, opened so long after NOW."""
    taken = accept(ledger, message(key, automatic=automatic), at(minutes))
    return TicketRef(id=taken.ticket, turn=taken.turn)


def again(ledger: SqlLedger, ref: TicketRef, key: str, minutes: float) -> TicketRef:
    """The same customer writes again to the ticket."""
    taken = accept(ledger, message(key, subject=f"Re: [{ref.id}]"), at(minutes))
    assert (taken.ticket, taken.turn) == (ref.id, ref.turn + 1)
    return TicketRef(id=taken.ticket, turn=taken.turn)


def ends(ledger: SqlLedger, ref: TicketRef, minutes: float, kind: str = "answered", **more: Any) -> None:
    ledger.record_outcome(ref, Outcome.model_validate({"kind": kind} | more), at(minutes))


def test_nothing_yet_is_a_sentence(ledger: SqlLedger) -> None:
    """Of an empty ledger every figure is none, and the screen says what to do."""
    found = figures(ledger)
    assert (found.settled.tickets, found.decision, found.routes, found.failures) == (0, Spread(), (), ())
    assert "countersign run" in screen(found)


def test_settled_is_answered_without_a_person_and_not_written_about_again(ledger: SqlLedger) -> None:
    """One ticket for each fate; each counts once."""
    ends(ledger, opened(ledger, "settled"), 2)
    reopened = opened(ledger, "reopened")
    ends(ledger, reopened, 2)
    ends(ledger, again(ledger, reopened, "reopened2", 2 + 7 * DAY), 8 * DAY)
    late = opened(ledger, "late")
    ends(ledger, late, 2)
    ends(ledger, again(ledger, late, "late2", 3 + 7 * DAY), 8 * DAY)
    asked = opened(ledger, "asked")
    ends(ledger, asked, 2, asked="ask_which_order")
    told = opened(ledger, "told")
    ends(ledger, told, 2, asked="ask_which_order")
    ends(ledger, again(ledger, told, "told2", 60), 61)
    ends(ledger, opened(ledger, "given up"), 2, "handed_over", reason="the desk failed: bug.KeyError")
    opened(ledger, "unfinished")
    ends(ledger, opened(ledger, "machine", automatic="bounce"), 2, "closed")
    found = figures(ledger).settled
    assert found.tickets == 7
    assert (found.settled, found.reopened, found.asked_back) == (3, 1, 1)
    assert (found.waiting, found.unfinished, found.by_person) == (1, 1, 0)


def test_what_may_still_be_reopened_is_said(ledger: SqlLedger) -> None:
    """An answer of yesterday counts as settled, and as one that can change."""
    ends(ledger, opened(ledger, "old"), 2)
    ends(ledger, opened(ledger, "new", 9 * DAY), 9 * DAY + 1)
    found = figures(ledger, minutes=10 * DAY).settled
    assert (found.settled, found.open_window) == (2, 1)


def test_a_machines_answer_reopens_nothing(ledger: SqlLedger) -> None:
    """An absence note to the reply is no customer who is not content."""
    ref = opened(ledger, "m")
    ends(ledger, ref, 2)
    accept(ledger, message("away", subject=f"Re: [{ref.id}]", automatic="auto-reply"), at(3))
    assert figures(ledger).settled.settled == 1


def test_times_are_those_of_messages_and_ends(ledger: SqlLedger) -> None:
    """The decision is the end where there was no verdict; the percentiles are among the times."""
    for number in range(1, 101):
        ends(ledger, opened(ledger, f"m{number}"), number)
    found = figures(ledger)
    minute = 60_000
    assert found.decision == Spread(count=100, p50=50 * minute, p90=90 * minute, p99=99 * minute)
    assert found.answer == found.decision


def test_since_counts_what_was_opened_since(ledger: SqlLedger) -> None:
    """An older ticket is in no figure."""
    ends(ledger, opened(ledger, "old"), 2)
    ends(ledger, opened(ledger, "new", DAY), DAY + 1, "handed_over", reason="the desk failed: storage.busy")
    found = figures(ledger, since=NOW + timedelta(hours=1))
    assert (found.settled.tickets, found.outcomes) == (1, {"handed_over": 1})
    assert found.failures == (Failed(code="storage.busy", where="turn", count=1),)


def test_models_cost_and_fail_by_engine(ledger: SqlLedger) -> None:
    """Answers, failures with their codes, calls that a crash cut off, and what a ticket cost."""
    ref, calls = opened(ledger, "m"), SqlCalls(ledger)
    engine = Engine(kind="endpoint", name="small", settings="")
    call = ModelCall(ticket=ref.id, turn=1, step="4/triage", tier="small", engine=engine, request="r")
    for ms, code in ((100, ""), (300, ""), (900, "model.timeout")):
        reserved = calls.reserve(call, Cost(calls=1), (Budget(), Budget()), NOW)
        calls.finish(reserved, Cost(calls=1, tokens=30, ms=ms, micros=5), (20, 10), code)
    calls.note_recorded(call, NOW)
    calls.reserve(call, Cost(calls=1), (Budget(), Budget()), NOW)
    found = figures(ledger)
    (asked,) = found.models
    assert (asked.engine, asked.answered, asked.failed, asked.recorded) == ("endpoint small", 2, 2, 1)
    assert asked.latency == Spread(count=2, p50=100, p90=300, p99=300)
    assert (found.spending.micros, found.spending.tokens_in, found.spending.tickets) == (15, 60, 1)
    assert found.failures == (Failed(code="model.timeout", where="model", count=1),)
    assert Observed(what="model calls", observed=4, begun=5) in found.observed


def test_what_could_not_be_taken_has_its_code(ledger: SqlLedger) -> None:
    """Quarantine counts among the failures."""
    ends(ledger, opened(ledger, "m"), 1)
    ledger.quarantine(Quarantined(key="q", source="x.eml", code="input.empty", reason="the file is empty", raw=""), NOW)
    assert figures(ledger).failures == (Failed(code="input.empty", where="message", count=1),)


def test_percentiles_of_few() -> None:
    """Each is one of the figures, whatever their order."""
    assert spread([]) == Spread()
    assert spread([7]) == Spread(count=1, p50=7, p90=7, p99=7)
    assert spread([9, 1]) == Spread(count=2, p50=1, p90=9, p99=9)
    assert spread([3, 1, 2]) == Spread(count=3, p50=2, p90=3, p99=3)


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(None, ""), (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (90_000, "1.5 min"), (172_800_000, "2.0 d")],
)
def test_lengths_are_shown_in_their_unit(milliseconds: int | None, shown: str) -> None:
    """From milliseconds to days."""
    assert length(milliseconds) == shown


def test_the_screen_begins_with_the_business(ledger: SqlLedger) -> None:
    """The share that was settled stands first, and nothing of any customer stands anywhere."""
    ends(ledger, opened(ledger, "one"), 2)
    ends(ledger, opened(ledger, "two"), 4, "handed_over", reason="the desk failed: bug.KeyError")
    found = figures(ledger)
    told = screen(found)
    assert told.startswith("50.0 % of 2 tickets were settled without a person and not reopened within 7 days.")
    assert "Half of the messages were decided within 2.0 min." in told
    for shown in ("planned by", "bug.KeyError", "end on record", percent(1, 2)):
        assert shown in told
    assert ANN not in told + json.dumps(found.model_dump(mode="json"))


def screen(found: Stats) -> str:
    """What a person sees."""
    console = Console(width=110, file=None, color_system=None)
    with console.capture() as captured:
        console.print(drawn(found))
    return captured.get()


def test_what_a_person_closed_was_not_settled_by_the_desk(ledger: SqlLedger) -> None:
    """Closed without a reply, and no machine wrote it: that counts for a person."""
    ends(ledger, opened(ledger, "closed"), 2, "closed")
    assert (figures(ledger).settled.by_person, figures(ledger).settled.settled) == (1, 0)
