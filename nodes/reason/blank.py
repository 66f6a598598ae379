"""Asks with a blank to fill: one short question to a model, and what to do without an answer."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from countersign.domain.desk import AskedTier
from countersign.domain.errors import ModelError
from countersign.domain.model import Engine, Tier
from countersign.ports import Deps

T = TypeVar("T", bound=BaseModel)
_OTHER: Mapping[Tier, Tier] = {"small": "large", "large": "small"}
_NOT_THE_SEATS = ("model.budget", "model.overflow", "model.request", "model.refused", "model.filtered", "model.form")
"""Failures that another seat would not mend: they are about the request, or the money."""


def seated(tier: AskedTier, deps: Deps) -> Engine | None:
    """The model that a desk's setting names; None where it is off, or no model sits there.

    The offline planner is no language model and fills in no blanks.
    """
    engine = None if tier == "off" else deps.models.engine(tier)
    return engine if engine and engine.kind != "offline" else None


def fill(tier: Tier, prompt: str, values: Mapping[str, str], form: type[T], deps: Deps) -> tuple[T, Engine]:
    """The form as the seat's model filled it in, or the other seat's where the first fails; and which one did.

    Raises ModelError where neither gives an answer that can be used.
    """
    first = seated(tier, deps)
    if first is None:
        raise ModelError("nothing sits in this seat", detail="none")
    try:
        return deps.models.ask(tier, prompt, values, form), first
    except ModelError as error:
        other = seated(_OTHER[tier], deps)
        if other in (None, first) or error.full_code in _NOT_THE_SEATS:
            raise
        return deps.models.ask(_OTHER[tier], prompt, values, form), other or first
