"""`check_policy` names file, rule and line of whatever is wrong in a desk's policy."""

from typing import Any

import pytest

from countersign.domain.desk import Desk, Person
from countersign.policy.check import Problem, check_policy
from countersign.policy.rules import read_rules
from tests.policy.questions import shipped_desk

DESK = shipped_desk()


def _line(text: str, marker: str) -> int:
    """The only line that holds a marker."""
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if marker in line]
    assert len(lines) == 1, lines
    return lines[0]


def _changed(old: str, new: str) -> Desk:
    assert DESK.policy.count(old) == 1, f"{old} stands {DESK.policy.count(old)} times in the policy"
    return DESK.model_copy(update={"policy": DESK.policy.replace(old, new)})


def test_shipped_policy_has_no_problem() -> None:
    """The demonstration desk's own policy, schema, people and phases are clean."""
    assert check_policy(DESK) == ()


REPLY = 'permit (principal is Playbook, action == Action::"execute.send_reply"'
RETURN = 'permit (principal is Playbook, action == Action::"execute.create_return"'
AGENT = 'principal is Agent, action in Action::"execute", resource);'
LIMIT = "context has limit_left && context.amount <= context.limit_left"

BROKEN = {
    "misspelt attribute": ("context.refunds_90d > 1", "context.refund_90d > 1", "refund.often", "refund_90d"),
    "misspelt kind of action": (RETURN, RETURN.replace("create", "creat"), "return.in-window", "creat_return"),
    "misspelt group": ('Action::"any"', 'Action::"every"', "own.record", 'Action::"every"'),
    "misspelt principal": (AGENT, AGENT.replace("Agent", "Agnt"), "agent.recommends", "Agnt"),
    "misspelt role attribute": (
        'principal.roles.contains("reviewer")',
        'principal.role.contains("reviewer")',
        "approve.reviewer",
        "principal.role.",
    ),
    "a text where a number belongs": (
        "amount > 20000",
        'amount > "20000"',
        "refund.over-200",
        '@id("refund.over-200")',
    ),
    "a fraction of a cent": (
        "context.value > 15000",
        'context.value > decimal("150.00")',
        "replacement.over-150",
        '@id("replacement.over-150")',
    ),
    "an optional fact used without asking": (
        LIMIT,
        "context.amount <= context.limit_left",
        "approve.refund-limit",
        "{ context.amount <= context.limit_left }",
    ),
    "a fact of another kind": (
        "{ context.open_orders > 0 }",
        "{ context.amount > 0 }",
        "account.open-orders",
        "{ context.amount > 0 }",
    ),
    "a rule without a name": ('@id("refund.second")\n', "", "policy", "Something was refunded for this order before."),
    "a bare name": ('@id("refund.second")', "@id // bare", "policy", "// bare"),
    "a rule without a reason": ('@reason("More than 150.00.")\n', "", "refund.over-150", '@id("refund.over-150")'),
    "an unfinished condition": ("{ context.taken }", "{ context.taken", "policy", '@id("account.email-taken")'),
    "a word that Cedar does not have": (REPLY, REPLY.replace("permit", "allow"), "policy", '@id("reply.send")'),
    "an unknown function": ("{ context.closed }", "{ is_closed(context) }", "policy", '@id("account.closed")'),
    "a template": (AGENT, AGENT.replace("is Agent", "== ?principal"), "policy", '@id("agent.recommends")'),
    "an annotation given twice": ('@id("reply.many")', '@id("reply.many") @id("reply.more")', "policy", "reply.more"),
}


@pytest.mark.parametrize(("old", "new", "rule", "marker"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_rules_are_named_with_their_line(old: str, new: str, rule: str, marker: str) -> None:
    """Whatever is wrong in a rule: the problem names the rule by its @id, or by Cedar's number, and the line."""
    desk = _changed(old, new)

    problems = check_policy(desk)

    assert problems
    assert {problem.file for problem in problems} == {"policy.cedar"}
    assert all(problem.rule.startswith(rule) and problem.text for problem in problems), problems
    assert problems[0].line == _line(desk.policy, marker)


def test_second_of_two_equal_names_is_blamed() -> None:
    """Of two rules with one name the later one is shown."""
    problems = check_policy(_changed('@id("refund.over-150")', '@id("refund.over-50")'))

    assert [problem.line for problem in problems] == [_line(DESK.policy, '@id("refund.over-150")')]


def test_every_problem_is_listed_at_once() -> None:
    """One run tells all that is wrong in the rules."""
    policy = DESK.policy.replace("context.taken", "context.token").replace("context.closed", "context.shut")

    problems = check_policy(DESK.model_copy(update={"policy": policy}))

    assert {problem.rule for problem in problems} == {"account.email-taken", "account.closed"}


@pytest.mark.parametrize(
    ("old", "new", "text", "marker"),
    [
        ("entity Order;", "entity Order entity;", "unexpected token", "entity Order entity;"),
        ("entity Ticket;", "entity Ticket;\nentity Order; // again", "declared twice", "// again"),
        ("resource: Ticket, context: Reply };", "resource: Tickt, context: Reply };", "Tickt", "Tickt"),
        ('in ["recommend", "refund"]', 'in ["recommend", "refnd"]', "refnd", "refnd"),
    ],
)
def test_broken_schemas_are_named_with_their_line(old: str, new: str, text: str, marker: str) -> None:
    """A schema that can't be read is one problem of its own file, with the line."""
    schema = DESK.policy_schema.replace(old, new, 1)
    assert schema != DESK.policy_schema

    (problem,) = check_policy(DESK.model_copy(update={"policy_schema": schema}))

    assert (problem.file, problem.rule) == ("policy.cedarschema", "")
    assert text in problem.text
    assert problem.line == _line(schema, marker)


def test_kinds_without_rights_in_the_schema_are_named() -> None:
    """A schema that forgets a kind's action is told which one."""
    schema = "\n".join(line for line in DESK.policy_schema.split("\n") if '"recommend.refund"' not in line)
    policy = DESK.policy.replace('Action::"recommend.refund", ', "")

    problems = check_policy(DESK.model_copy(update={"policy_schema": schema, "policy": policy}))

    assert ['"recommend.refund"' in problem.text for problem in problems if problem.file == "policy.cedarschema"] == [
        True
    ]


@pytest.mark.parametrize(
    ("update", "file", "text"),
    [
        ({"people": {"kim": Person(id="kim", name="Kim", roles=("leed",))}}, "people.toml", "`leed`, which no rule"),
        ({"people": {"kim": Person(id="jo", name="Jo", roles=("lead",))}}, "people.toml", "has the id `jo`"),
        ({"settings": DESK.settings.model_copy(update={"phases": {"refund": "broad"}})}, "desk.toml", "`send_reply`"),
    ],
)  # fmt: skip
def test_people_and_phases_are_checked(update: dict[str, Any], file: str, text: str) -> None:
    """A role that no rule speaks of, an id that is not its key, and a kind without a phase are problems."""
    problem = check_policy(DESK.model_copy(update=update))[0]

    assert (problem.file, text in problem.text) == (file, True)


def test_problem_reads_as_one_line() -> None:
    """A problem is printed as file, line, rule and text."""
    with_rule = Problem(file="policy.cedar", line=7, rule="refund.often", text="attribute `x` not found")

    assert str(with_rule) == "policy.cedar:7: refund.often: attribute `x` not found"
    assert str(Problem(file="people.toml", text="no such role")) == "people.toml:1: no such role"


def test_rules_are_split_as_cedar_splits_them() -> None:
    """Semicolons and comment marks inside texts and comments end no rule, and lines are counted rightly."""
    text = """// a remark; with a semicolon
@id("a") @reason("semi;colon // and \\"quotes\\";")
permit (principal, action, resource); // another; remark

@id("b")
forbid (principal, action, resource)
when { "; //" == ";" };
// the end"""

    rules = read_rules(text)

    assert [(rule.id, rule.line) for rule in rules] == [("a", 2), ("b", 5)]
    assert rules[0].reason.startswith("semi;colon")
    assert read_rules("  // nothing\n") == ()
