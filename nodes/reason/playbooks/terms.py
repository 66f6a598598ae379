"""The business's terms that no setting holds, in the very words of the help centre, each with its section.

Whoever replaces the help centre changes this table too; a test holds every term to the section it names.
"""

from countersign.domain.facts import Fact, FactKind

LABEL_FEE = 390
"""What a return label costs without membership, minor units (return-label#What it costs)."""
KEEP_BELOW = 3000
"""A damaged article that cost less need not come back, minor units (damaged-items#Do I have to send it back?)."""
REFUND_WORKING_DAYS = 7
"""When a refund should have arrived at the latest (when-refunds-arrive#The time it takes)."""
DECLINES_UNTIL_LOCK = 3
"""Declined tries that lock a card (payment-declined#Three tries, then a pause)."""
PAUSE_MOST = 3
"""The longest pause, months (pausing-fernhill-plus#How long)."""

_TERMS: dict[str, tuple[FactKind, str, str]] = {
    "refund_time": ("count", "5 to 7 working days", "when-refunds-arrive#The time it takes"),
    "release_time": ("count", "5 to 10 days", "authorisations#When it disappears"),
    "label_cost": ("amount", "3.90 €", "return-label#What it costs"),
    "keep_below": ("amount", "30.00 €", "damaged-items#Do I have to send it back?"),
    "warranty": ("count", "2 years", "warranty#How long the warranty lasts"),
    "warranty_ridgeline": ("count", "5 years", "warranty#How long the warranty lasts"),
    "link_time": ("count", "30 minutes", "logging-in#With a link, not a password"),
    "lock_time": ("count", "24 hours", "payment-declined#Three tries, then a pause"),
    "export_time": ("count", "30 days", "your-personal-data#Getting a copy"),
    "pause_longest": ("count", "3 months", "pausing-fernhill-plus#How long"),
}


def term(name: str) -> Fact:
    """One term as a fact. Raises KeyError for a name that is not in the table."""
    kind, value, section = _TERMS[name]
    return Fact(name=name, kind=kind, value=value, source=f"knowledge:{section}")


def terms() -> tuple[Fact, ...]:
    """All of them."""
    return tuple(term(name) for name in _TERMS)
