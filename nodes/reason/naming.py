"""Naming: what triage does with what the desk's own model abstains on, where a language model sits in the seat."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from countersign.domain.errors import ModelError
from countersign.domain.frozen import canonical
from countersign.domain.naming import Named, as_named, unnamed
from countersign.domain.perception import Perception, Triage
from countersign.ports import Deps
from nodes.reason.blank import fill, seated

PROMPT = "name"
MOST_NAMED = 3
_NOT_ASKED = ("empty", "complex")
"""Abstentions that a name would not help: there is nothing to read, or it is a case for the agent."""


class _Blank(BaseModel):
    """What a message asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sure: bool
    """Whether each request is stated plainly, and nothing else is asked."""
    unusual: bool
    """Whether something about the message would make a careful person hesitate."""


def named(abstained: Triage, perception: Perception, deps: Deps) -> Triage:
    """The abstention, or the requests that a model is sure of; who named them, or why nobody did, is in it."""
    tier = deps.desk.settings.asks.name
    if tier == "off" or not seated(tier, deps) or abstained.escalated or set(_NOT_ASKED) & set(abstained.reasons):
        return abstained
    requests = {request.id: request.title for request in deps.desk.requests.values()}
    values = {"subject": perception.subject, "text": perception.text, "requests": canonical(requests)}
    try:
        said, engine = fill(tier, PROMPT, values, _form(tuple(sorted(requests))), deps)
    except ModelError as error:
        return unnamed(abstained, error.full_code, error.message)
    return as_named(abstained, Named.model_validate_json(said.model_dump_json()), engine, perception.text)


@cache
def _form(requests: tuple[str, ...]) -> type[_Blank]:
    """The blank, with the desk's own requests to choose from and nothing else."""
    choice: Any = Literal[*requests]
    several: Any = Annotated[list[choice], Field(max_length=MOST_NAMED)]
    fields: dict[str, Any] = {"requests": (several, ...)}
    return create_model("Named", __base__=_Blank, __doc__=_Blank.__doc__, **fields)
