"""Triggers that hold whatever the application does: no refund beyond what was taken, no write forgotten.

They raise the dialect's integrity error; on PostgreSQL the order's row is locked first, so racing refunds queue up.
"""

import sqlalchemy as sa

_KEPT = ("writes", "receipts", "refunds", "fee_refunds")
"""Tables whose rows are never deleted."""
_UNCHANGED = ("writes", "receipts", "fee_refunds")
"""Tables whose rows are never changed."""


def guard(connection: sa.Connection) -> None:
    """Creates the triggers, or replaces those that are there."""
    statements = _sqlite() if connection.dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        connection.exec_driver_sql(statement)


def guards(connection: sa.Connection) -> tuple[str, ...]:
    """The names of the triggers that the database has, sorted."""
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    postgresql = (
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    )
    query = sqlite if connection.dialect.name == "sqlite" else postgresql
    return tuple(sorted(connection.exec_driver_sql(query).scalars()))


def _sqlite() -> list[str]:
    covered = [
        _overpaid("refunds_covered_insert", "INSERT ON refunds", "NEW"),
        _overpaid("refunds_covered_update", "UPDATE ON refunds", "NEW"),
        _overpaid("payments_cover_update", "UPDATE ON payments", "OLD"),
        _overpaid("payments_cover_delete", "DELETE ON payments", "OLD"),
    ]
    kept = [_refused(f"{table}_kept", f"DELETE ON {table}") for table in _KEPT]
    unchanged = [_refused(f"{table}_unchanged", f"UPDATE ON {table}") for table in _UNCHANGED]
    fees = (
        "CREATE TRIGGER IF NOT EXISTS fee_refunds_covered AFTER INSERT ON fee_refunds "
        "WHEN NEW.amount > (SELECT amount FROM fees WHERE id = NEW.fee_id) "
        "BEGIN SELECT RAISE(ABORT, 'refund exceeds the fee'); END"
    )
    return [*covered, *kept, *unchanged, fees]


def _overpaid(name: str, event: str, row: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {name} AFTER {event}
        WHEN (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE order_number = {row}.order_number)
           > (SELECT COALESCE(SUM(amount), 0) FROM payments
              WHERE order_number = {row}.order_number AND status = 'captured')
        BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END"""


def _refused(name: str, event: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event}
        BEGIN SELECT RAISE(ABORT, 'this record is kept as it is'); END"""


def _postgresql() -> list[str]:
    kept = [_calls(f"{table}_kept", f"BEFORE DELETE ON {table}", "refuse_change") for table in _KEPT]
    unchanged = [_calls(f"{table}_unchanged", f"BEFORE UPDATE ON {table}", "refuse_change") for table in _UNCHANGED]
    return [
        _REFUSE_OVERPAID,
        _REFUSE_FEE,
        _REFUSE_CHANGE,
        _calls("refunds_covered", "AFTER INSERT OR UPDATE ON refunds", "refuse_overpaid"),
        _calls("payments_cover", "AFTER UPDATE OR DELETE ON payments", "refuse_overpaid"),
        _calls("fee_refunds_covered", "AFTER INSERT ON fee_refunds", "refuse_fee"),
        *kept,
        *unchanged,
    ]


def _calls(name: str, event: str, function: str) -> str:
    return f"CREATE OR REPLACE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION {function}()"


_REFUSE_OVERPAID = """
CREATE OR REPLACE FUNCTION refuse_overpaid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched text;
BEGIN
    IF TG_TABLE_NAME = 'refunds' THEN touched := NEW.order_number; ELSE touched := OLD.order_number; END IF;
    PERFORM 1 FROM orders WHERE number = touched FOR NO KEY UPDATE;
    IF (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE order_number = touched)
     > (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE order_number = touched AND status = 'captured') THEN
        RAISE EXCEPTION 'refunds exceed what was captured' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$"""

_REFUSE_FEE = """
CREATE OR REPLACE FUNCTION refuse_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount > (SELECT amount FROM fees WHERE id = NEW.fee_id) THEN
        RAISE EXCEPTION 'refund exceeds the fee' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$"""

_REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this record is kept as it is' USING ERRCODE = 'check_violation';
END $$"""
