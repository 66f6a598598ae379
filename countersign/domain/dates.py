"""How the desk writes a date."""

from datetime import datetime

_MONTHS = "January February March April May June July August September October November December".split()


def written_date(when: datetime) -> str:
    """A date as replies write it: `18 November 2026`, in UTC."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
