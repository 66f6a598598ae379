"""Times as the ledger keeps them: UTC text whose order is that of time."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from countersign.domain.errors import MisuseError


class Instant(sa.TypeDecorator[datetime]):
    """An aware time, kept as UTC text of fixed length, so that text order is time order."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else instant(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


def instant(value: datetime) -> str:
    """The text of a time. Raises MisuseError where it has no time zone."""
    if value.tzinfo is None:
        raise MisuseError("the ledger takes times with a time zone only", hint="use deps.clock.now()")
    return value.astimezone(UTC).isoformat(timespec="microseconds")
