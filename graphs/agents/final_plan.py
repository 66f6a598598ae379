"""The one form in which the resolver may end: every id in it must be in the casebook."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model, field_validator

from countersign.domain.desk import Desk
from countersign.domain.facts import Fact
from countersign.domain.perception import Intent
from countersign.domain.plan import Plan, ReplyPart
from countersign.domain.resolution import Confidence, Resolution
from countersign.domain.text import clean
from tools.lookups.casebook import Casebook

OTHER = "other"
"""The request of a case that is none of the desk's."""
WRITTEN = "written"
"""The reply template that holds an agent's own words."""
_Line = Annotated[str, StringConstraints(max_length=400)]
_Ids = Annotated[list[str], Field(max_length=60)]
_MOST_HANDED_BACK = 3


class FinalPlan(BaseModel):
    """Hand in the plan, once, when you know all that can be known."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)

    summary: Annotated[str, StringConstraints(min_length=1, max_length=1200)]
    """For the person who decides."""
    facts: _Ids = []
    """Ids of the facts that the reply and the proposals rest on."""
    proposals: _Ids = []
    """Ids of the proposals."""
    reply: Annotated[str, StringConstraints(max_length=4000)] = ""
    """The reply without greeting and closing; empty where nothing certain can be said."""
    questions: Annotated[list[_Line], Field(max_length=10)] = []
    """What could not be found out."""
    confidence: Confidence


def form(desk: Desk, book: Casebook) -> type[FinalPlan]:
    """The form for one case: requests are the desk's own, ids are those of its casebook."""
    requests: Any = Literal[*desk.requests]
    known: Any = Literal[(*desk.requests, OTHER)]
    handed: Any = Annotated[list[requests], Field(max_length=_MOST_HANDED_BACK)]
    back = Field(default=[], description="Requests that fixed rules can have, where the case is ordinary after all.")
    about = Field(default=OTHER, description="The request that the case is nearest to.")
    fields: dict[str, Any] = {"request": (known, about), "hand_back": (handed, back)}
    rules = {"cited": _only(book, "facts"), "proposed": _only(book, "proposals")}
    return create_model("FinalPlan", __base__=FinalPlan, __doc__=FinalPlan.__doc__, __validators__=rules, **fields)


def _only(book: Casebook, field: Literal["facts", "proposals"]) -> Any:
    """A validator: an id that the casebook does not have is refused, and the model is told."""

    def known(names: list[str]) -> list[str]:
        there: Iterable[str] = book.facts if field == "facts" else book.proposals
        unknown = sorted(set(names) - set(there))
        if unknown:
            raise ValueError(f"the casebook has none of these {field}: {', '.join(unknown)[:200]}")
        return list(dict.fromkeys(names))

    return field_validator(field)(known)


def resolution_of(plan: FinalPlan, desk: Desk, book: Casebook) -> Resolution:
    """The plan as the desk keeps it; texts are cleaned of everything that can't be seen."""
    handed: list[str] = getattr(plan, "hand_back", [])
    said = book.inquiry.perception.text or book.inquiry.perception.subject
    return Resolution(
        summary=clean(plan.summary),
        plan=None if handed else _plan(plan, desk, book),
        intents=tuple(Intent(request=name, confidence=0.5, text=said, named_by="model") for name in handed),
        questions=tuple(clean(question) for question in plan.questions),
        confidence=plan.confidence,
    )


def _plan(plan: FinalPlan, desk: Desk, book: Casebook) -> Plan:
    request, reply = str(getattr(plan, "request", OTHER)), clean(plan.reply).strip()
    known = desk.requests.get(request)
    return Plan(
        request=known.id if known else "",
        category=known.category if known else "",
        facts=(*_name(book), *book.cited(plan.facts)),
        proposals=tuple(book.proposals[name] for name in plan.proposals),
        reply=ReplyPart(template=WRITTEN, values={"text": reply}) if reply else None,
        notes=(
            f"the resolver, {plan.confidence} confidence: {clean(plan.summary)}",
            *(f"open question: {clean(question)}" for question in plan.questions),
        ),
    )


def _name(book: Casebook) -> tuple[Fact, ...]:
    """The customer's name, for the greeting, as soon as anything of theirs was read.

    With it the reply counts as one with account facts, whatever it says: it goes to the address on record alone.
    """
    if not any(fact.source.startswith(("shop:", "ticket:")) for fact in book.facts.values()):
        return ()
    customer = book.account or book.deps.shop.customer(book.customer)
    if customer is None:
        return ()
    source = f"shop:customer/{customer.id}@{customer.version}"
    return (Fact(name="customer", kind="name", value=customer.name, source=source),)
