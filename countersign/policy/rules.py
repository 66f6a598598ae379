"""The policy's text as rules: where each begins, its @id and its @reason."""

import re
from dataclasses import dataclass

from countersign.policy.engine import annotations

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\s+|.', re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule of policy.cedar."""

    id: str
    """Its @id; empty where it has none."""
    reason: str
    line: int
    """Where it begins, from 1."""
    source: str
    problem: str = ""
    """Why Cedar can't parse it; empty where it can."""


def read_rules(policy: str) -> tuple[Rule, ...]:
    """The rules in the order of the text, which is the order of Cedar's own numbers."""
    return tuple(_rule(source, line) for source, line in statements(policy))


def _rule(source: str, line: int) -> Rule:
    try:
        notes = annotations(source)
    except ValueError as error:
        return Rule(id="", reason="", line=line, source=source, problem=str(error))
    return Rule(id=notes.get("id") or "", reason=notes.get("reason") or "", line=line, source=source)


def statements(policy: str) -> list[tuple[str, int]]:
    """Each statement with the line of its first word; comments and strings may hold semicolons."""
    found: list[tuple[str, int]] = []
    start: int | None = None
    for token in _TOKEN.finditer(policy):
        text = token[0]
        if start is None and not text.isspace() and not text.startswith("//"):
            start = token.start()
        if start is not None and text == ";":
            found.append(_at(policy, start, token.end()))
            start = None
    return found if start is None else [*found, _at(policy, start, len(policy))]


def _at(policy: str, start: int, end: int) -> tuple[str, int]:
    return policy[start:end], policy.count("\n", 0, start) + 1
