"""How state becomes bytes: msgpack with an allow-list of the types that may be built again."""

from collections.abc import Iterable
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from countersign.domain.errors import MisuseError

_TUPLE = "tuple"
"""Type tag of a value that was a tuple: msgpack alone would give a list back."""


class StateSerializer(JsonPlusSerializer):
    """The library's serializer, except that a channel's tuple comes back as a tuple.

    Only the value itself is looked at; a tuple inside a dict comes back as a list, one inside a
    pydantic model as the model declares it.
    """

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The value as a type tag and bytes."""
        if type(obj) is tuple:
            return _TUPLE, super().dumps_typed([*obj])[1]
        return super().dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value again; a type that is not allowed comes back as plain data."""
        if data[0] == _TUPLE:
            return tuple(super().loads_typed(("msgpack", data[1])))
        return super().loads_typed(data)


def serializer(types: Iterable[type]) -> JsonPlusSerializer:
    """The serializer that builds these types, the library's own safe ones, and nothing else.

    Raises MisuseError for a type that could not be found again by module and name.
    """
    return StateSerializer(allowed_msgpack_modules=[_findable(each) for each in types])


def _findable(state_type: type) -> tuple[str, str]:
    module, name = state_type.__module__, state_type.__qualname__
    if "." in name or module == "__main__":
        raise MisuseError(
            f"{module}.{name} can't be a state type",
            hint="declare it at the top level of a module that can be imported",
        )
    return module, name
