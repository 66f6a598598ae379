"""The critic: a second, independent model that must agree before anything a model proposed happens without a person."""

from pydantic import BaseModel, ConfigDict, Field

from countersign.domain.errors import CountersignError, MisuseError, ReplayMismatchError, StorageError
from countersign.domain.frozen import digest
from countersign.domain.model import Engine, Tier
from countersign.domain.resolution import Inquiry, Opinion, Resolution
from countersign.domain.text import clean
from countersign.ports import Deps
from graphs.agents.telling import to_agree_with

PROMPT = "critic"
ALONE = "no second model is seated that is independent of the first"
_TIERS: tuple[Tier, ...] = ("small", "large")


class Judgement(BaseModel):
    """Whether you agree with everything that the first model came to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    agrees: bool
    reasons: list[str] = Field(default=[], max_length=10)
    """One sentence for each thing that is wrong."""


def second(inquiry: Inquiry, resolution: Resolution, deps: Deps) -> Opinion:
    """Asks the critic. Where none is independent, or it gives no usable answer, nothing is seconded."""
    tier = _independent(resolution.engine, deps)
    if tier is None:
        return Opinion(reasons=(ALONE,))
    engine, prompt = deps.models.engine(tier), digest(deps.desk.prompts[PROMPT])
    try:
        said = deps.models.ask(tier, PROMPT, to_agree_with(inquiry, resolution), Judgement)
    except (MisuseError, StorageError, ReplayMismatchError):
        raise
    except Exception as error:  # noqa: BLE001  whatever a model or its library does, nothing is seconded
        code = error.full_code if isinstance(error, CountersignError) else f"failed.model.{type(error).__name__}"
        return Opinion(reasons=(f"the second model gave no answer: {code}",), engine=engine, prompt=prompt)
    reasons = tuple(clean(reason)[:400] for reason in said.reasons)
    return Opinion(agrees=said.agrees, asked=True, reasons=reasons, engine=engine, prompt=prompt)


def _independent(first: Engine | None, deps: Deps) -> Tier | None:
    """A seat whose opinion counts: another engine than the first, or the same one under another prompt.

    The offline planner agrees with nobody: it follows the same rules whatever it is asked.
    """
    if first is None:
        return None
    prompts = deps.desk.prompts
    same_prompt = prompts[PROMPT].split() == prompts["resolver"].split()
    same_engine: list[Tier] = []
    for tier in _TIERS:
        engine = deps.models.engine(tier)
        if engine is None or engine.kind == "offline":
            continue
        if engine != first:
            return tier
        same_engine.append(tier)
    return same_engine[0] if same_engine and not same_prompt else None
