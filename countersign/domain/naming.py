"""What becomes of an abstention when a language model is asked which request it is."""

from countersign.domain.frozen import Frozen
from countersign.domain.model import Engine
from countersign.domain.perception import Intent, Triage


class Named(Frozen):
    """What a model said: the requests it sees, whether it is sure, whether a person should see the message first."""

    sure: bool
    unusual: bool
    requests: tuple[str, ...]


def as_named(abstained: Triage, said: Named, engine: Engine, text: str) -> Triage:
    """The requests where the model is sure and nothing is unusual, otherwise the abstention, with one more reason."""
    if not said.sure or said.unusual or not said.requests:
        return with_reason(abstained, f"{engine.name} can't name it for sure")
    names = dict.fromkeys(said.requests)
    intents = tuple(Intent(request=name, confidence=0.0, text=text, named_by="model") for name in names)
    reasons = (*abstained.reasons, f"{engine.name} named it")
    return Triage(intents=intents, reasons=reasons, model=abstained.model, engine=engine)


def with_reason(abstained: Triage, reason: str) -> Triage:
    """The abstention with one more reason."""
    return abstained.model_copy(update={"reasons": (*abstained.reasons, reason)})


def unnamed(abstained: Triage, code: str, text: str) -> Triage:
    """The abstention where no model gave an answer; `code` is the error's."""
    return with_reason(abstained, f"no model named it: {text} ({code})")
