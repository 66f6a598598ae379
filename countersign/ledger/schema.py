"""The ledger's tables. The file on disk is made by the numbered migrations; a test holds the two together."""

import sqlalchemy as sa

from countersign.ledger import columns
from countersign.ledger import schema_retention as schema_retention  # its tables are among the metadata
from countersign.ledger.columns import metadata as metadata
from countersign.ledger.instants import Instant
from countersign.ledger.schema_erasure import erasures as erasures
from countersign.ledger.schema_erasure import secrets as secrets
from countersign.ledger.schema_learning import labels as labels
from countersign.ledger.schema_learning import models as models
from countersign.ledger.schema_learning import promotions as promotions
from countersign.ledger.schema_models import model_calls as model_calls
from countersign.ledger.schema_parts import parts as parts
from countersign.ledger.version import HEAD as HEAD

tickets = columns.table(
    "tickets",
    sa.Column("number", sa.Integer, primary_key=True),
    columns.text("id", unique=True),
    columns.number("turn"),
    columns.number("arrived"),
    columns.text("status"),
    columns.text("subject"),
    columns.text("sender"),
    columns.text("customer"),
    columns.text("on_record"),
    columns.text("category"),
    columns.packed("requests"),
    columns.text("reason"),
    columns.time("opened_at"),
    columns.time("updated_at"),
    sa.Index("tickets_by_status", "status", "arrived"),
    sa.Index("tickets_by_sender", "sender"),
)
"""`arrived` is the inbox row that began the current turn; `on_record` the address of the customer on record."""

inbox = columns.table(
    "inbox",
    columns.seq(),
    columns.text("key", unique=True),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.text("message_id"),
    columns.text("sender"),
    columns.text("body"),
    columns.text("raw"),
    sa.Column("automatic", sa.Text),
    columns.flag("authenticated"),
    columns.flag("continued"),
    columns.time("received_at"),
    sa.Index("inbox_by_message_id", "message_id"),
    sa.Index("inbox_by_ticket", "ticket", "seq"),
)

quarantine = columns.table(
    "quarantine",
    columns.seq(),
    columns.text("key", unique=True),
    columns.text("source"),
    columns.text("code"),
    columns.text("reason"),
    columns.text("raw"),
    columns.time("at"),
)

journal = columns.table(
    "journal",
    columns.seq(),
    columns.text("ticket"),
    columns.text("step"),
    columns.text("request"),
    columns.text("method"),
    columns.text("answer"),
    columns.text("parts"),
    sa.UniqueConstraint("ticket", "step", "request"),
)
"""`parts` is the digest of what was in use: a row of the table of that name."""

verdicts = columns.table(
    "verdicts",
    columns.seq(),
    columns.text("id", unique=True),
    columns.text("substance"),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.text("answer"),
    columns.packed("reasons"),
    columns.packed("sender"),
    columns.text("graph"),
    columns.text("approver"),
    columns.time("at"),
    sa.Index("verdicts_by_ticket", "ticket", "turn", "seq"),
)
"""One row for each ruling; `id` is the ruling's digest, `substance` the digest of what it says but for its times."""

proposals = columns.table(
    "proposals",
    columns.seq(),
    columns.text("id", unique=True),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.number("position"),
    columns.text("kind"),
    columns.text("target"),
    columns.packed("args"),
    columns.text("by_kind"),
    columns.text("by_id"),
    columns.text("summary"),
    columns.text("version"),
    columns.text("arguments_digest"),
    columns.number("slot"),
    columns.text("key"),
    sa.Column("status", sa.Text, sa.CheckConstraint("status IN ('proposed', 'denied', 'void')"), nullable=False),
    columns.packed("provenance"),
    sa.Index("proposals_by_ticket", "ticket", "turn"),
    sa.Index("proposals_by_target", "kind", "target", "status"),
)

decisions = columns.table(
    "decisions",
    columns.seq(),
    columns.of("verdict", "verdicts.id"),
    columns.of("proposal", "proposals.id"),
    columns.text("answer"),
    columns.packed("rules"),
    columns.text("policy"),
    columns.text("reason"),
    columns.flag("alarm"),
    columns.packed("context"),
    columns.text("version"),
    sa.Column("ceiling", sa.Integer),
    columns.text("contract"),
    sa.UniqueConstraint("verdict", "proposal"),
)

reviews = columns.table(
    "reviews",
    columns.seq(),
    columns.text("id", unique=True),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.text("digest"),
    columns.text("bound"),
    columns.text("status"),
    columns.packed("reasons"),
    columns.packed("decisions"),
    columns.time("opened_at"),
    columns.time("deadline"),
    columns.text("answer"),
    columns.text("by"),
    sa.Column("at", Instant),
    columns.text("text"),
    columns.text("signed"),
    sa.Column("edited", sa.Text, info={"form": "json"}),
    sa.Index("reviews_by_ticket", "ticket", "turn", "seq"),
    sa.Index("one_open_review", "ticket", unique=True, sqlite_where=sa.text("status = 'open'")),
)
"""`digest` is over all that is shown, `bound` over the proposals alone, `signed` over those that are approved."""

signatures = columns.table(
    "signatures",
    columns.seq(),
    columns.of("review", "reviews.id"),
    columns.of("ticket", "tickets.id"),
    columns.text("proposal"),
    columns.text("kind"),
    columns.text("target"),
    columns.text("key"),
    columns.text("arguments_digest"),
    columns.text("version"),
    sa.Column("answer", sa.Text, sa.CheckConstraint("answer IN ('approve', 'reject')"), nullable=False),
    columns.text("by"),
    sa.Column("amount", sa.Integer, sa.CheckConstraint("amount >= 0"), nullable=False),
    columns.time("at"),
    sa.UniqueConstraint("review", "proposal"),
    sa.Index("signatures_by_person", "by", "kind", "at"),
    sa.Index("signatures_by_proposal", "proposal"),
    sa.Index("signatures_by_ticket", "ticket", "seq"),
)
"""A person's word on one proposal. What an edit makes is signed before it is proposed; `amount` counts for limits."""

grants = columns.table(
    "grants",
    columns.seq(),
    columns.text("id", unique=True),
    columns.of("proposal", "proposals.id"),
    sa.Column("decision", sa.Integer, sa.ForeignKey("decisions.seq"), nullable=False),
    columns.text("key"),
    columns.number("slot"),
    columns.text("arguments_digest"),
    columns.text("version"),
    columns.packed("rules"),
    columns.text("policy"),
    columns.text("graph"),
    columns.text("approver"),
    columns.time("given_at"),
    columns.time("expires_at"),
    sa.Column("ceiling", sa.Integer),
    sa.Column("consumed_by", sa.Text),
    columns.flag("void"),
    columns.text("contract"),
    sa.Index("one_live_grant", "proposal", unique=True, sqlite_where=sa.text("void = 0 AND consumed_by IS NULL")),
    sa.Index("grants_by_key", "key"),
)

effects = columns.table(
    "effects",
    columns.seq(),
    columns.text("id", unique=True),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.of("proposal", "proposals.id"),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("grants.id"), nullable=False, unique=True),
    columns.text("kind"),
    columns.text("target"),
    columns.text("key"),
    sa.Column("amount", sa.Integer, sa.CheckConstraint("amount > 0")),
    sa.Column("currency", sa.Text),
    sa.Column(
        "status", sa.Text, sa.CheckConstraint("status IN ('started', 'done', 'failed', 'unknown')"), nullable=False
    ),
    columns.flag("again"),
    columns.number("attempts"),
    columns.number("fence"),
    columns.time("started_at"),
    sa.Column("settled_at", Instant),
    sa.Column("receipt", sa.Text, info={"form": "json"}),
    columns.text("problem"),
    sa.Index("one_effect_a_key", "key", unique=True, sqlite_where=sa.text("status <> 'failed' OR again = 1")),
    sa.Index("effects_by_ticket", "ticket", "turn"),
    sa.Index("effects_by_target", "kind", "target"),
    sa.Index("effects_by_proposal", "proposal"),
)
"""`again`: it failed in passing, nothing happened, and its grant may be claimed once more."""

outcomes = columns.table(
    "outcomes",
    columns.seq(),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.packed("outcome"),
    columns.time("at"),
    sa.UniqueConstraint("ticket", "turn"),
)

halts = columns.table(
    "halts",
    columns.seq(),
    columns.text("kind"),
    columns.text("by"),
    columns.text("reason"),
    columns.time("at"),
    columns.text("lifted_by"),
    sa.Column("lifted_at", Instant),
    sa.Index("one_halt_a_kind", "kind", unique=True, sqlite_where=sa.text("lifted_by = ''")),
)

audit = columns.table(
    "audit",
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    columns.text("at"),
    columns.text("actor"),
    columns.text("event"),
    columns.text("ref"),
    columns.text("body"),
    columns.text("prev"),
    columns.text("hash"),
    columns.text("seal"),
    sa.Index("audit_by_ref", "ref", "seq"),
)
"""`ref` is the ticket, where there is one. `body` is outside the chain, which holds its `seal`; empty once erased."""
