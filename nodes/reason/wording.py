"""Wording: the templates' reply in the customer's tone and language, with everything that it states locked."""

from pydantic import BaseModel, ConfigDict, Field

from countersign.domain.errors import ModelError
from countersign.domain.perception import Perception, Sender
from countersign.domain.plan import Draft, Plan
from countersign.ports import Deps
from countersign.quality.gate import check
from countersign.quality.language import UNDETERMINED
from countersign.quality.locks import lock, unlock, weighty
from nodes.reason.blank import fill, seated

PROMPT = "word"


class Worded(BaseModel):
    """The reply in other words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reply: str = Field(min_length=1, max_length=8000)
    """The whole reply, from greeting to closing, with every [[number]] exactly once."""


def worded(draft: Draft, plans: tuple[Plan, ...], perception: Perception, sender: Sender, deps: Deps) -> Draft:
    """The draft in a model's words where they hold to the facts, otherwise as it was.

    They hold where every lock is back in its place, no word that binds the business was brought in, and the quality
    gate finds nothing that it did not find before. In a language that no rule of ours can read a person reads it.
    """
    tier = deps.desk.settings.asks.word
    if tier == "off" or not seated(tier, deps):
        return draft
    language = _language(draft, perception)
    translates = language != draft.language
    facts = [fact for plan in plans for fact in plan.facts]
    locked = lock(draft.body, (fact.value for fact in facts if not (translates and _is_prose(fact.value))))
    values = {"message": perception.text, "reply": locked.text, "language": language}
    try:
        said, engine = fill(tier, PROMPT, values, Worded, deps)
    except ModelError:
        return draft
    body = unlock(said.reply.strip(), locked)
    if not body or (not translates and weighty(said.reply) - weighty(locked.text)):
        return draft
    new = draft.model_copy(update={"body": body, "language": language, "worded_by": f"{engine.kind} {engine.name}"})
    return new if _is_sound(new, draft, plans, perception, sender, deps) else draft


def _language(draft: Draft, perception: Perception) -> str:
    return draft.language if perception.language == UNDETERMINED else perception.language


def _is_prose(value: str) -> bool:
    """A sentence of the help centre, which is translated; the figures in it are locked by themselves."""
    return len(value.split()) > 6


def _is_sound(
    new: Draft, before: Draft, plans: tuple[Plan, ...], perception: Perception, sender: Sender, deps: Deps
) -> bool:
    """Whether the gate finds nothing in it but what it found before, and that it is a translation."""
    settings = deps.desk.settings
    known = {finding.code for finding in check(before, plans, sender, perception.language, settings)}
    found = {finding.code for finding in check(new, plans, sender, perception.language, settings)}
    return found <= known | {"language.translated"}
