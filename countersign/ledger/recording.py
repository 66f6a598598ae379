"""Everything that is recorded of one ticket, row by row: what a replay goes by."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from countersign.ledger import schema
from countersign.ledger.rows import Row, ticket_row

_NEXT = "execution.stopped: "
"""How a verdict's reasons name what stopped the execution before it; see `nodes.act.check`."""


@dataclass(frozen=True)
class Recording:
    """A ticket's rows by table, each in the order in which it was written."""

    ticket: Row
    inbox: Sequence[Row]
    journal: Sequence[Row]
    verdicts: Sequence[Row]
    proposals: Sequence[Row]
    decisions: Sequence[Row]
    reviews: Sequence[Row]
    signatures: Sequence[Row]
    effects: Sequence[Row]
    outcomes: Sequence[Row]
    audit: Sequence[Row]
    parts: Mapping[str, Mapping[str, str]]
    """What was in use, by the digest that rows of the journal name."""

    @property
    def id(self) -> str:
        """The ticket's number."""
        return str(self.ticket["id"])

    @cached_property
    def events(self) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """The audit's events with their bodies."""
        return tuple((str(row["event"]), json.loads(row["body"])) for row in self.audit)

    def verdicts_of(self, turn: int) -> list[Row]:
        """The turn's verdicts."""
        return [row for row in self.verdicts if row["turn"] == turn]

    def outcome_of(self, turn: int) -> Row | None:
        """How the turn ended, if it has."""
        return next((row for row in self.outcomes if row["turn"] == turn), None)

    def journal_of(self, turn: int) -> list[Row]:
        """What the turn's steps read."""
        return [row for row in self.journal if row["step"].startswith(f"{turn}/")]

    def stop_before(self, turn: int, verdict: int) -> str:
        """What stopped the execution before the turn's verdict of that number, from 0; empty where nothing did."""
        later = self.verdicts_of(turn)[verdict : verdict + 1]
        reasons: list[str] = [reason for row in later for reason in json.loads(row["reasons"])]
        return next((reason.removeprefix(_NEXT) for reason in reasons if reason.startswith(_NEXT)), "")

    def ended_as(self, effect: str) -> str:
        """How an effect ended when it was tried: what was found out about it later does not count."""
        for event, body in self.events:
            if body.get("effect") == effect and event in ("effect.done", "effect.failed", "effect.unknown"):
                return event.removeprefix("effect.")
        return "started"


def recording(connection: sa.Connection, ticket_id: str) -> Recording:
    """Raises MisuseError where there is no such ticket."""
    ours = sa.select(schema.proposals.c.id).where(schema.proposals.c.ticket == ticket_id)

    def rows(table: sa.Table, condition: sa.ColumnElement[bool] | None = None) -> Sequence[Row]:
        of_ticket = table.c.ticket == ticket_id if condition is None else condition
        return connection.execute(sa.select(table).where(of_ticket).order_by(table.c.seq)).mappings().all()

    journal = rows(schema.journal)
    return Recording(
        ticket=ticket_row(connection, ticket_id),
        inbox=rows(schema.inbox),
        journal=journal,
        verdicts=rows(schema.verdicts),
        proposals=rows(schema.proposals),
        decisions=rows(schema.decisions, schema.decisions.c.proposal.in_(ours)),
        reviews=rows(schema.reviews),
        signatures=rows(schema.signatures),
        effects=rows(schema.effects),
        outcomes=rows(schema.outcomes),
        audit=rows(schema.audit, schema.audit.c.ref == ticket_id),
        parts=dict(_parts(connection, {row["parts"] for row in journal})),
    )


def every_ticket(connection: sa.Connection) -> tuple[str, ...]:
    """All tickets, in the order of their numbers."""
    return tuple(connection.scalars(sa.select(schema.tickets.c.id).order_by(schema.tickets.c.number)))


def _parts(connection: sa.Connection, names: set[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    found = connection.execute(sa.select(schema.parts).where(schema.parts.c.digest.in_(names)))
    for row in found.mappings():
        yield row["digest"], json.loads(row["content"])
