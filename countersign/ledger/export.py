"""The audit as lines that anybody can check, and the whole chain behind one effect."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue

from countersign.domain.errors import MisuseError
from countersign.domain.frozen import canonical
from countersign.ledger.read import Source, view
from countersign.ledger.records import Facts, plain
from countersign.ledger.rows import Row, first
from countersign.ledger.schema import (
    audit,
    decisions,
    effects,
    grants,
    inbox,
    proposals,
    reviews,
    secrets,
    signatures,
    verdicts,
)

_COLUMNS = ("seq", "at", "actor", "event", "ref")


def export_audit(source: Source) -> Iterator[str]:
    """Each row as one line of JSON: `seq`, `at`, `actor`, `event`, `ref`, `seal`, `prev`, `hash`, `body`, `secret`.

    `hash` is the SHA-256 of the canonical JSON of the list of the seven before it; `seal` the HMAC-SHA256 of the body's
    canonical JSON under `secret`, both in hex. `body` is null where it was erased.
    """
    joined = sa.select(audit, secrets.c.secret).outerjoin(secrets, secrets.c.ref == audit.c.ref)
    with view(source) as connection:
        rows = connection.execution_options(stream_results=True).execute(joined.order_by(audit.c.seq))
        for row in rows.mappings():
            body = json.loads(row["body"]) if row["body"] else None
            yield canonical({**row, "body": body, "secret": row["secret"] or ""})


def evidence(source: Source, effect: str) -> Facts:
    """All that stands behind one effect: what asked for it, who permitted it, what happened, and where that is audited.

    `{"effect", "proposal", "messages", "decision", "verdict", "review", "signature", "grant", "audit": [...]}`; review
    and signature are None where the policy permitted it by itself. Raises MisuseError for an unknown effect.
    """
    with view(source) as connection:
        row = first(connection, sa.select(effects).where(effects.c.id == effect))
        if row is None:
            hint = "countersign why TICKET --json names the effects of a ticket"
            raise MisuseError(f"there is no effect {effect}", detail="effect", hint=hint)
        return _behind(connection, row)


def _behind(connection: sa.Connection, effect: Row) -> Facts:
    grant = _one(connection, grants, grants.c.id == effect["grant_id"])
    decision = _one(connection, decisions, decisions.c.seq == grant["decision"])
    proposal = _one(connection, proposals, proposals.c.id == effect["proposal"])
    verdict = _one(connection, verdicts, verdicts.c.id == decision["verdict"])
    signature = _signature(connection, grant)
    review = _one(connection, reviews, reviews.c.id == signature["review"]) if signature else None
    turn = (inbox.c.ticket == effect["ticket"], inbox.c.turn <= effect["turn"])
    messages = connection.execute(sa.select(inbox).where(*turn).order_by(inbox.c.seq)).mappings().all()
    names = {str(row["id"]) for row in (effect, grant, proposal, verdict, review) if row}
    names |= {str(message["key"]) for message in messages}
    return {
        "effect": plain(effects, effect),
        "proposal": plain(proposals, proposal),
        "messages": [plain(inbox, message) for message in messages],
        "decision": plain(decisions, decision),
        "verdict": plain(verdicts, verdict),
        "review": plain(reviews, review) if review else None,
        "signature": plain(signatures, signature) if signature else None,
        "grant": plain(grants, grant),
        "audit": list[JsonValue](_audited(connection, effect["ticket"], names)),
    }


def _one(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> Row:
    return connection.execute(sa.select(table).where(condition)).mappings().one()


def _signature(connection: sa.Connection, grant: Row) -> Row | None:
    """The approval that the grant stands on."""
    same = (signatures.c.proposal == grant["proposal"], signatures.c.by == grant["approver"])
    approved = (signatures.c.answer == "approve", signatures.c.version == grant["version"])
    return first(connection, sa.select(signatures).where(*same, *approved).order_by(signatures.c.seq.desc()).limit(1))


def _audited(connection: sa.Connection, ticket: str, names: set[str]) -> Iterator[dict[str, Any]]:
    """The audit's rows that name one of these, with their hashes."""
    rows = connection.execute(sa.select(audit).where(audit.c.ref == ticket).order_by(audit.c.seq)).mappings()
    for row in rows:
        body: Facts = json.loads(row["body"])
        if names & {value for value in body.values() if isinstance(value, str)}:
            yield {name: row[name] for name in _COLUMNS} | {"body": body, "hash": row["hash"]}
