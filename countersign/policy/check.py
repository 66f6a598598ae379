"""Checks a desk's policy, schema, people and phases; each problem names file, rule and line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from countersign.domain.desk import Desk
from countersign.domain.plan import Kind
from countersign.policy.engine import schema_error, validation_errors
from countersign.policy.rules import Rule, read_rules, statements

POLICY_FILE = "policy.cedar"
SCHEMA_FILE = "policy.cedarschema"
RIGHTS = ("execute", "recommend", "approve")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something wrong in a desk's policy."""

    file: str
    text: str
    rule: str = ""
    """The rule's @id, or `policy0`, `policy1`, ... where it has none; empty where no rule is to blame."""
    line: int = 1

    def __str__(self) -> str:
        rule = f"{self.rule}: " if self.rule else ""
        return f"{self.file}:{self.line}: {rule}{self.text}"


def check_policy(desk: Desk) -> tuple[Problem, ...]:
    """Every problem of policy, schema, people and phases; empty where all is well."""
    return (*policy_problems(desk.policy, desk.policy_schema), *_people(desk), *_phases(desk))


def policy_problems(policy: str, schema: str) -> tuple[Problem, ...]:
    """What makes a policy unusable: syntax, rules without a name or a reason, words that the schema does not know."""
    rules = read_rules(policy)
    broken = [_problem(n, rule, f"no Cedar rule: {rule.problem}") for n, rule in enumerate(rules) if rule.problem]
    error = schema_error(schema)
    if error:
        broken.append(Problem(file=SCHEMA_FILE, line=_line_in_schema(schema, error), text=error))
    if broken:
        return tuple(broken)
    return (*_names(rules), *_words(policy, schema, rules), *_missing_actions(schema))


def _names(rules: Sequence[Rule]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        if not rule.id:
            yield _problem(number, rule, 'the rule has no @id("...")')
        elif rule.id in seen:
            yield _problem(number, rule, "another rule has the same @id")
        if not rule.reason:
            yield _problem(number, rule, 'the rule has no @reason("...")')
        seen.add(rule.id)


def _words(policy: str, schema: str, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Cedar's own validation: misspelt attributes, actions and types, unsafe access, comparisons across types."""
    for number, error in validation_errors(policy, schema):
        text = error.removeprefix(f"for policy `policy{number}`, ")
        yield _problem(number, rules[number], text, _line_in_rule(rules[number], text))


def _missing_actions(schema: str) -> Iterator[Problem]:
    """Rights that the schema does not have: every request about them would be denied with an alarm."""
    names = [f"{right}.{kind}" for kind in get_args(Kind) for right in RIGHTS]
    probes = "\n".join(f'permit (principal, action == Action::"{name}", resource);' for name in names)
    for number in sorted({number for number, _ in validation_errors(probes, schema)}):
        yield Problem(file=SCHEMA_FILE, text=f'there is no action "{names[number]}" that applies to anything')


def _problem(number: int, rule: Rule, text: str, line: int | None = None) -> Problem:
    return Problem(file=POLICY_FILE, rule=rule.id or f"policy{number}", line=line or rule.line, text=text)


def _line_in_rule(rule: Rule, text: str) -> int:
    """The first line of the rule that holds what the message quotes first, else where the rule begins."""
    quoted: list[str] = re.findall(r"`([^`]+)`", text)
    return rule.line - 1 + (_first_line(rule.source, rf"(?<!\w){re.escape(quoted[0])}(?!\w)") if quoted else 1)


def _line_in_schema(schema: str, text: str) -> int:
    """Where the schema can't be parsed, declares something twice, or first names what is declared nowhere."""
    for statement, line in statements(schema):
        if schema_error(statement).startswith("error parsing schema"):
            return line
    plain = re.sub(r"//[^\n]*", "", schema)
    named: list[tuple[str, ...]] = re.findall(r"`(\w+)`|types?: (\w+)|::\"([^\"]+)\"", text)
    name = re.escape("".join(named[0])) if named else ""
    declared = rf'\b(?:entity|type|action)\s+"?{name}\b'
    return _first_line(plain, rf"(?s){declared}.*?{declared}" if "twice" in text else rf"\b{name}\b")


def _first_line(text: str, pattern: str) -> int:
    """The line (from 1) of a pattern's first match in a text; 1 where there is none."""
    found = re.search(pattern, text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _people(desk: Desk) -> Iterator[Problem]:
    """People whose id is not their key, and roles that no rule speaks of: such a role gives no right at all."""
    for key, person in desk.people.items():
        if key != person.id:
            yield Problem(file="people.toml", text=f"`{key}` has the id `{person.id}`")
        for role in person.roles:
            if f'"{role}"' not in desk.policy:
                yield Problem(file="people.toml", text=f"`{person.id}` has the role `{role}`, which no rule names")


def _phases(desk: Desk) -> Iterator[Problem]:
    for kind in get_args(Kind):
        if kind not in desk.settings.phases:
            yield Problem(file="desk.toml", text=f"[phases] does not name `{kind}`")
