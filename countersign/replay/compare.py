"""Whether two steps came to the same: as JSON, without what may differ and decides nothing."""

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from countersign.replay.found import Difference

_IGNORED = frozenset({"resumed"})
"""Channels that say nothing: what a thread was woken with."""
_DROPPED: Mapping[str, frozenset[str]] = {
    "triage": frozenset({"model", "confidence"}),
    "verdict": frozenset({"policy"}),
    "review": frozenset({"id", "policy"}),
    "outcome": frozenset(),
}
"""Fields that change with a part's digest whether or not it decides otherwise; a digest is named as a cause instead."""


def wrote(update: Mapping[str, Any] | None) -> dict[str, JsonValue]:
    """What a step wrote, as it is compared; a channel that was only cleared is as good as not written."""
    return {
        name: value
        for name, given in (update or {}).items()
        if name not in _IGNORED and (value := _plain(name, given)) not in (None, [], "")
    }


def difference(then: Any, now: Any, path: str = "") -> Difference | None:
    """The first place where two JSON values differ; None where they don't."""
    if _is_mapping(then) and _is_mapping(now):
        return _in_mappings(then, now, path)
    if _is_list(then) and _is_list(now):
        return _in_lists(then, now, path)
    return None if then == now else Difference(path=path, then=then, now=now)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _in_mappings(then: Mapping[str, Any], now: Mapping[str, Any], path: str) -> Difference | None:
    for name in dict.fromkeys((*then, *now)):
        where = f"{path}.{name}" if path else name
        if found := difference(then.get(name), now.get(name), where):
            return found
    return None


def _in_lists(then: list[Any], now: list[Any], path: str) -> Difference | None:
    for place in range(max(len(then), len(now))):
        where = f"{path}[{place}]"
        if place >= len(then) or place >= len(now):
            gone, new = then[place : place + 1], now[place : place + 1]
            return Difference(path=where, then=gone[0] if gone else None, now=new[0] if new else None)
        if found := difference(then[place], now[place], where):
            return found
    return None


def _plain(channel: str, value: object) -> JsonValue:
    found = to_jsonable_python(value, serialize_unknown=True)
    return _without(found, _DROPPED.get(channel, frozenset()))


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {name: _without(item, names) for name, item in items if name not in names}
    if isinstance(value, list):
        return [_without(item, names) for item in cast("list[Any]", value)]
    return value


def unpacked(text: str) -> Any:
    """A JSON text of the ledger."""
    return json.loads(text)
