"""A provider and a way out whose calls fail: before anything happens, after it has happened, or for good."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from countersign.domain.errors import CountersignError, FailedError, RetryError, UnknownOutcomeError
from countersign.ports import Outbox, Shop, ShopWrites
from countersign.runtime import Runtime

Fault = Callable[[str, Callable[[], Any]], Any]
"""Is given a call's name and the real call, and answers or raises in its place."""

_CHANGES = frozenset(name for name in vars(ShopWrites) if not name.startswith("_") and name != "lookup") | {"send"}


class _Faulty:
    """The real thing, whose changes go through a fault; everything else is passed on."""

    def __init__(self, real: Shop | Outbox, fault: Fault) -> None:
        self._real, self._fault = real, fault

    def __getattr__(self, name: str) -> Any:
        real: Callable[..., Any] = getattr(self._real, name)
        return partial(self._call, name, real) if name in _CHANGES else real

    def _call(self, name: str, real: Callable[..., Any], *given: Any) -> Any:
        return self._fault(name, partial(real, *given))


class Switch:
    """A fault that can be changed while the desk is open; none lets everything through."""

    fault: Fault | None = None

    def __call__(self, name: str, real: Callable[[], Any]) -> Any:
        """What the fault of the moment makes of a call."""
        return self.fault(name, real) if self.fault else real()


def refusing(call: str) -> Fault:
    """The provider refuses one kind of call for good; nothing happens."""

    def fault(name: str, real: Callable[[], Any]) -> Any:
        if name == call:
            raise FailedError("the provider refuses", detail="refused_by_provider")
        return real()

    return fault


def sometimes(draw: random.Random) -> Fault:
    """A third of the calls fail: busy, refused, answer lost before or after it happened."""

    def fault(_: str, real: Callable[[], Any]) -> Any:
        errors: list[CountersignError | None] = [
            None, None, None, None, None, None, RetryError("busy", detail="busy"),
            FailedError("the provider refuses", detail="refused_by_provider"),
            UnknownOutcomeError("no answer", detail="timeout"),
        ]  # fmt: skip
        error, happened = draw.choice(errors), draw.random() < 0.5
        if error is None:
            return real()
        if isinstance(error, UnknownOutcomeError) and happened:
            real()
        raise error

    return fault


def faulty(runtime: Runtime, fault: Fault | None) -> Runtime:
    """The runtime with its provider and its way out behind the fault; the same one where there is none."""
    if fault is None:
        return runtime
    from graphs.support import support_graph

    shop: Shop = _Faulty(runtime.deps.shop, fault)  # pyright: ignore[reportAssignmentType]  it passes everything on
    outbox: Outbox = _Faulty(runtime.deps.outbox, fault)  # pyright: ignore[reportAssignmentType]  likewise
    deps = replace(runtime.deps, shop=shop, outbox=outbox)
    return replace(runtime, deps=deps, graph=support_graph(deps, runtime.saver))
