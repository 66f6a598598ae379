"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = (
    """CREATE TABLE tickets (
        number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, turn INTEGER NOT NULL, arrived INTEGER NOT NULL,
        status TEXT NOT NULL, subject TEXT NOT NULL, sender TEXT NOT NULL, customer TEXT NOT NULL,
        on_record TEXT NOT NULL, category TEXT NOT NULL, requests TEXT NOT NULL, reason TEXT NOT NULL,
        opened_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE inbox (
        seq INTEGER NOT NULL PRIMARY KEY, key TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL REFERENCES tickets (id),
        turn INTEGER NOT NULL, message_id TEXT NOT NULL, sender TEXT NOT NULL, body TEXT NOT NULL, raw TEXT NOT NULL,
        automatic TEXT, authenticated INTEGER NOT NULL, continued INTEGER NOT NULL,
        received_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE quarantine (
        seq INTEGER NOT NULL PRIMARY KEY, key TEXT NOT NULL UNIQUE, source TEXT NOT NULL, code TEXT NOT NULL,
        reason TEXT NOT NULL, raw TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
    """CREATE TABLE journal (
        seq INTEGER NOT NULL PRIMARY KEY, ticket TEXT NOT NULL, step TEXT NOT NULL, request TEXT NOT NULL,
        method TEXT NOT NULL, answer TEXT NOT NULL, UNIQUE (ticket, step, request)) STRICT""",
    """CREATE TABLE verdicts (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, substance TEXT NOT NULL,
        ticket TEXT NOT NULL REFERENCES tickets (id), turn INTEGER NOT NULL, answer TEXT NOT NULL,
        reasons TEXT NOT NULL, sender TEXT NOT NULL, graph TEXT NOT NULL, approver TEXT NOT NULL,
        at TEXT NOT NULL) STRICT""",
    """CREATE TABLE proposals (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL REFERENCES tickets (id),
        turn INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, args TEXT NOT NULL,
        by_kind TEXT NOT NULL, by_id TEXT NOT NULL, summary TEXT NOT NULL, version TEXT NOT NULL,
        arguments_digest TEXT NOT NULL, slot INTEGER NOT NULL, key TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('proposed', 'denied', 'void'))) STRICT""",
    """CREATE TABLE decisions (
        seq INTEGER NOT NULL PRIMARY KEY, verdict TEXT NOT NULL REFERENCES verdicts (id),
        proposal TEXT NOT NULL REFERENCES proposals (id), answer TEXT NOT NULL, rules TEXT NOT NULL,
        policy TEXT NOT NULL, reason TEXT NOT NULL, alarm INTEGER NOT NULL, context TEXT NOT NULL,
        version TEXT NOT NULL, ceiling INTEGER, UNIQUE (verdict, proposal)) STRICT""",
    """CREATE TABLE reviews (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL REFERENCES tickets (id),
        turn INTEGER NOT NULL, digest TEXT NOT NULL, bound TEXT NOT NULL, status TEXT NOT NULL, reasons TEXT NOT NULL,
        decisions TEXT NOT NULL, opened_at TEXT NOT NULL, deadline TEXT NOT NULL, answer TEXT NOT NULL,
        by TEXT NOT NULL, at TEXT, text TEXT NOT NULL) STRICT""",
    """CREATE TABLE grants (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, proposal TEXT NOT NULL REFERENCES proposals (id),
        decision INTEGER NOT NULL REFERENCES decisions (seq), key TEXT NOT NULL, slot INTEGER NOT NULL,
        arguments_digest TEXT NOT NULL, version TEXT NOT NULL, rules TEXT NOT NULL, policy TEXT NOT NULL,
        graph TEXT NOT NULL, approver TEXT NOT NULL, given_at TEXT NOT NULL, expires_at TEXT NOT NULL,
        ceiling INTEGER, consumed_by TEXT, void INTEGER NOT NULL) STRICT""",
    """CREATE TABLE effects (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL REFERENCES tickets (id),
        turn INTEGER NOT NULL, proposal TEXT NOT NULL REFERENCES proposals (id),
        grant_id TEXT NOT NULL UNIQUE REFERENCES grants (id), kind TEXT NOT NULL, target TEXT NOT NULL,
        key TEXT NOT NULL, amount INTEGER CHECK (amount > 0), currency TEXT,
        status TEXT NOT NULL CHECK (status IN ('started', 'done', 'failed', 'unknown')), again INTEGER NOT NULL,
        attempts INTEGER NOT NULL, fence INTEGER NOT NULL, started_at TEXT NOT NULL, settled_at TEXT,
        receipt TEXT, problem TEXT NOT NULL) STRICT""",
    """CREATE TABLE outcomes (
        seq INTEGER NOT NULL PRIMARY KEY, ticket TEXT NOT NULL REFERENCES tickets (id), turn INTEGER NOT NULL,
        outcome TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (ticket, turn)) STRICT""",
    """CREATE TABLE halts (
        seq INTEGER NOT NULL PRIMARY KEY, kind TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
        at TEXT NOT NULL, lifted_by TEXT NOT NULL, lifted_at TEXT) STRICT""",
    """CREATE TABLE audit (
        seq INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, event TEXT NOT NULL,
        ref TEXT NOT NULL, body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL) STRICT""",
)

_INDEXES = (
    "CREATE INDEX tickets_by_status ON tickets (status, arrived)",
    "CREATE INDEX tickets_by_sender ON tickets (sender)",
    "CREATE INDEX inbox_by_message_id ON inbox (message_id)",
    "CREATE INDEX inbox_by_ticket ON inbox (ticket, seq)",
    "CREATE INDEX verdicts_by_ticket ON verdicts (ticket, turn, seq)",
    "CREATE INDEX proposals_by_ticket ON proposals (ticket, turn)",
    "CREATE INDEX proposals_by_target ON proposals (kind, target, status)",
    "CREATE INDEX reviews_by_ticket ON reviews (ticket, turn, seq)",
    "CREATE UNIQUE INDEX one_open_review ON reviews (ticket) WHERE status = 'open'",
    "CREATE UNIQUE INDEX one_live_grant ON grants (proposal) WHERE void = 0 AND consumed_by IS NULL",
    "CREATE INDEX grants_by_key ON grants (key)",
    "CREATE UNIQUE INDEX one_effect_a_key ON effects (key) WHERE status <> 'failed' OR again = 1",
    "CREATE INDEX effects_by_ticket ON effects (ticket, turn)",
    "CREATE INDEX effects_by_target ON effects (kind, target)",
    "CREATE INDEX effects_by_proposal ON effects (proposal)",
    "CREATE UNIQUE INDEX one_halt_a_kind ON halts (kind) WHERE lifted_by = ''",
    "CREATE INDEX audit_by_ref ON audit (ref, seq)",
)


def upgrade() -> None:
    """Creates every table and index; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _TABLES + _INDEXES:
        op.execute(sa.text(statement))
