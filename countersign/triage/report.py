"""What a report on triage says: coverage, accuracy among the accepted, and the same for each request. Pure."""

from collections.abc import Iterable

from countersign.domain.frozen import Frozen
from countersign.triage.decide import NONE, Answer


class Row(Frozen):
    """Counts of one request's examples."""

    examples: int = 0
    accepted: int = 0
    right: int = 0


class Report(Frozen):
    """Shares between 0 and 1. `coverage`: of examples with a request, accepted. `accuracy`: of all accepted, right.

    `abstained_on_none`: of examples that no request covers. `split`: of examples with a request, answered with
    two or more.
    """

    examples: int
    coverage: float
    accuracy: float
    abstained_on_none: float
    split: float
    by_request: dict[str, Row]


def report(pairs: Iterable[tuple[str, Answer]]) -> Report:
    """Compares expected requests with answers; an answer is right when it names the expected request and no other."""
    rows: dict[str, list[int]] = {}
    splits = 0
    for expected, answer in pairs:
        named = [intent.request for intent in answer.intents]
        row = rows.setdefault(expected, [0, 0, 0])
        row[0] += 1
        row[1] += bool(named)
        row[2] += named == [expected]
        splits += len(named) > 1 and expected != NONE
    table = {name: Row(examples=row[0], accepted=row[1], right=row[2]) for name, row in sorted(rows.items())}
    return _summed(table, splits)


def _summed(table: dict[str, Row], splits: int) -> Report:
    asked = [row for name, row in table.items() if name != NONE]
    none = table.get(NONE, Row())
    examples = sum(row.examples for row in asked)
    accepted = sum(row.accepted for row in table.values())
    return Report(
        examples=examples + none.examples,
        coverage=_share(sum(row.accepted for row in asked), examples),
        accuracy=_share(sum(row.right for row in asked), accepted),
        abstained_on_none=_share(none.examples - none.accepted, none.examples),
        split=_share(splits, examples),
        by_request=table,
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
