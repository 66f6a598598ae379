"""A mail of which SMTP never said whether it was taken: a person looks, says so by name, and the ticket goes on."""

from collections.abc import Iterator

import pytest

from countersign.adapters.outbox import SmtpOutbox
from countersign.domain.errors import CountersignError, MisuseError, RejectedError
from countersign.domain.outcome import Effect
from countersign.domain.review import Approve
from countersign.domain.ticket import TicketRef
from countersign.ledger.export import export_audit
from countersign.reconcile import reconcile, settle_by_word
from countersign.review import answer, shown
from countersign.runtime import Runtime
from tests.contract.outbox_smtp_server import Server, SmtpServer
from tests.graph.test_gateway import FaultyShop, effects, once, refunded, refunding


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    """A mail server that breaks off when the whole text is there."""
    with SmtpServer({"text": "drop"}) as running:
        yield running


@pytest.fixture
def doubtful(runtime: Runtime, server: SmtpServer) -> tuple[Runtime, TicketRef, Effect]:
    """A refund that is done, and its reply, of which nobody knows whether it left."""
    outbox = SmtpOutbox(Server(server.port, timeout=5.0), runtime.deps.desk.settings.mail)
    faulty, ref = refunding(runtime, outbox=outbox)
    effect = effects(faulty, ref)["send_reply"]
    assert (effect.status, faulty.ticket(ref.id).status) == ("unknown", "waiting")
    return faulty, ref, effect


def audited(runtime: Runtime) -> list[tuple[str, str]]:
    """Who told what of an effect, as the exported audit has it."""
    rows = list(export_audit(runtime.settings.ledger_file))
    return [("ines" if '"actor":"ines"' in row else "?", row) for row in rows if '"effect.told"' in row]


def refusal(runtime: Runtime, effect: str, person: str = "ines") -> str:
    with pytest.raises(CountersignError) as caught:
        settle_by_word(effect, True, person, runtime.deps, runtime.locks)
    return caught.value.full_code


def approve(runtime: Runtime, ref: TicketRef) -> str:
    """A person approves what waits; how the ticket stands then."""
    return answer(runtime, ref.id, Approve(), "ines", shown(runtime, ref.id).digest).status


def test_a_mail_that_was_found_is_done_and_never_sent_again(
    doubtful: tuple[Runtime, TicketRef, Effect], server: SmtpServer
) -> None:
    """The word stands as a receipt with the person's name; the ticket ends answered and no second mail leaves."""
    runtime, ref, effect = doubtful
    server.replies["text"] = "250 taken"
    settle_by_word(effect.id, True, "ines", runtime.deps, runtime.locks)
    told = effects(runtime, ref)["send_reply"]
    assert told.receipt is not None
    assert (told.status, told.receipt.key, told.receipt.details) == ("done", effect.key, {"word_of": "ines"})
    assert [who for who, _ in audited(runtime)] == ["ines"]
    assert approve(runtime, ref) == "answered"
    assert (server.accepted, len(refunded(runtime))) == ([], 1)
    assert reconcile(runtime.deps, runtime.locks).unknown == ()


def test_a_mail_that_was_not_found_may_be_sent_once_more(
    doubtful: tuple[Runtime, TicketRef, Effect], server: SmtpServer
) -> None:
    """Only after a person said that it did not leave, and approved it, it leaves; the refund is not repeated."""
    runtime, ref, effect = doubtful
    server.replies["text"] = "250 taken"
    assert reconcile(runtime.deps, runtime.locks).unknown == (effect.id,)
    settle_by_word(effect.id, False, "ines", runtime.deps, runtime.locks)
    assert effects(runtime, ref)["send_reply"].status == "failed"
    assert server.accepted == []
    assert approve(runtime, ref) == "answered"
    assert (len(server.accepted), len(refunded(runtime))) == (1, 1)
    assert [effect.status for effect in runtime.ledger.receipts(ref)][-1] == "done"


def test_only_a_person_of_the_desk_settles_only_what_is_in_doubt(doubtful: tuple[Runtime, TicketRef, Effect]) -> None:
    """Nobody, an effect that is done, one that never was, and a ticket that another process has: each is refused."""
    runtime, ref, effect = doubtful
    done = effects(runtime, ref)["refund"]
    assert refusal(runtime, effect.id, "mallory") == "rejected.unknown_person"
    assert refusal(runtime, done.id) == refusal(runtime, "E-none") == "misuse.effect"
    with runtime.locks.held(ref.id):
        assert refusal(runtime, effect.id) == "rejected.busy"
    assert audited(runtime) == []
    assert effects(runtime, ref)["send_reply"].status == "unknown"
    settle_by_word(effect.id, True, "ines", runtime.deps, runtime.locks)
    with pytest.raises(RejectedError, match="nobody has to be asked"):
        runtime.ledger.settle_by_word(effect.id, False, "ines", runtime.deps.clock.now())
    with pytest.raises(MisuseError):
        settle_by_word(effect.id, False, "ines", runtime.deps, runtime.locks)


def test_what_the_system_of_record_can_tell_is_nobodys_word(runtime: Runtime) -> None:
    """The shop has the refund: it is settled with its receipt, and the person is told that their word is not needed."""
    faulty, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, once(RuntimeError("lost"), after=True)))
    effect = effects(faulty, ref)["refund"]
    assert effect.status == "unknown"
    with pytest.raises(RejectedError, match="system of record") as caught:
        settle_by_word(effect.id, False, "ines", faulty.deps, faulty.locks)
    assert caught.value.full_code == "rejected.not_unknown"
    kept = effects(faulty, ref)["refund"]
    assert kept.receipt is not None
    assert (kept.status, kept.receipt.reference[:2]) == ("done", "RF")
