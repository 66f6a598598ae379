"""The journal of reads: what a step was told, it is told again when it runs again."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from countersign.domain.errors import MisuseError, ReplayMismatchError
from countersign.domain.frozen import digest
from countersign.domain.resolution import Inquiry, Opinion, Resolution
from countersign.domain.ticket import TicketRef
from countersign.ports import (
    Clock,
    Counts,
    Deps,
    History,
    Journal,
    Knowledge,
    Ledger,
    Resolver,
    Shop,
    ShopReads,
    TriageModel,
)
from countersign.spans import Tracer


def journaled(deps: Deps, ref: TicketRef, step: str, journal: Journal, parts: Callable[[], str] = lambda: "") -> Deps:
    """Deps whose reads are recorded for one step of one turn: the step's next run reads the same answers.

    Shop reads, the help centre, earlier tickets, the triage model, the clock, what the ledger knows of other tickets
    and what the resolver came to are recorded; errors are not. `parts` answers the digest of what is in use, which is
    kept beside each answer. The shop's writes can't be reached through it (MisuseError). A recorded answer that can't
    be read any more raises ReplayMismatchError.
    """
    book = _Book(journal, ref, step, parts, deps.tracer)
    return replace(
        deps,
        shop=cast("Shop", _Recorded(deps.shop, "shop", ShopReads, book)),
        knowledge=cast("Knowledge", _Recorded(deps.knowledge, "knowledge", Knowledge, book)),
        triage=cast("TriageModel", _Recorded(deps.triage, "triage", TriageModel, book)),
        history=cast("History", _Recorded(deps.history, "history", History, book)),
        clock=cast("Clock", _Recorded(deps.clock, "clock", Clock, book)),
        ledger=cast("Ledger", _Counting(deps.ledger, "ledger", Counts, book)),
        resolver=_RecordedResolver(deps.resolver, book),
    )


class _Book:
    """The journal's page for one step."""

    def __init__(self, journal: Journal, ref: TicketRef, step: str, parts: Callable[[], str], tracer: Tracer) -> None:
        self._journal, self._ticket, self._step = journal, ref.id, f"{ref.turn}/{step}"
        self._tracer = tracer
        self._parts = parts

    def answer(
        self, method: str, arguments: Mapping[str, object], form: TypeAdapter[Any], ask: Callable[[], Any]
    ) -> Any:
        """The recorded answer to a request; the first time, the one that `ask` gives."""
        request = digest([method, arguments])
        kept = self._journal.recall(self._ticket, self._step, request)
        if kept is None:
            answer = form.dump_json(ask()).decode()
            self._journal.record(self._ticket, self._step, request, method, answer, self._parts())
            # Read back, so that the first run sees what every later one will see.
            kept = self._journal.recall(self._ticket, self._step, request)
        return self._decoded(method, form, kept or "")

    def traced(
        self, method: str, arguments: Mapping[str, object], form: TypeAdapter[Any], ask: Callable[[], Any]
    ) -> Any:
        """As `answer`, with a span that says whether it was told from the record, and how an agent failed."""
        kind, name = ("agent", _AGENTS[method]) if method in _AGENTS else ("tool", method)
        with self._tracer.span(kind, name) as span:
            asked: list[bool] = []
            found = self.answer(method, arguments, form, lambda: asked.append(True) or ask())
            span.note(recorded=not asked)
            span.failed(str(getattr(found, "failed", "")))
            return found

    def _decoded(self, method: str, form: TypeAdapter[Any], kept: str) -> Any:
        try:
            return form.validate_json(kept)
        except ValidationError as error:
            raise ReplayMismatchError(
                f"what {method} answered then can't be read now",
                where=f"{self._ticket} {self._step}",
                hint="the types have changed since; a new message to the ticket begins a fresh turn",
                detail="answer",
            ) from error


class _Recorded:
    """Stands before a port: the methods of its protocol are recorded, nothing else can be reached."""

    def __init__(self, port: object, name: str, protocol: type, book: _Book) -> None:
        self._port, self._name, self._protocol, self._book = port, name, protocol, book

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        declared = vars(self._protocol).get(method)
        if not inspect.isfunction(declared):
            text = f"{self._name}.{method} can't be called from a step: only the gateway acts"
            raise MisuseError(text, detail="write")
        signature, form = _shape(declared)

        def call(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            arguments = {name: value for name, value in bound.arguments.items() if name != "self"}
            real = getattr(self._port, method)
            answer = self._book.answer if self._name in _UNTOLD else self._book.traced
            return answer(f"{self._name}.{method}", arguments, form, lambda: real(*args, **kwargs))

        return call


class _Counting(_Recorded):
    """Stands before the ledger: what it knows of other tickets is recorded; the ticket's own rows are not."""

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return super().__getattr__(method) if hasattr(self._protocol, method) else getattr(self._port, method)


class _RecordedResolver:
    """Stands before the resolver: what it came to is recorded whole; on the way there it reads recorded deps."""

    def __init__(self, resolver: Resolver, book: _Book) -> None:
        self._resolver, self._book = resolver, book

    def resolve(self, inquiry: Inquiry, deps: Deps) -> Resolution:
        """The recorded resolution of the same inquiry; the first time, the resolver's own."""
        asked = {"inquiry": inquiry, "prompt": deps.desk.prompts.get("resolver", "")}
        return self._book.traced("resolver.resolve", asked, _RESOLUTION, lambda: self._resolver.resolve(inquiry, deps))

    def second(self, inquiry: Inquiry, resolution: Resolution, deps: Deps) -> Opinion:
        """The recorded opinion on the same resolution; the first time, the second model's own."""
        asked = {"inquiry": inquiry, "resolution": resolution, "prompt": deps.desk.prompts.get("critic", "")}
        return self._book.traced(
            "resolver.second", asked, _OPINION, lambda: self._resolver.second(inquiry, resolution, deps)
        )


_UNTOLD = ("clock", "ledger")
"""Ports whose answers are no lookup: they have no span of their own."""
_AGENTS = {"resolver.resolve": "resolver", "resolver.second": "critic"}
_RESOLUTION, _OPINION = TypeAdapter(Resolution), TypeAdapter(Opinion)


@cache
def _shape(declared: Callable[..., Any]) -> tuple[inspect.Signature, TypeAdapter[Any]]:
    """How a protocol's method is called, and the JSON form of what it answers."""
    return inspect.signature(declared), TypeAdapter(get_type_hints(declared)["return"])
