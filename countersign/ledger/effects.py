"""What happened in the world: settling effects, and telling a zombie's word from the living one's."""

from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import MOST_ATTEMPTS, Claim, Effect, Receipt
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit
from countersign.ledger.counts import halt
from countersign.ledger.rows import Row, effect_of, first, is_current, pack
from countersign.ledger.schema import effects, outcomes

MISMATCH = "the receipt's amount or currency differs from what was granted"


def settle(connection: sa.Connection, claim: Claim, receipt: Receipt, now: datetime) -> RejectedError | None:
    """See `ports.Ledger.settle`; a refusal is answered rather than raised, so that its audit row is kept."""
    row = _row(connection, claim.effect)
    if receipt.key != row["key"]:
        raise MisuseError("the receipt is for another key", where=claim.effect)
    if row["fence"] == claim.fence and row["receipt"] == pack(receipt):
        return None
    refusal = _refused(connection, row, claim, "done", now)
    if refusal is not None:
        return refusal
    problem = "" if _matches(row, receipt) else MISMATCH
    _change(connection, row, now, status="done", receipt=pack(receipt), problem=problem)
    body: dict[str, Json] = {"receipt": digest(receipt), "reference": receipt.reference}
    _note(connection, row, "effect.done", body | {"fence": claim.fence}, now)
    if problem:
        _note(connection, row, "effect.mismatch", {"receipt": digest(receipt)}, now)
        halt(connection, row["kind"], audit.DESK, f"{claim.effect}: {MISMATCH}", now)
    return None


def fail(connection: sa.Connection, claim: Claim, status: str, problem: str, now: datetime) -> RejectedError | None:
    """See `ports.Ledger.fail`; a refusal is answered rather than raised, so that its audit row is kept."""
    if status not in ("failed", "unknown", "retry"):
        raise MisuseError(f"an effect fails as failed, unknown or retry, not as {status}", where="status")
    row = _row(connection, claim.effect)
    again = status == "retry" and row["attempts"] < MOST_ATTEMPTS and _goes_on(connection, row)
    kept = "unknown" if status == "unknown" else "failed"
    if row["fence"] == claim.fence and (row["status"], row["problem"]) == (kept, problem):
        return None
    refusal = _refused(connection, row, claim, kept, now)
    if refusal is not None:
        return refusal
    _change(connection, row, now, status=kept, again=int(again), problem=problem)
    event = "effect.retry" if again else f"effect.{kept}"
    _note(connection, row, event, {"fence": claim.fence, "attempt": row["attempts"], "problem": digest(problem)}, now)
    return None


def take_over(connection: sa.Connection, effect: str, now: datetime) -> Claim:
    """See `ports.Ledger.take_over`."""
    row = _row(connection, effect)
    if row["status"] not in ("started", "unknown"):
        raise RejectedError(f"effect {effect} is {row['status']}: nothing to take over", detail="ended")
    fence = row["fence"] + 1
    connection.execute(effects.update().where(effects.c.id == effect).values(fence=fence))
    _note(connection, row, "effect.taken_over", {"fence": fence}, now)
    return Claim(effect=effect, key=row["key"], fence=fence, attempt=row["attempts"])


def settle_by_word(connection: sa.Connection, effect: str, happened: bool, by: str, now: datetime) -> None:
    """See `ports.Ledger.settle_by_word`; no claim is older than the one taken here, so none is refused."""
    row = _row(connection, effect)
    if row["status"] != "unknown":
        raise RejectedError(f"effect {effect} is {row['status']}: nobody has to be asked", detail="not_unknown")
    claim = take_over(connection, effect, now)
    said: dict[str, Json] = {"effect": effect, "key": row["key"], "happened": happened}
    audit.append(connection, now, "effect.told", row["ticket"], said, actor=by)
    if not happened:
        fail(connection, claim, "retry", f"{by} found that it did not happen", now)
        return
    receipt = Receipt(
        key=row["key"], reference=f"the word of {by}", at=now, amount=row["amount"], currency=row["currency"],
        details={"word_of": by},
    )  # fmt: skip
    settle(connection, claim, receipt, now)


def in_doubt(connection: sa.Connection) -> tuple[Effect, ...]:
    """See `ports.Ledger.in_doubt`."""
    return _all(connection, effects.c.status.in_(("started", "unknown")))


def receipts(connection: sa.Connection, ref: TicketRef) -> tuple[Effect, ...]:
    """See `ports.Ledger.receipts`."""
    return _all(connection, sa.and_(effects.c.ticket == ref.id, effects.c.turn == ref.turn))


def counts(connection: sa.Connection) -> tuple[int, int]:
    """How many replies have left so far, and how many other effects have happened."""
    done = sa.select(effects.c.kind == "send_reply", sa.func.count()).where(effects.c.status == "done")
    found = {bool(is_reply): number for is_reply, number in connection.execute(done.group_by(sa.text("1")))}
    return found.get(True, 0), found.get(False, 0)


def _all(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[Effect, ...]:
    rows = connection.execute(sa.select(effects).where(condition).order_by(effects.c.seq)).mappings()
    return tuple(effect_of(row) for row in rows)


def _row(connection: sa.Connection, effect: str) -> Row:
    row = first(connection, sa.select(effects).where(effects.c.id == effect))
    if row is None:
        raise MisuseError(f"there is no effect {effect}", detail="effect")
    return row


def _refused(connection: sa.Connection, row: Row, claim: Claim, wanted: str, now: datetime) -> RejectedError | None:
    """Why this claim may not say how the effect ended: somebody else does, or it has ended."""
    if row["fence"] != claim.fence:
        code, text = "fence", f"effect {claim.effect} was taken over since"
    elif row["status"] not in ("started", "unknown"):
        code, text = "ended", f"effect {claim.effect} has ended as {row['status']}"
    else:
        return None
    _note(connection, row, "effect.refused", {"fence": claim.fence, "wanted": wanted, "code": code}, now)
    return RejectedError(text, detail=code)


def _goes_on(connection: sa.Connection, row: Row) -> bool:
    """The effect's turn is still under way: in one that is over, nobody would try again and the key would be lost."""
    ended = sa.select(outcomes.c.seq).where(outcomes.c.ticket == row["ticket"], outcomes.c.turn == row["turn"])
    current = is_current(connection, TicketRef(id=row["ticket"], turn=row["turn"]))
    return current and first(connection, ended) is None


def _matches(row: Row, receipt: Receipt) -> bool:
    granted = (row["amount"], row["currency"] or receipt.currency)
    return row["amount"] is None or granted == (receipt.amount, receipt.currency)


def _change(connection: sa.Connection, row: Row, now: datetime, **changes: str | int) -> None:
    connection.execute(effects.update().where(effects.c.id == row["id"]).values(settled_at=now, **changes))


def _note(connection: sa.Connection, row: Row, event: str, body: dict[str, Json], now: datetime) -> None:
    audit.append(connection, now, event, row["ticket"], {"effect": row["id"], "key": row["key"]} | body)
