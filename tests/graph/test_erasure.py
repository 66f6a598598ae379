"""Erasing a customer: every byte that told of them is gone, nobody else's is, and the audit's chain is whole."""

import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from countersign.domain.erasure import Erased
from countersign.domain.errors import CountersignError, RejectedError, SettingsError, UnknownOutcomeError
from countersign.domain.review import OwnAnswer
from countersign.domain.ticket import Quarantined
from countersign.intake import take
from countersign.lab.checker import check
from countersign.ledger import models
from countersign.ledger.check import check_ledger, head, verify
from countersign.ledger.export import evidence, export_audit
from countersign.ledger.read import quarantined, timeline, waiting
from countersign.reconcile import reconcile
from countersign.replaying import replayer_of
from countersign.review import answer, reopen, shown
from countersign.runtime import Runtime
from tests.conftest import SteppingClock
from tests.graph.erasing import MARKS, NADIA, NADIA_ID, ORDER, fill, found_in, mail_of, rows_of_others, tickets_of
from tests.graph.teaching import ROOT, deliver, small_desk, taught
from tests.graph.test_gateway import FaultyOutbox, always, lost_order, refunding
from tests.messages import message

POINTS = (
    "ledger.begin_erasure.after", "delete_thread.after", "erasure.outside", "ledger.erase.before", "ledger.erase.after",
    "ledger.finish_erasure.before",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk with few examples."""
    return small_desk(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def filled(prepared_var: Path, desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runtime files full of Nadia, and a cassette; never run in."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(prepared_var, folder / "var")
    with taught(folder / "var", desk, SteppingClock()) as runtime:
        fill(runtime, folder)
        assert runtime.triage.learn(by="ines", margin=0.5).learnt.version == 1
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """The same, of this test's own."""
    for name in ("var", "cassette"):
        shutil.copytree(filled / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def runtime(folder: Path, desk: Path, clock: SteppingClock) -> Generator[Runtime]:
    """The desk, open."""
    with taught(folder / "var", desk, clock) as opened:
        yield opened


def hers(runtime: Runtime) -> list[str]:
    return tickets_of(runtime, f"sender = '{NADIA}' OR customer = '{NADIA_ID}'")


def erased(runtime: Runtime, folder: Path, customer: str = NADIA_ID) -> Erased:
    return runtime.erase(customer, by="hanne", cassettes=(folder / "cassette",))


def test_no_byte_is_left(runtime: Runtime, folder: Path) -> None:
    """Ledger, threads, logs, mail, copies, labels, models and cassettes told of her, and nothing does afterwards."""
    before = found_in(folder)
    kinds = ("ledger.db", "checkpoints.db", "blobs", "outbox", "learnt", "cassette")
    assert all(any(kind in path for path in before) for kind in kinds), before
    assert set[str]().union(*before.values()) == set(MARKS)
    tickets = hers(runtime)
    found = erased(runtime, folder)
    assert found_in(folder) == {}
    assert (found.tickets, found.quarantined, found.left, found.others) == (tuple(tickets), 1, (), ())
    assert (found.threads, found.labels, found.retrain, found.in_use) == (len(tickets) + 1, 3, (1,), 0)
    assert min(found.rows, found.mail.files, found.sent, found.cassettes) > 0
    assert check_ledger(runtime.settings.ledger_file) == ()
    assert Path(f"{runtime.settings.checkpoint_file}-wal").stat().st_size == 0


def test_nobody_elses_data_are_touched(runtime: Runtime, folder: Path) -> None:
    """Every row, thread, blob, mail and recording of the others is what it was."""
    tickets = hers(runtime)
    others = [ticket for ticket in tickets_of(runtime, "1 = 1") if ticket not in tickets]
    rows = rows_of_others(runtime, others)
    mail = mail_of(runtime, folder, others)
    assert len(others) > 5
    erased(runtime, folder)
    assert rows_of_others(runtime, others) == rows
    assert mail_of(runtime, folder, others) == mail


def test_audit_is_whole_and_names_nobody(runtime: Runtime, folder: Path) -> None:
    """A head noted before is found again; who erased stands in the chain, and whom does not; the checker agrees."""
    noted, tickets = head(runtime.settings.ledger_file), hers(runtime)
    erased(runtime, folder)
    assert verify(runtime.settings.ledger_file, noted) == ()
    (event,) = timeline(runtime.ledger, tickets[0])
    assert (event.event, event.actor, event.details) == ("data.erased", "hanne", {})
    lines = list(export_audit(runtime.ledger))
    (folder / "audit.jsonl").write_text("\n".join(lines) + "\n")
    report = check(folder / "audit.jsonl", folder / "var" / "shop.db", folder / "var" / "outbox")
    assert report.violations == ()


def test_what_was_erased_answers_clearly(runtime: Runtime, folder: Path) -> None:
    """Every screen says what is the matter, and nothing begins anew: not by a person, not by a mail."""
    tickets = hers(runtime)
    with runtime.ledger.file.reading() as connection:
        effect = connection.exec_driver_sql(f"SELECT id FROM effects WHERE ticket = '{tickets[0]}'").scalar()
    erased(runtime, folder)
    for ticket in tickets:
        assert runtime.ticket(ticket).status == "closed"
        assert shown(runtime, ticket).messages == ()
        assert runtime.history(ticket).steps == ()
        assert "erased" in replayer_of(runtime).replay(ticket).note
    assert not {item.ticket for item in waiting(runtime.ledger)} & set(tickets)
    for call in (
        lambda: evidence(runtime.ledger, str(effect)),
        lambda: reopen(runtime, tickets[0], "ines", "She rang."),
        lambda: answer(runtime, tickets[0], OwnAnswer(text="Dear you"), "ines", shown(runtime, tickets[0]).digest),
        lambda: runtime.keep(tickets[0], by="ines"),
        lambda: runtime.fork(tickets[0], at=1, values={"sender.verified": "none"}),
    ):
        with pytest.raises(CountersignError):
            call()
    before = tickets_of(runtime, "1 = 1")
    runtime.run([str(next((ROOT / "desk" / "mail").glob("006-*.eml")))])
    assert tickets_of(runtime, "1 = 1") == before
    assert check_ledger(runtime.settings.ledger_file) == ()


def test_numbers_are_not_given_again(runtime: Runtime, folder: Path) -> None:
    """An order that comes again gets a key that was never used, so that the provider can't take it for an old one."""
    with runtime.ledger.file.reading() as connection:
        kept = set(connection.exec_driver_sql("SELECT key FROM effects").scalars())
    erased(runtime, folder)
    ticket = deliver(runtime, f"My parcel of order {ORDER} was lost once more, please send it again.", NADIA)
    with runtime.ledger.file.reading() as connection:
        now = connection.exec_driver_sql(f"SELECT key, slot FROM proposals WHERE ticket = '{ticket.id}'").all()
    assert now
    assert not {row.key for row in now} & kept
    assert "data.erased" not in {event.event for event in timeline(runtime.ledger, ticket.id)}


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_same_command_goes_on(folder: Path, desk: Path, clock: SteppingClock, point: str) -> None:
    """SIGKILL at any point: the tickets take nothing more, and the next erasure leaves no byte."""

    def kill(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            with taught(folder / "var", desk, clock, kill) as runtime:
                erased(runtime, folder)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with taught(folder / "var", desk, clock) as runtime:
        assert verify(runtime.settings.ledger_file) == ()
        erased(runtime, folder)
        assert found_in(folder) == {}
        assert models.in_use(runtime.ledger) == 0
        assert check_ledger(runtime.settings.ledger_file) == ()
        assert erased(runtime, folder).tickets == ()


def test_what_may_not_be_erased_is_refused(runtime: Runtime, folder: Path) -> None:
    """Nobody unknown, nothing that is kept, in doubt or in other hands; and nothing has changed."""
    rows, ticket = rows_of_others(runtime, hers(runtime)), hers(runtime)[0]
    with pytest.raises(RejectedError, match="no such person"):
        runtime.erase(NADIA, by="nobody")
    with runtime.locks.held(ticket), pytest.raises(RejectedError, match="other hands"):
        runtime.erase(NADIA, by="hanne")
    runtime.keep(ticket, by="ines", why="a lawyer asks")
    with pytest.raises(RejectedError, match="marked to be kept"):
        runtime.erase(NADIA, by="hanne")
    runtime.unkeep(ticket, by="ines")
    assert runtime.erase(NADIA, by="hanne", dry_run=True).tickets == tuple(hers(runtime))
    after = rows_of_others(runtime, hers(runtime))
    assert {name: found for name, found in after.items() if name not in ("ledger.db keeps", "ledger.db audit")} == {
        name: found for name, found in rows.items() if name not in ("ledger.db keeps", "ledger.db audit")
    }


def test_others_who_mention_the_customer_are_named(runtime: Runtime, folder: Path) -> None:
    """Somebody else's ticket stays as it is, and so does a mail that nobody took in; both are named."""
    other = deliver(runtime, f"My neighbour {NADIA} says that you know her order {ORDER}.", "luca.ferrante@example.org")
    loose = runtime.deps.blobs.put(f"a mail from {NADIA} that is being taken in".encode())
    found = erased(runtime, folder, NADIA.upper())
    assert found.others == (other.id,)
    assert str(folder / "var" / "blobs" / loose[:2] / loose) in found.left
    assert other.id in tickets_of(runtime, "status <> 'closed'")


def test_sender_who_is_no_customer(runtime: Runtime, folder: Path) -> None:
    """An address that the system of record does not know is enough; who is not known at all changes nothing."""
    ticket = deliver(runtime, "Is anybody there? Asks a stranger.", "stranger@example.net").id
    assert erased(runtime, folder, "Stranger@example.net").tickets == (ticket,)
    assert erased(runtime, folder, "someone.else@example.net").tickets == ()
    assert erased(runtime, folder, "C-99999").tickets == ()


def test_names_are_whole(runtime: Runtime, folder: Path) -> None:
    """Somebody whose address ends or begins like the customer's is somebody else."""
    item = f"From: x{NADIA}.example\n\n".encode()
    raw = runtime.deps.blobs.put(item)
    runtime.ledger.quarantine(
        Quarantined(key="q", source="s", code="input.empty", reason="r", raw=raw), runtime.deps.clock.now()
    )
    found = erased(runtime, folder)
    assert found.quarantined == 1
    assert [one.raw for one in quarantined(runtime.ledger)] == [raw]
    assert runtime.deps.blobs.get(raw) == item


def test_unknown_outcome_is_given_up_by_name(runtime: Runtime) -> None:
    """It is in the way until somebody says that nobody will ever know; nothing asks about it any more then."""
    runtime.triage.roll_back(by="ines")  # what was learnt from so few labels is not sure of the message
    lost = "I believe my parcel for order FH-10005 is lost, please refund me."
    dropped = always(UnknownOutcomeError("dropped after the text was sent"))
    faulty, ref = refunding(runtime, lost, outbox=FaultyOutbox(runtime.deps.outbox, send=dropped, find=dropped))
    customer = lost_order(runtime)[0]
    with pytest.raises(RejectedError, match="not known whether") as caught:
        faulty.erase(customer, by="hanne")
    assert caught.value.full_code == "rejected.in_doubt"
    found = faulty.erase(customer, by="hanne", leave_unknown=True)
    assert (found.tickets, len(found.unknown)) == ((ref.id,), 1)
    assert reconcile(faulty.deps, faulty.locks).unknown == ()
    assert check_ledger(runtime.settings.ledger_file) == ()


def test_cassette_that_is_none_is_said_before_anything_goes(runtime: Runtime, folder: Path) -> None:
    """A wrong folder is found before the first ticket is closed."""
    with pytest.raises(SettingsError, match="no cassette"):
        runtime.erase(NADIA, by="hanne", cassettes=(folder,))
    assert runtime.ticket(hers(runtime)[-1]).status != "closed"


def test_message_that_answers_an_erased_ticket_opens_another(runtime: Runtime, folder: Path) -> None:
    """What was erased takes nothing more, and the customer is not lost."""
    ticket = hers(runtime)[0]
    erased(runtime, folder)
    taken = take(message("later", NADIA, f"Re: [{ticket}]", "Are you still there?"), runtime.deps)
    assert (taken.continued, taken.ticket in tickets_of(runtime, "sender <> ''")) == (False, True)
