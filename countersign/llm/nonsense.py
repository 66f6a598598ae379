"""Values that are valid under a JSON schema and mean nothing, or what somebody wants them to mean."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

_WORDS = "gladly maybe refund lamp seven quite the of never order green parcel asap window none".split()
_MOST_ITEMS = 3
_DEEPEST = 6
_LIKELY = 0.6
_STRANGE = 0.1
_SEEN: Mapping[str, str] = MappingProxyType(
    {
        "order": r"\bFH-\d{5}\b", "skus": r"\b[A-Z]{3,5}(?:-[A-Z0-9]+)+\b", "because": r"\bF[0-9a-f]{6}\b",
        "facts": r"\bF[0-9a-f]{6}\b", "address": r"\bF[0-9a-f]{6}\b", "proposals": r"\bP[0-9a-f]{6}\b",
    }
)  # fmt: skip
"""What a field of that name holds: mostly something that was read. Without that no nonsense would get past a form."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is preferred where the schema leaves a choice; with nothing in it, everything is chance."""

    choices: tuple[str, ...] = ()
    """Words that a chosen option should hold."""
    texts: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    yes: bool = False


class Inventor:
    """Invents values, by chance that a seed decides; texts that must fit a pattern are taken from what was read."""

    def __init__(self, chance: random.Random, seen: str, wishes: Wishes) -> None:
        self.seen = seen
        self._chance, self._wishes = chance, wishes

    def value(
        self, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, depth: int = 0, name: str = ""
    ) -> Any:
        """A value for a schema, in a field of that name; what the schema leaves open is short."""
        root = root if root is not None else schema
        schema = self._settled(schema, root)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._chosen(list(schema["enum"]))
        match self._kind(schema):
            case "object":
                return self._object(schema, root, depth)
            case "array":
                return self._array(schema, root, depth, name)
            case "integer":
                return int(self._number(schema, whole=True))
            case "number":
                return self._number(schema, whole=False)
            case "boolean":
                return self._wishes.yes or self._chance.random() < 0.5
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _kind(self, schema: Mapping[str, Any]) -> str:
        kind: object = schema.get("type", "object" if "properties" in schema else "string")
        return self._chance.choice(cast("list[str]", kind)) if isinstance(kind, list) else str(kind)

    def _settled(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with its references followed and its alternatives chosen."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                found: Any = root
                for name in str(schema["$ref"]).removeprefix("#/").split("/"):
                    found = found[name]
                schema = cast("Mapping[str, Any]", found)
            elif "anyOf" in schema or "oneOf" in schema:
                options = cast("Sequence[Mapping[str, Any]]", schema.get("anyOf") or schema["oneOf"])
                wanted = [option for option in options if option.get("type") != "null"] if self._wishes.yes else options
                schema = self._chance.choice(list(wanted or options))
            elif "allOf" in schema:
                schema = {name: value for part in schema["allOf"] for name, value in part.items()}
        return schema

    def _object(self, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        fields = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))
        return {
            name: self.value(field, root, depth + 1, name)
            for name, field in fields.items()
            if name in required or (depth < _DEEPEST and self._chance.random() < _LIKELY)
        }

    def _array(self, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int, name: str) -> list[Any]:
        least = int(schema.get("minItems", 0))
        most = min(int(schema.get("maxItems", least + _MOST_ITEMS)), least + _MOST_ITEMS)
        unseen = name in _SEEN and not re.search(_SEEN[name], self.seen)
        count = least if unseen or depth >= _DEEPEST else self._chance.randint(least, most)
        return [self.value(schema.get("items", {}), root, depth + 1, name) for _ in range(count)]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10**6))
        fitting = [number for number in self._wishes.numbers if low <= number <= high]
        if fitting and self._chance.random() < _LIKELY:
            return self._chance.choice(fitting)
        if self._wishes.yes:
            return high
        return self._chance.randint(int(low), int(high)) if whole else self._chance.uniform(low, high)

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        pattern = schema.get("pattern") or (_SEEN.get(name) if self._chance.random() > _STRANGE else None)
        if pattern:
            found = re.findall(str(pattern).strip("^$"), self.seen)
            whole = [item for item in found if isinstance(item, str) and item]
            if whole:
                return self._chance.choice(whole)
        if self._wishes.texts and self._chance.random() < _LIKELY:
            return self._cut(self._chance.choice(self._wishes.texts), schema)
        words = self.seen.split() or list(_WORDS)
        picked = [self._chance.choice(words if self._chance.random() < _LIKELY else _WORDS) for _ in range(6)]
        return self._cut(" ".join(picked), schema)

    def _cut(self, text: str, schema: Mapping[str, Any]) -> str:
        return text[: int(schema.get("maxLength", 400))].ljust(int(schema.get("minLength", 0)), "x")

    def _chosen(self, options: list[Any]) -> Any:
        wanted = [option for option in options if any(word in str(option) for word in self._wishes.choices)]
        return self._chance.choice(wanted or options)
