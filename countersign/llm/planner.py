"""The offline planner's rules: which lookups a case needs, what the facts support, and what can be said. Pure.

First the lookups, by what the message names; then the proposals that the records bear out; then the plan. It reads
English, as the demonstration desk does; anything else it leaves to a person.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

Case = dict[str, Any]
"""The first message of an agent, read: see `graphs.agents.telling`."""


class Call(NamedTuple):
    """One call of a tool."""

    tool: str
    arguments: dict[str, Any]


Results = Sequence[tuple[Call, dict[str, Any]]]
"""The calls so far, each with what it answered."""

FINAL = "FinalPlan"
_MOST_ORDERS = 3
_ORDINARY: tuple[tuple[str, str], ...] = (
    ("where_is_my_order", r"where(?:'s| is) (?:my|the) (?:order|parcel|package)|coming today|been (?:shipped|sent)"),
    ("cancel_order", r"cancel(?:lation)?\b(?!.{0,40}(?:membership|subscription|plus))"),
    ("return_item", r"(?:return|returning|send(?:ing)? (?:it )?back) (?:the|my|an?|this)\b"),
    ("refund_status", r"(?:still no|where is (?:my|the)|no) refund|promised the refund"),
    ("policy_question", r"do you (?:deliver|ship|offer)|is there a warranty|how long (?:does|is|do)"),
)
"""Words that show an ordinary request."""
_UNSURE = frozenset({"not sure enough", "its parts disagree", "too short"})
"""Triage's reasons under which a case may be ordinary after all."""
_CONTRADICTED = "contradictory signals"
"""Triage's reason where something speaks against what the message seems to ask: what does follows it in the list."""
_MEMBERSHIP = r"membership|subscription|fernhill plus|\bplus\b"
_MONEY = r"charged|refund|paid|payment|money|twice|double"
_TWICE = r"twice|double|two (?:charges|payments)|second (?:charge|payment)"
_GONE = r"\blost\b|never (?:arrived|came)|not arrived|disappeared"
_BACK = r"(?<!without )(?:return(?:ing)?|send(?:ing)? (?:it |them |this )?back)\b"
_STEM, _SHARED, _COVERED = 5, 2, 0.5
"""Letters of a word that count; words that a section must share with the question, and the part of them."""
_QUIET = frozenset(
    "about also been both could does from have here hello into just kind like mine more much only order other please "
    "really should some something such than thank thanks that their them then there these they thing think this those "
    "very want were what when where which will with would your yours".split()
)
"""Words that say nothing of what a question is about."""


def next_calls(case: Case, results: Results) -> list[Call]:
    """What to call next, given what was answered so far: lookups, then proposals, then the plan."""
    if not results:
        ordinary = _ordinary(case)
        return [_handed_back(ordinary)] if ordinary else (_lookups(case) or [_plan(case, results)])
    proposed = any(call.tool.startswith("propose_") for call, _ in results)
    proposals = [] if proposed else list(_proposals(case, results))
    return proposals or [_plan(case, results)]


def _ordinary(case: Case) -> list[str]:
    """The requests that a case without a playbook names in plain words; none where a person has to read it first."""
    if case["playbooks_said"] or case["objections"] or not set(case["came_here_because"]) <= _UNSURE:
        return []
    return [request for request, words in _ORDINARY if request in case["requests"] and _says(case, words)]


def _handed_back(requests: list[str]) -> Call:
    summary = f"The offline planner (fixed rules, no language model) reads this as: {', '.join(requests)}."
    return Call(FINAL, {"summary": summary, "hand_back": requests[:3], "confidence": "medium"})


def _lookups(case: Case) -> list[Call]:
    calls: list[Call] = []
    if _text(case) and case["who_asks"]["is_a_customer"] and case["who_asks"]["verified"] != "none":
        calls += _about_customer(case)
    if _text(case) and _foreign(case) is None:
        calls.append(Call("search_help", {"query": _question(case)[:300]}))
    return calls


def _about_customer(case: Case) -> Iterator[Call]:
    named = case["names_orders"][:_MOST_ORDERS]
    yield Call("look_up_customer", {})
    for number in named:
        yield Call("look_up_order", {"order": number})
        if _says(case, _MONEY):
            yield Call("look_up_payments", {"order": number})
    if not named:
        yield Call("list_orders", {})
    if _says(case, _MEMBERSHIP):
        yield Call("look_up_membership", {})
    if case["other_tickets"]:
        yield Call("past_tickets", {})


def _proposals(case: Case, results: Results) -> Iterator[Call]:
    """What records and message both ask for.

    Nothing where a playbook would not act, a gate objected, or the message contradicts itself or the records: then its
    words may be the very ones that misled triage.
    """
    if case["playbooks_said"] or case["objections"] or _foreign(case) or _contradicted(case):
        return
    for number in case["names_orders"][:_MOST_ORDERS]:
        called = (rule(case, results, number) for rule in (_cancelled, _second_charge, _lost, _returned))
        yield from [call for call in called if call is not None][:1]


def _cancelled(case: Case, results: Results, number: str) -> Call | None:
    status = _fact(results, f"status of {number}", ("placed", "packed"))
    if status is None or not _says(case, r"\bcancel"):
        return None
    return Call("propose_cancel_order", {"order": number, "reason": "other", "because": [status["id"]]})


def _second_charge(case: Case, results: Results, number: str) -> Call | None:
    again = _of(results, "look_up_payments", number, "payment captured a second time, by mistake")
    if again is None or not _says(case, _TWICE):
        return None
    reason = {"what": "second_charge", "reason": "duplicate_charge", "because": [again["id"]]}
    return Call("propose_refund", {"order": number, **reason})


def _lost(case: Case, results: Results, number: str) -> Call | None:
    parcel = _of(results, "look_up_order", number, "parcel 1", "lost")
    if parcel is None or not _says(case, _GONE) or _of(results, "look_up_order", number, "parcel 2"):
        return None
    skus = [sku for sku, _ in _articles(results, number)]
    return Call("propose_replacement", {"order": number, "skus": skus, "reason": "lost", "because": [parcel["id"]]})


def _returned(case: Case, results: Results, number: str) -> Call | None:
    delivered = _fact(results, f"status of {number}", ("delivered",))
    may_go_back = [sku for sku, name in _articles(results, number) if ", can be returned" in name]
    if delivered is None or len(may_go_back) != 1 or not _says(case, _BACK):
        return None
    return Call("propose_return", {"order": number, "skus": may_go_back, "because": [delivered["id"]]})


def _plan(case: Case, results: Results) -> Call:
    done = [(call, answer["id"]) for call, answer in results if call.tool.startswith("propose_") and "id" in answer]
    cited: list[str] = []
    parts: list[str] = []
    for call, _ in done:
        parts.append(_told(call, results))
        cited += call.arguments["because"]
    quoted = None if done or _foreign(case) or _contradicted(case) else _section(case, results)
    if quoted is not None:
        cited += [fact["id"] for fact in quoted]
        parts.append(f"This is what our help centre says about it:\n\n{quoted[0]['value']}\n\n({quoted[1]['value']})")
    if not _text(case) and not case["attachments"]:
        parts.append("Your message reached us without a text. Please reply and tell us what we can do for you.")
    return Call(FINAL, {
        "summary": _summary(case, results, len(done)),
        "facts": list(dict.fromkeys([*cited, *_states(case, results)])),
        "proposals": [known for _, known in done],
        "reply": "" if case["objections"] else "\n\n".join(parts),
        "questions": list(_questions(case, bool(parts))),
        "confidence": "medium" if done or quoted else "low",
    })  # fmt: skip


def _told(call: Call, results: Results) -> str:
    order = call.arguments["order"]
    match call.tool:
        case "propose_cancel_order":
            return f"We have cancelled your order {order}."
        case "propose_refund":
            again = _of(results, "look_up_payments", order, "payment captured a second time, by mistake")
            return f"We have refunded {again['value'] if again else ''}, which was taken twice for your order {order}."
        case "propose_replacement":
            return f"Your order {order} was lost on its way. We have sent you a replacement."
        case _:
            return f"A return for your order {order} is open: please send the article back."


def _section(case: Case, results: Results) -> list[dict[str, Any]] | None:
    """Text and citation of the section that covers the question; none where nothing is asked, or none is near."""
    wanted = _stems(_question(case))
    if "?" not in _text(case):
        return None
    sections = [section for call, answer in results if call.tool == "search_help" for section in answer["sections"]]
    near = [(len(wanted & _stems(f"{one['heading']} {one['quoted'][0]['value']}")), one) for one in sections]
    fitting = [(shared, one) for shared, one in near if shared >= max(_SHARED, _COVERED * len(wanted))]
    return max(fitting, key=lambda pair: pair[0])[1]["quoted"] if fitting else None


def _summary(case: Case, results: Results, proposals: int) -> str:
    states = [f"{fact['what']} {fact['value']}" for fact in _facts(results) if fact["what"].startswith("status of ")]
    found = f" It found: {'; '.join(states[:_MOST_ORDERS])}." if states else ""
    said = f"{proposals} proposal{'' if proposals == 1 else 's'}"
    why = "; ".join(case["came_here_because"]) or "no playbook could finish it"
    return f"The offline planner (fixed rules, no language model) looked into this because of: {why}.{found} {said}."


def _states(case: Case, results: Results) -> list[str]:
    """The facts about the orders that the message names: what a person will want to see first."""
    named = {f"status of {number}" for number in case["names_orders"]}
    return [fact["id"] for fact in _facts(results) if fact["what"] in named]


def _questions(case: Case, answered: bool) -> Iterator[str]:
    if language := _foreign(case):
        yield f"The desk does not write the language of the message ({language}): somebody who reads it is needed."
    if case["attachments"]:
        yield "Attachments were not read."
    if case["objections"]:
        yield "The gates had objections to the first plan, which these rules can't mend."
    if against := _contradicted(case):
        yield f"What the message seems to ask is contradicted: {'; '.join(against)}. Which is meant?"
    if not answered:
        yield "These rules can't tell what would help: what does the customer want?"


def _foreign(case: Case) -> str | None:
    language = case["message"]["language"]
    return language if language not in (*case["languages"], "und", "") else None


def _contradicted(case: Case) -> list[str]:
    """What speaks against the reading that triage had; empty where nothing does."""
    reasons = case["came_here_because"]
    return reasons[1:] if _CONTRADICTED in reasons[:1] else []


def _text(case: Case) -> str:
    return f"{case['message']['subject']}\n{case['message']['text']}".strip()


def _says(case: Case, words: str) -> bool:
    return re.search(words, _text(case).replace("’", "'"), re.IGNORECASE) is not None


def _question(case: Case) -> str:
    """The sentences that ask something; all of the text where none does."""
    asked = re.findall(r"[^.!?\n]*[^.!?\s][^.!?]{0,400}\?", case["message"]["text"])
    return " ".join(asked) or _text(case)


def _stems(text: str) -> frozenset[str]:
    words: list[str] = re.findall(r"[^\W\d_]{4,40}", text.lower())
    return frozenset(word[:_STEM] for word in words if word not in _QUIET)


def _facts(results: Results) -> Iterator[dict[str, Any]]:
    for _, answer in results:
        yield from answer.get("facts", ())
        for order in answer.get("orders", ()):
            yield from order["facts"]


def _fact(results: Results, what: str, values: Sequence[str]) -> dict[str, Any] | None:
    return next((fact for fact in _facts(results) if fact["what"] == what and fact["value"] in values), None)


def _of(results: Results, tool: str, number: str, what: str, value: str = "") -> dict[str, Any] | None:
    """A fact of one lookup of one order."""
    answers = [answer for call, answer in results if call.tool == tool and call.arguments.get("order") == number]
    facts = (fact for answer in answers for fact in answer.get("facts", ()))
    return next((fact for fact in facts if fact["what"] == what and value in ("", fact["value"])), None)


def _articles(results: Results, number: str) -> list[tuple[str, str]]:
    """Skus of an order, each with what the lookup says of it."""
    answers = [answer for call, answer in results if call.arguments.get("order") == number and "facts" in answer]
    names = (fact["what"] for answer in answers for fact in answer["facts"] if fact["what"].startswith("article "))
    return [(name.removeprefix("article ").partition(",")[0], name) for name in dict.fromkeys(names)]
