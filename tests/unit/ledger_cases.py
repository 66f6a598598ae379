"""What the ledger's tests put into it: messages, proposals, rulings and receipts of an invented desk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import Claim, Granted, Receipt, Refusal, Ruling
from countersign.domain.perception import Sender
from countersign.domain.plan import Principal, Proposal
from countersign.domain.review import Asked
from countersign.domain.ticket import Accepted, Automatic, Message, TicketRef
from countersign.domain.verdict import Answer, Decision, Judged, Verdict
from countersign.ledger import SqlLedger, open_ledger

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
ANN = "ann@example.org"
BOT = Principal(kind="Playbook", id="orders")


def at(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def new_ledger(folder: Path) -> SqlLedger:
    """A ledger of its own in a folder."""
    return open_ledger(folder / "ledger.db")


def message(
    key: str = "m1",
    sender: str = ANN,
    subject: str = "My parcel",
    references: tuple[str, ...] = (),
    automatic: Automatic | None = None,
) -> Message:
    """A message whose Message-ID is made from its key."""
    return Message(
        key=key, message_id=f"<{key}@mail.example>", sender=sender, subject=subject, references=references,
        automatic=automatic, raw=f"raw-{key}",
    )  # fmt: skip


def accept(ledger: SqlLedger, item: Message, now: datetime = NOW) -> Accepted:
    """Takes a message in; its subject holds nothing to redact."""
    return ledger.accept(item, f"body-{item.key}", item.subject, now)


def new_ticket(ledger: SqlLedger, key: str = "m1", sender: str = ANN) -> TicketRef:
    """A ticket in its first turn."""
    accepted = accept(ledger, message(key, sender))
    return TicketRef(id=accepted.ticket, turn=accepted.turn)


def refund(order: str = "FH-10001", amount: int = 1000, version: int = 3) -> Proposal:
    """Money back for an order."""
    args = {"amount": amount, "currency": "EUR", "reason": "late"}
    return Proposal(
        kind="refund", target=f"order/{order}", args=dict(args), by=BOT, version=f"order/{order}@{version}",
        summary=f"Refund {amount} cents for {order}.",
    )  # fmt: skip


def cancel(order: str = "FH-10001", version: int = 3) -> Proposal:
    """An order that is not to leave."""
    return Proposal(
        kind="cancel_order", target=f"order/{order}", args={"reason": "changed_mind"}, by=BOT,
        version=f"order/{order}@{version}", summary=f"Cancel {order}.",
    )  # fmt: skip


def reply(ref: TicketRef, *promised: Proposal, to: str = ANN, body: str = "Hello") -> Proposal:
    """The turn's reply, which says that the promised proposals were carried out."""
    promises = [
        {
            "kind": item.kind,
            "target": item.target,
            "amount": item.args.get("amount"),
            "currency": item.args.get("currency"),
        }
        for item in promised
    ]
    args = {"to": to, "subject": "Re: My parcel", "body": body, "promises": list(promises)}
    return Proposal.model_validate(
        {"kind": "send_reply", "target": f"ticket/{ref.id}", "args": args, "by": BOT, "summary": "Answer."}
    )


def decision(answer: Answer = "allow", policy: str = "policy-1", rule: str = "small-refunds") -> Decision:
    """A decision by one rule."""
    return Decision(answer=answer, rules=(rule,), policy=policy, reason=f"by {rule}")


def ruling(
    ref: TicketRef,
    *proposals: Proposal,
    answer: Answer = "allow",
    decided: Answer | None = None,
    approver: str = "policy",
    ceiling: int | None = 5000,
    now: datetime = NOW,
    reasons: tuple[str, ...] = (),
    policy: str = "policy-1",
    on_record: str = "",
) -> Ruling:
    """A ruling on some proposals, all decided alike; grants hold an hour, reviews three days."""
    judged = tuple(
        Judged(
            proposal=item.id_in(ref.id, ref.turn), decision=decision(decided or answer, policy),
            context={"phase": "bounded"}, version=item.version, ceiling=ceiling if item.kind == "refund" else None,
            contract="contract-1",
        )
        for item in proposals
    )  # fmt: skip
    return Ruling(
        proposals=proposals, verdict=Verdict(answer=answer, judged=judged, reasons=reasons),
        sender=Sender(address=ANN, customer="C-00001" if on_record else "", on_record=on_record), graph="graph-1",
        approver=approver, grants_expire_at=now + timedelta(hours=1), review_deadline=now + timedelta(days=3),
    )  # fmt: skip


def allowed(ledger: SqlLedger, ref: TicketRef, *proposals: Proposal) -> None:
    """The policy allows these proposals."""
    ledger.record_verdict(ref, ruling(ref, *proposals), NOW)


def next_one(ledger: SqlLedger, ref: TicketRef) -> Granted:
    """What is to be carried out next; there must be something."""
    granted = ledger.next_granted(ref)
    assert granted is not None
    return granted


def claim(
    ledger: SqlLedger, granted: Granted, now: datetime = NOW, answer: Answer = "allow", version: str | None = None
) -> Claim | Refusal:
    """Asks for the right to carry it out, as the gateway does."""
    return ledger.claim(granted, judged_now(granted, decision(answer), version), now)


def judged_now(granted: Granted, said: Decision, version: str | None = None, contract: str = "contract-1") -> Judged:
    """What policy says to what was granted, of its record as it is now."""
    fresh = granted.grant.version if version is None else version
    return Judged(proposal=granted.proposal_id, decision=said, context={}, version=fresh, contract=contract)


def claimed(ledger: SqlLedger, ref: TicketRef, now: datetime = NOW) -> Claim:
    """The right to carry out the next one; it must be given."""
    found = claim(ledger, next_one(ledger, ref), now)
    assert isinstance(found, Claim), found
    return found


def refused(found: Claim | Refusal) -> str:
    """The code of a refusal; the claim must not have been given."""
    assert isinstance(found, Refusal), found
    return found.code


def receipt(of: Claim, amount: int | None = None) -> Receipt:
    """What the system of record wrote down."""
    return Receipt(
        key=of.key, reference=f"RF-{of.key[:6]}", at=NOW, amount=amount, currency="EUR" if amount else None
    )  # fmt: skip


def nobody_may(_asked: Asked, _spent: int) -> int:
    """A permit that nobody has."""
    raise RejectedError("not you", detail="not_permitted")


def carry_out(ledger: SqlLedger, ref: TicketRef) -> int:
    """Claims and settles whatever is granted; answers how many effects that were."""
    done = 0
    while (granted := ledger.next_granted(ref)) is not None:
        found = claim(ledger, granted)
        assert isinstance(found, Claim), found
        amount = granted.proposal.args.get("amount")
        ledger.settle(found, receipt(found, amount if isinstance(amount, int) else None), NOW)
        done += 1
    return done
