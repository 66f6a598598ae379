"""The clock of a running desk."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, UTC."""

    def now(self) -> datetime:
        """The time now, aware, UTC."""
        return datetime.now(UTC)
