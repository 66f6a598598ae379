"""The ledger's tables. The file on disk is made by the numbered migrations; a test holds the two together."""

from datetime import datetime

import sqlalchemy as sa

from countersign.ledger.instants import Instant

HEAD = "0002"
"""The newest migration: the version of the files that this program reads and writes."""


def _seq() -> sa.Column[int]:
    """The order of arrival: rows are ordered by it and never by time."""
    return sa.Column("seq", sa.Integer, primary_key=True)


def _text(name: str, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, unique=unique)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _packed(name: str) -> sa.Column[str]:
    """Canonical JSON."""
    return sa.Column(name, sa.Text, nullable=False, info={"form": "json"})


def _flag(name: str) -> sa.Column[int]:
    """0 or 1."""
    return sa.Column(name, sa.Integer, nullable=False, info={"form": "flag"})


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=False)


def _of(name: str, column: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(column), nullable=False)


def _table(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *items, sqlite_strict=True)


metadata = sa.MetaData()

tickets = _table(
    "tickets",
    sa.Column("number", sa.Integer, primary_key=True),
    _text("id", unique=True),
    _number("turn"),
    _number("arrived"),
    _text("status"),
    _text("subject"),
    _text("sender"),
    _text("customer"),
    _text("on_record"),
    _text("category"),
    _packed("requests"),
    _text("reason"),
    _time("opened_at"),
    _time("updated_at"),
    sa.Index("tickets_by_status", "status", "arrived"),
    sa.Index("tickets_by_sender", "sender"),
)
"""`arrived` is the inbox row that began the current turn; `on_record` the address of the customer on record."""

inbox = _table(
    "inbox",
    _seq(),
    _text("key", unique=True),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _text("message_id"),
    _text("sender"),
    _text("body"),
    _text("raw"),
    sa.Column("automatic", sa.Text),
    _flag("authenticated"),
    _flag("continued"),
    _time("received_at"),
    sa.Index("inbox_by_message_id", "message_id"),
    sa.Index("inbox_by_ticket", "ticket", "seq"),
)

quarantine = _table(
    "quarantine",
    _seq(),
    _text("key", unique=True),
    _text("source"),
    _text("code"),
    _text("reason"),
    _text("raw"),
    _time("at"),
)

journal = _table(
    "journal",
    _seq(),
    _text("ticket"),
    _text("step"),
    _text("request"),
    _text("method"),
    _text("answer"),
    sa.UniqueConstraint("ticket", "step", "request"),
)

verdicts = _table(
    "verdicts",
    _seq(),
    _text("id", unique=True),
    _text("substance"),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _text("answer"),
    _packed("reasons"),
    _packed("sender"),
    _text("graph"),
    _text("approver"),
    _time("at"),
    sa.Index("verdicts_by_ticket", "ticket", "turn", "seq"),
)
"""One row for each ruling; `id` is the ruling's digest, `substance` the digest of what it says but for its times."""

proposals = _table(
    "proposals",
    _seq(),
    _text("id", unique=True),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _number("position"),
    _text("kind"),
    _text("target"),
    _packed("args"),
    _text("by_kind"),
    _text("by_id"),
    _text("summary"),
    _text("version"),
    _text("arguments_digest"),
    _number("slot"),
    _text("key"),
    sa.Column("status", sa.Text, sa.CheckConstraint("status IN ('proposed', 'denied', 'void')"), nullable=False),
    sa.Index("proposals_by_ticket", "ticket", "turn"),
    sa.Index("proposals_by_target", "kind", "target", "status"),
)

decisions = _table(
    "decisions",
    _seq(),
    _of("verdict", "verdicts.id"),
    _of("proposal", "proposals.id"),
    _text("answer"),
    _packed("rules"),
    _text("policy"),
    _text("reason"),
    _flag("alarm"),
    _packed("context"),
    _text("version"),
    sa.Column("ceiling", sa.Integer),
    sa.UniqueConstraint("verdict", "proposal"),
)

reviews = _table(
    "reviews",
    _seq(),
    _text("id", unique=True),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _text("digest"),
    _text("bound"),
    _text("status"),
    _packed("reasons"),
    _packed("decisions"),
    _time("opened_at"),
    _time("deadline"),
    _text("answer"),
    _text("by"),
    sa.Column("at", Instant),
    _text("text"),
    _text("signed"),
    sa.Column("edited", sa.Text, info={"form": "json"}),
    sa.Index("reviews_by_ticket", "ticket", "turn", "seq"),
    sa.Index("one_open_review", "ticket", unique=True, sqlite_where=sa.text("status = 'open'")),
)
"""`digest` is over all that is shown, `bound` over the proposals alone, `signed` over those that are approved."""

signatures = _table(
    "signatures",
    _seq(),
    _of("review", "reviews.id"),
    _of("ticket", "tickets.id"),
    _text("proposal"),
    _text("kind"),
    _text("target"),
    _text("key"),
    _text("arguments_digest"),
    _text("version"),
    sa.Column("answer", sa.Text, sa.CheckConstraint("answer IN ('approve', 'reject')"), nullable=False),
    _text("by"),
    sa.Column("amount", sa.Integer, sa.CheckConstraint("amount >= 0"), nullable=False),
    _time("at"),
    sa.UniqueConstraint("review", "proposal"),
    sa.Index("signatures_by_person", "by", "kind", "at"),
    sa.Index("signatures_by_proposal", "proposal"),
    sa.Index("signatures_by_ticket", "ticket", "seq"),
)
"""A person's word on one proposal. What an edit makes is signed before it is proposed; `amount` counts for limits."""

grants = _table(
    "grants",
    _seq(),
    _text("id", unique=True),
    _of("proposal", "proposals.id"),
    sa.Column("decision", sa.Integer, sa.ForeignKey("decisions.seq"), nullable=False),
    _text("key"),
    _number("slot"),
    _text("arguments_digest"),
    _text("version"),
    _packed("rules"),
    _text("policy"),
    _text("graph"),
    _text("approver"),
    _time("given_at"),
    _time("expires_at"),
    sa.Column("ceiling", sa.Integer),
    sa.Column("consumed_by", sa.Text),
    _flag("void"),
    sa.Index("one_live_grant", "proposal", unique=True, sqlite_where=sa.text("void = 0 AND consumed_by IS NULL")),
    sa.Index("grants_by_key", "key"),
)

effects = _table(
    "effects",
    _seq(),
    _text("id", unique=True),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _of("proposal", "proposals.id"),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("grants.id"), nullable=False, unique=True),
    _text("kind"),
    _text("target"),
    _text("key"),
    sa.Column("amount", sa.Integer, sa.CheckConstraint("amount > 0")),
    sa.Column("currency", sa.Text),
    sa.Column(
        "status", sa.Text, sa.CheckConstraint("status IN ('started', 'done', 'failed', 'unknown')"), nullable=False
    ),
    _flag("again"),
    _number("attempts"),
    _number("fence"),
    _time("started_at"),
    sa.Column("settled_at", Instant),
    sa.Column("receipt", sa.Text, info={"form": "json"}),
    _text("problem"),
    sa.Index("one_effect_a_key", "key", unique=True, sqlite_where=sa.text("status <> 'failed' OR again = 1")),
    sa.Index("effects_by_ticket", "ticket", "turn"),
    sa.Index("effects_by_target", "kind", "target"),
    sa.Index("effects_by_proposal", "proposal"),
)
"""`again`: it failed in passing, nothing happened, and its grant may be claimed once more."""

outcomes = _table(
    "outcomes",
    _seq(),
    _of("ticket", "tickets.id"),
    _number("turn"),
    _packed("outcome"),
    _time("at"),
    sa.UniqueConstraint("ticket", "turn"),
)

halts = _table(
    "halts",
    _seq(),
    _text("kind"),
    _text("by"),
    _text("reason"),
    _time("at"),
    _text("lifted_by"),
    sa.Column("lifted_at", Instant),
    sa.Index("one_halt_a_kind", "kind", unique=True, sqlite_where=sa.text("lifted_by = ''")),
)

audit = _table(
    "audit",
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _text("at"),
    _text("actor"),
    _text("event"),
    _text("ref"),
    _text("body"),
    _text("prev"),
    _text("hash"),
    sa.Index("audit_by_ref", "ref", "seq"),
)
"""`ref` is the ticket, where there is one; `body` holds digests and references, never a person's data."""
