"""Reads the JSON values that the ledger's story is told in, without trusting their shape."""

from collections.abc import Iterator

from pydantic import JsonValue

from countersign.display.words import line


def inner(value: JsonValue, *names: str) -> JsonValue:
    """What stands under these names; None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: JsonValue, *names: str) -> str:
    """What stands there as text; empty where there is nothing."""
    found = inner(value, *names)
    return "" if found is None else str(found)


def each(value: JsonValue, *names: str) -> Iterator[JsonValue]:
    """The items of the list that stands there; none where there is no list."""
    found = inner(value, *names)
    yield from found if isinstance(found, list) else ()


def texts(value: JsonValue, *names: str) -> tuple[str, ...]:
    """The items of the list that stands there, each as one line of text."""
    return tuple(line(str(item)) for item in each(value, *names))


def intents(triage: JsonValue) -> str:
    """The requests that triage named, each with its confidence or who named it; empty where it abstained."""
    if inner(triage, "abstained"):
        return ""
    return ", ".join(f"{text(intent, 'request')} ({_share(intent)})" for intent in each(triage, "intents"))


def _share(intent: JsonValue) -> str:
    """A confidence, rounded down: what is not certain does not look certain."""
    if text(intent, "named_by") == "model":
        return "by a model"
    confidence = inner(intent, "confidence")
    return f"{int(confidence * 100) / 100:.2f}" if isinstance(confidence, float | int) else ""


def pairs(value: JsonValue, *names: str) -> str:
    """What stands there as `name value` in one line, in the order of the names."""
    found = inner(value, *names)
    items = sorted(found.items()) if isinstance(found, dict) else []
    return ", ".join(line(f"{name} {_word(item)}") for name, item in items)


def _word(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)
