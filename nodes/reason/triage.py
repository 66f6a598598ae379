"""triage: which requests the messages make, or that the desk can't name them."""

from countersign.domain.perception import Clues, Intent, Perception, Triage
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.reason.naming import named
from nodes.reason.playbooks.case import continued_request

_MOST_ORDERS = 5
"""Named orders that are looked up; a text that names more speaks of none in particular."""


def triage(state: TicketState, *, deps: Deps) -> Update:
    """One to three intents, or an abstention with its reasons.

    Where the desk's own model abstains, a language model is asked, if one is seated for that. An answer to our own
    clarifying question continues the request that was asked about.
    """
    perception, memory = state.get("perception"), state.get("memory")
    if perception is None or not perception.messages:
        return Update(triage=Triage(abstained=True, reasons=("nothing to read",)))
    clues = _clues(state, perception, deps)
    predicted = deps.triage.predict(perception.subject, perception.text, perception.language, clues)
    continued = continued_request(memory, perception) if memory else None
    if continued and not _says_otherwise(predicted, continued):
        return Update(triage=_continuing(continued, perception, predicted))
    return Update(triage=named(predicted, perception, deps) if predicted.abstained else predicted)


def _clues(state: TicketState, perception: Perception, deps: Deps) -> Clues:
    """What the message names, and how the sender's own orders among that stand."""
    sender, named = state.get("sender"), perception.entities.orders[:_MOST_ORDERS]
    found = [deps.shop.order(number) for number in named] if sender and sender.customer else []
    own = tuple(order.status for order in found if order and sender and order.customer == sender.customer)
    return Clues(entities=perception.entities, orders=own)


def _says_otherwise(predicted: Triage, continued: str) -> bool:
    """Whether the answer itself names another request, and so is more than an answer."""
    return any(intent.request != continued for intent in predicted.intents)


def _continuing(request: str, perception: Perception, predicted: Triage) -> Triage:
    intent = Intent(request=request, confidence=1.0, text=perception.text)
    return Triage(
        intents=(intent,), reasons=("answers our question",), model=predicted.model, version=predicted.version
    )


def route_triaged(state: TicketState) -> str:
    """`person` where somebody must see it, `unknown` where triage abstained, else `known`."""
    triaged = state.get("triage")
    if triaged is not None and triaged.escalated:
        return "person"
    return "unknown" if triaged is None or triaged.abstained or not triaged.intents else "known"
