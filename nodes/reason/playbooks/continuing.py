"""Whether a message is no more than the answer to our own question."""

import re

from countersign.domain.perception import Memory, Perception

_SHORT = 15
"""Words that an answer may have besides what was asked for."""
_WISHES = re.compile(
    r"\b(?:cancel|refund|return|exchange|swap|change|track|where|when|why|how|damaged|broken|missing|wrong|invoice|"
    r"receipt|close|delete|pause|stop|login|log in|charged|code|export|instead|another|also|complaint)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:\b[A-Z]{2,4}-?[0-9]{2,}\S*)|\S+@\S+|[0-9]+", re.IGNORECASE)


def continued_request(memory: Memory, perception: Perception) -> str | None:
    """The request that our question was about, where this turn is a short answer to it; None otherwise.

    An answer that makes a wish of its own (“cancel it instead”) is read afresh.
    """
    last = memory.turns[-1] if memory.turns else None
    if last is None or not last.asked or not last.requests:
        return None
    words = [word for word in _LISTED.sub(" ", perception.text).split() if any(map(str.isalpha, word))]
    brief = len(words) <= _SHORT and not _WISHES.search(perception.text) and "?" not in perception.text
    answered = bool(perception.text.strip()) or any(message.attachments for message in perception.messages)
    return last.requests[0] if brief and answered else None
