"""Retention: what ended long ago shrinks to what was decided; what waits or is marked keep stays whole."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from checkpoints.thread import thread_id
from countersign.domain.errors import RejectedError, ReplayMismatchError, StorageError
from countersign.domain.retention import Freed
from countersign.domain.review import Close
from countersign.domain.ticket import Attachment, Message, TicketRef
from countersign.intake import take
from countersign.ledger import read
from countersign.ledger.check import check_ledger
from countersign.ledger.retention import pruned
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.conftest import SteppingClock

MAIL = Path(__file__).resolve().parents[2] / "desk" / "mail"
MAYA = "maya.ellingham@example.org"
LOGO = b"one picture under every letter"


@dataclass(frozen=True)
class Desk:
    """A copy of files in which three tickets were handled, and a clock a hundred days later."""

    runtime: Runtime
    clock: SteppingClock
    answered: str
    waiting: str
    handed_over: str

    def count(self, table: str, ticket: str) -> int:
        """Rows of a ticket in the journal or among the checkpoints."""
        column, value = ("ticket", ticket) if table == "journal" else ("thread_id", thread_id(ticket))
        file = self.runtime.settings.ledger_file if table == "journal" else self.runtime.settings.checkpoint_file
        with closing(sqlite3.connect(file)) as db:
            return db.execute(f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", (value,)).fetchone()[0]

    def raw(self, ticket: str) -> list[Path]:
        """The files of its raw mail, there or not."""
        blobs = self.runtime.settings.var / "blobs"
        return [blobs / message.raw[:2] / message.raw for message in self.runtime.ledger.inbox(ticket)]


@pytest.fixture(scope="module")
def handled(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files in which an order's question was answered, a refund waits, and one was handed over; mail is old."""
    var = shutil.copytree(prepared_var, tmp_path_factory.mktemp("handled") / "var")
    with open_runtime(Settings(var=var), clock=SteppingClock()) as runtime:
        asked = runtime.ask("Where is my order FH-10001?", sender=MAYA, authenticated=True)
        assert asked.status == "answered"
        assert runtime.run([str(next(MAIL.glob("049-*.eml")))]).waiting == 1
        assert runtime.ask("Who composed the music of your film?", sender="a@example.org").status == "handed_over"
    for path in (var / "blobs").glob("*/*"):
        os.utime(path, (0, 0))
    return var


@pytest.fixture
def desk(handled: Path, tmp_path: Path) -> Iterator[Desk]:
    clock = SteppingClock()
    var = shutil.copytree(handled, tmp_path / "var")
    with open_runtime(Settings(var=var), clock=clock) as runtime:
        clock.move(days=100)
        yield Desk(runtime, clock, "CS-1001", "CS-1002", "CS-1003")


def test_what_ended_long_ago_keeps_its_last_checkpoint_and_its_story(desk: Desk) -> None:
    """Journals, raw mail and all checkpoints but one go; show, why and the audit say what they said."""
    before = desk.runtime.ticket(desk.answered).why().facts, len(desk.runtime.timeline(desk.answered))
    state = desk.runtime.state(desk.answered)
    freed = desk.runtime.retain(30)
    assert (freed.tickets, desk.count("checkpoints", desk.answered), desk.count("journal", desk.answered)) == (1, 1, 1)
    assert freed.checkpoints >= 11
    assert freed.answers >= 5
    assert freed.mail.files == 1
    assert freed.disk["checkpoints.db"] > 0
    assert not desk.raw(desk.answered)[0].exists()
    assert desk.runtime.state(desk.answered) == state
    why, timeline = desk.runtime.ticket(desk.answered).why().facts, desk.runtime.timeline(desk.answered)
    assert (why, len(timeline) - 1) == before
    assert timeline[-1].event == "ticket.pruned"
    assert [event.event for event in timeline].count("triage") == 1
    assert check_ledger(desk.runtime.settings.ledger_file) == ()


def test_what_waits_for_a_person_is_left_alone(desk: Desk) -> None:
    """An open question and a hand-over keep every checkpoint, every journal row and their mail, however old."""
    others = (desk.waiting, desk.handed_over)
    before = [(desk.count("checkpoints", name), desk.count("journal", name)) for name in others]
    desk.runtime.retain(0)
    assert [(desk.count("checkpoints", name), desk.count("journal", name)) for name in others] == before
    assert all(path.exists() for name in others for path in desk.raw(name))
    assert desk.runtime.at_review(TicketRef(id=desk.waiting, turn=1))


def test_a_dry_run_says_what_would_go_and_changes_nothing(desk: Desk) -> None:
    """What it foresees is what then goes."""
    foreseen = desk.runtime.retain(30, dry_run=True)
    assert pruned(desk.runtime.ledger, desk.answered) is None
    assert desk.raw(desk.answered)[0].exists()
    assert counts(desk.runtime.retain(30)) == counts(foreseen)
    assert counts(desk.runtime.retain(30)) == (0, 0, 0, 0)


def test_the_desk_says_how_long_everything_is_kept(desk: Desk) -> None:
    """Nothing goes before its days are over, which desk.toml counts where the command does not."""
    assert desk.runtime.retain(101).tickets == 0
    assert desk.runtime.deps.desk.settings.keep_days == 90
    assert desk.runtime.retain().tickets == 1


def test_a_ticket_that_is_marked_keep_stays_whole(desk: Desk) -> None:
    """A person of the desk marks it, and unmarks it; the audit says who."""
    keep, unkeep = desk.runtime.keep, desk.runtime.unkeep
    assert (keep(desk.answered, by="ines"), keep(desk.answered, by="maria")) == (True, False)
    assert (desk.runtime.retain(0).tickets, desk.runtime.retain(0).kept) == (0, 1)
    assert desk.raw(desk.answered)[0].exists()
    assert (unkeep(desk.answered, by="ines"), unkeep(desk.answered, by="ines")) == (True, False)
    assert desk.runtime.retain(0).tickets == 1
    said = [(event.event, event.actor) for event in desk.runtime.timeline(desk.answered)[-3:]]
    assert said == [("ticket.kept", "ines"), ("ticket.unkept", "ines"), ("ticket.pruned", "desk")]


def test_only_people_of_the_desk_mark_tickets_that_there_are(desk: Desk) -> None:
    """A stranger is refused, and so is a ticket that nobody knows."""
    with pytest.raises(RejectedError) as refused:
        desk.runtime.keep(desk.answered, by="mallory")
    assert refused.value.full_code == "rejected.unknown_person"
    for mark in (desk.runtime.keep, desk.runtime.unkeep):
        with pytest.raises(StorageError) as unknown:
            mark("CS-9999", by="ines")
        assert unknown.value.full_code == "storage.no_ticket"


def test_a_pruned_ticket_goes_on_with_its_next_message(desk: Desk) -> None:
    """Its next turn runs in the same thread, and is pruned in its turn."""
    desk.runtime.retain(30)
    again = desk.runtime.ask(
        "And when does it arrive?", sender=MAYA, subject=f"Re: [{desk.answered}]", authenticated=True
    )  # fmt: skip
    assert (again.id, again.turn) == (desk.answered, 2)
    assert again.status in ("answered", "waiting", "handed_over")
    found = pruned(desk.runtime.ledger, desk.answered)
    assert found is not None
    assert (found.turn, found.at) == (1, desk.clock.now())
    assert desk.count("checkpoints", desk.answered) > 2


def test_a_pruned_ticket_is_not_run_again_and_says_why(desk: Desk) -> None:
    """What it read is gone: no divergence is made of that, and no fork."""
    assert desk.runtime.replay(desk.answered).tickets[0].result == "same"
    desk.runtime.retain(30)
    found = desk.runtime.replay(desk.answered).tickets[0]
    assert (found.result, found.divergence) == ("not kept", None)
    assert found.note == f"retention forgot on {desk.clock.now():%d %b %Y} what it read up to turn 1"
    with pytest.raises(ReplayMismatchError, match="retention forgot") as refused:
        desk.runtime.fork(desk.answered, at=5, values={})
    assert refused.value.full_code == "replay.not_kept"
    assert desk.runtime.replay(desk.waiting).tickets[0].result == "same"


def test_a_ticket_in_other_hands_is_left_for_the_next_time(desk: Desk) -> None:
    """Who runs it has its lock."""
    with desk.runtime.locks.held(desk.answered):
        busy = desk.runtime.retain(30)
    assert (busy.tickets, busy.busy) == (0, 1)
    assert desk.runtime.retain(30).tickets == 1


def test_an_interrupted_retention_is_gone_on_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between journals and checkpoints, it says so, and the next one finds the thread that was left long."""

    def stop(_saver: object, _thread: str) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.runtime.saver), "keep_last", stop)
        stopped = desk.runtime.retain(30)
    assert (stopped.interrupted, stopped.tickets, stopped.mail.files) == (True, 1, 0)
    assert desk.count("checkpoints", desk.answered) > 2
    rest = desk.runtime.retain(30)
    assert (rest.tickets, rest.mail.files, desk.count("checkpoints", desk.answered)) == (0, 1, 1)


def test_mail_that_another_ticket_needs_stays(desk: Desk) -> None:
    """An attachment that two tickets share goes with the last that needs it, and never one that is just coming in."""
    blobs = desk.runtime.deps.blobs
    logo = blobs.put(LOGO)
    shared = Path(desk.runtime.settings.var / "blobs" / logo[:2] / logo)
    for number, sender in ((1, "x@example.org"), (2, "y@example.org")):
        take(_with_logo(number, sender, logo, blobs.put(f"raw {number}".encode())), desk.runtime.deps)
    first, second = (desk.runtime.handle(f"CS-100{number}") for number in (4, 5))
    assert "received" not in (first.status, second.status)
    _end(desk, first.id)
    desk.clock.move(days=100)
    _age(desk)
    assert desk.runtime.retain(30).tickets == 2
    assert shared.exists()
    assert not desk.raw(first.id)[0].exists()
    _end(desk, second.id)
    desk.clock.move(days=100)
    assert blobs.put(LOGO) == logo  # somebody sends it again in this moment
    desk.runtime.retain(30)
    assert shared.exists()
    _age(desk)
    desk.runtime.retain(30)
    assert not shared.exists()


def test_what_can_not_be_read_is_counted_and_left(desk: Desk) -> None:
    """A damaged thread stops nobody: the rest is pruned."""
    with closing(sqlite3.connect(desk.runtime.settings.checkpoint_file)) as db, db:
        db.execute("UPDATE checkpoints SET body = x'00' WHERE thread_id = ?", (thread_id(desk.answered),))
    freed = desk.runtime.retain(30)
    assert (freed.tickets, freed.damaged, freed.mail.files) == (1, 1, 1)


def counts(freed: Freed) -> tuple[int, int, int, int]:
    """What went, or would go."""
    return freed.tickets, freed.checkpoints, freed.answers, freed.mail.files


def _end(desk: Desk, ticket: str) -> None:
    if desk.runtime.ticket(ticket).status in ("waiting", "handed_over"):
        desk.runtime.answer(desk.runtime.review(ticket), Close(), by="ines")


def _age(desk: Desk) -> None:
    for path in (desk.runtime.settings.var / "blobs").glob("*/*"):
        os.utime(path, (0, 0))


def _with_logo(number: int, sender: str, logo: str, raw: str) -> Message:
    picture = Attachment(name="logo.png", media_type="image/png", size=len(LOGO), blob=logo)
    return Message(key=f"k{number}", sender=sender, text="Who made this music?", attachments=(picture,), raw=raw)


def test_reading_still_works(desk: Desk) -> None:
    """The lists have what they had."""
    before = read.waiting(desk.runtime.ledger), read.summary(desk.runtime.ledger)
    desk.runtime.retain(0)
    assert (read.waiting(desk.runtime.ledger), read.summary(desk.runtime.ledger)) == before
