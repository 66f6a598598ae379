"""Everything the ledger holds about one ticket, loaded at once, as plain JSON values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue, TypeAdapter

from countersign.domain.exchange import Kept
from countersign.domain.naming import Named, as_named, unnamed
from countersign.domain.perception import Triage
from countersign.ledger.instants import instant
from countersign.ledger.rows import Row, ticket_row, values
from countersign.ledger.schema import (
    audit,
    decisions,
    effects,
    grants,
    inbox,
    journal,
    labels,
    outcomes,
    proposals,
    reviews,
    tickets,
    verdicts,
)

Facts = dict[str, JsonValue]

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_INTERNAL = frozenset({"seq", "ticket", "substance", "bound", "number", "arrived"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """A ticket's rows by table, each in the order in which it was written."""

    ticket: Facts
    messages: tuple[Facts, ...]
    verdicts: tuple[Facts, ...]
    proposals: tuple[Facts, ...]
    decisions: tuple[Facts, ...]
    reviews: tuple[Facts, ...]
    grants: tuple[Facts, ...]
    effects: tuple[Facts, ...]
    outcomes: tuple[Facts, ...]
    labels: tuple[Facts, ...]
    audit: tuple[Row, ...]
    triage: Mapping[int, Facts]
    """What the triage model said, by turn; the last run's where a turn ran it again."""
    resolutions: Mapping[int, tuple[Facts, ...]]
    """What the resolver came to, by turn, each with what a second model said to it as `opinion`."""


def load(connection: sa.Connection, ticket: str) -> Records:
    """Raises MisuseError where there is no such ticket. Of one that was erased only that is told."""
    row = ticket_row(connection, ticket)
    ours = sa.select(proposals.c.id).where(proposals.c.ticket == ticket)
    events = sa.select(audit).where(audit.c.ref == ticket, audit.c.body != "").order_by(audit.c.seq)
    return Records(
        ticket=plain(tickets, row),
        messages=_rows(connection, inbox, sa.and_(inbox.c.ticket == ticket, inbox.c.body != "")),
        verdicts=_rows(connection, verdicts, verdicts.c.ticket == ticket),
        proposals=_rows(connection, proposals, proposals.c.ticket == ticket),
        decisions=_rows(connection, decisions, decisions.c.proposal.in_(ours)),
        reviews=_rows(connection, reviews, reviews.c.ticket == ticket),
        grants=_rows(connection, grants, grants.c.proposal.in_(ours)),
        effects=_rows(connection, effects, effects.c.ticket == ticket),
        outcomes=_rows(connection, outcomes, outcomes.c.ticket == ticket),
        labels=_rows(connection, labels, labels.c.ticket == ticket),
        audit=tuple(connection.execute(events).mappings()),
        triage=triaged(connection, ticket),
        resolutions=_resolutions(connection, ticket),
    )


def plain(table: sa.Table, row: Row) -> Facts:
    """A row as JSON values: packed columns unpacked, times as text, flags as truth values."""
    return {name: _value(table.c[name], row[name]) for name in row if name not in _INTERNAL}


def _value(column: sa.Column[object], value: object) -> JsonValue:
    form = column.info.get("form")
    if form == "flag":
        return bool(value)
    if form == "json" and isinstance(value, str):
        return _JSON.validate_json(value)
    return instant(value) if isinstance(value, datetime) else _JSON.validate_python(value)


def _rows(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> tuple[Facts, ...]:
    found = connection.execute(sa.select(table).where(condition).order_by(table.c.seq))
    return tuple(plain(table, row) for row in found.mappings())


def triaged(connection: sa.Connection, ticket: str) -> dict[int, Facts]:
    """What triage said of a ticket, by turn, with what a language model named where the desk's own model abstained.

    The last run's where a turn ran it again.
    """
    found: dict[int, Facts] = {}
    for turn, method, said in _journaled(connection, ticket, "triage.predict", "models.ask name"):
        found[turn] = said if method == "triage.predict" else _named(found.get(turn, {}), said)
    return found


def _named(triage: Facts, exchange: Facts) -> Facts:
    before, kept = Triage.model_validate(triage), Kept.model_validate(exchange)
    if kept.answer and kept.answer.engine:
        named = as_named(before, Named.model_validate_json(kept.answer.text), kept.answer.engine, "")
    else:
        named = unnamed(before, kept.code, kept.failure.text if kept.failure else "")
    return values(named.model_dump_json())


def _resolutions(connection: sa.Connection, ticket: str) -> dict[int, tuple[Facts, ...]]:
    """An opinion belongs to the resolution that was recorded last before it."""
    found: dict[int, list[Facts]] = {}
    for turn, method, said in _journaled(connection, ticket, "resolver.resolve", "resolver.second"):
        of_turn = found.setdefault(turn, [])
        if method == "resolver.resolve":
            of_turn.append(said)
        elif of_turn:
            of_turn[-1] = {**of_turn[-1], "opinion": said}
    return {turn: tuple(said) for turn, said in found.items()}


def _journaled(connection: sa.Connection, ticket: str, *methods: str) -> Iterator[tuple[int, str, Facts]]:
    """Turn, method and answer of what was recorded, in order."""
    columns = (journal.c.step, journal.c.method, journal.c.answer)
    said = sa.select(*columns).where(journal.c.ticket == ticket, journal.c.method.in_(methods))
    for row in connection.execute(said.order_by(journal.c.seq)):
        yield int(row.step.partition("/")[0]), row.method, values(row.answer)
