"""How triage reads a text: masked, and cut into segments. Pure, and without any scientific library."""

import re

# Repetitions are bounded, so that no text makes a pattern take more than linear time.
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://\S+"), " weblink "),
    (re.compile(r"(?<![^\s<>(),;:])[^\s@]{1,80}@\S{1,255}"), " mailaddress "),
    (re.compile(r"#?\b[a-z]{1,3}[- ]?\d{4,}\b"), " ordernumber "),
    (re.compile(r"(?:€|\beur\b|\$) ?\d[\d.,]{0,15}|\d[\d.,]{0,15} ?(?:€|\beuros?\b|\beur\b)"), " amount "),
    (re.compile(r"\d+"), "0"),
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|;\s+")
_CLAUSE_START = re.compile(
    r",? (?:and(?: also)?|also|plus|but|besides|additionally),? "
    r"(?=(?:can|could|please|pls|i|i'd|i'm|where|how|when|what|why|is|do|does|would|will|my|one|the|send|cancel|change|close|delete|pause|return|exchange|stop|refund|tell|let)\b)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"(?<=[^\n]{50})[ \t]{0,9}\n(?=[^\s\-*•])")
"""The break after a long line: a mail program's, not the writer's."""
_WORD = re.compile(r"\w+")


def mask(text: str) -> str:
    """Lower case, with order numbers, amounts, addresses and digits replaced by what they are."""
    masked = " ".join(text.lower().replace("’", "'").split())
    for pattern, word in MASKS:
        masked = pattern.sub(word, masked)
    return " ".join(masked.split())


def joined(subject: str, text: str) -> str:
    """Subject and body as one text, the way labelled examples hold them."""
    return f"{subject.strip()}\n\n{text.strip()}".strip()


def count_words(text: str) -> int:
    """How many runs of letters or digits a text has."""
    return sum(1 for _ in _WORD.finditer(text))


def sentences(text: str) -> list[str]:
    """The sentences and lines in order, with single spaces; lines that a mail program wrapped are joined."""
    unwrapped = _WRAPPED.sub(" ", text.replace("\r\n", "\n"))
    return [" ".join(part.split()) for part in _SENTENCE_END.split(unwrapped) if part.strip()]


def segments(text: str, least_words: int) -> list[str]:
    """Sentences, cut once more where a new clause starts a request of its own; each has at least so many words."""
    clauses = [clause.strip() for sentence in sentences(text) for clause in _CLAUSE_START.split(sentence)]
    return [clause for clause in clauses if count_words(clause) >= least_words]
