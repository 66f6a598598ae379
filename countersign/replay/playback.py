"""The journal, played back: what a step was told it is told again, and what it was never told it is not told now."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, cast

from countersign.domain.errors import ReplayMismatchError
from countersign.domain.ticket import TicketRef
from countersign.ledger.journal import journaled
from countersign.ledger.recording import Recording
from countersign.ledger.rows import Row
from countersign.llm.models import bound_to
from countersign.ports import Deps
from countersign.replay.compare import difference
from countersign.replay.found import Cause

_CLOCK, _TRIAGE = "clock.now", "triage.predict"
_FACTS = ("shop.", "knowledge.")
_NAMES = ("number", "id", "code", "sku", "source")
"""Fields by which an answer names what it is about, the most telling first."""


class UnrecordedError(ReplayMismatchError):
    """A step asks what it did not ask then."""


class StoppedClock:
    """A clock that shows the time of what is being replayed."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


class Guarded:
    """Stands before a port: the world is only read where the playback lets a step ask anew."""

    def __init__(self, name: str, port: object, playback: "Playback") -> None:
        self._name, self._port, self._playback = name, port, playback

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)

        def call(*args: object, **kwargs: object) -> Any:
            if self._playback.asks_anew:
                return getattr(self._port, method)(*args, **kwargs)
            said = ", ".join(map(str, (*args, *kwargs.values())))
            raise UnrecordedError(f"{self._name}.{method}({said}) was not asked then", detail="unrecorded")

        return call


class Playback:
    """`ports.Journal` over a record: it answers as then, and keeps in memory what is asked anew.

    With `live` the facts are looked up now and compared. Once `free` is set, a step may ask what it did not ask then.
    """

    def __init__(self, record: Recording, clock: StoppedClock, *, live: bool, triage: str) -> None:
        self._record, self._clock, self._live, self._triage = record, clock, live, triage
        self.free = False
        self.parts = ""
        """Digest of what was in use when the last recorded answer was given."""
        self.facts: list[Cause] = []
        """Facts that differ from the recorded ones, since the list was last emptied."""
        self._rows: list[dict[str, list[str]]] = []
        self._by_step: dict[tuple[str, str], Row] = {}
        self._by_request: dict[str, Row] = {}
        self._visits: dict[str, list[str]] = {}
        self._fresh: dict[tuple[str, str], str] = {}

    @property
    def asks_anew(self) -> bool:
        """Whether a step may read from the world what is not recorded."""
        return self._live or self.free

    def begin(self, turn: int) -> None:
        """Goes to a turn's part of the record."""
        rows = self._record.journal_of(turn)
        self._by_step = {(row["step"], row["request"]): row for row in rows}
        self._by_request = {row["request"]: row for row in rows}
        self._rows, self._visits = _runs(rows), {}
        self.parts = next((row["parts"] for row in rows), "")

    def scope(self, deps: Deps, ref: TicketRef, step: str) -> Deps:
        """Deps that read from the record; see `ports.Scope`."""
        return replace(journaled(deps, ref, step, self), models=bound_to(deps.models, ref, step))

    def recall(self, ticket: str, step: str, request: str) -> str | None:
        """The recorded answer; None where there is none, or where it has to be asked again."""
        del ticket
        if (step, request) in self._fresh:
            return self._fresh[step, request]
        row = self._row(step, request)
        if row is None:
            return None
        self.parts = row["parts"] or self.parts
        if self._is_asked_again(row):
            return None
        if row["method"] == _CLOCK:
            self._clock.time = datetime.fromisoformat(json.loads(row["answer"])).astimezone(UTC)
        return str(row["answer"])

    def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
        """Keeps a new answer for this replay, and how it differs from the recorded one."""
        del ticket, parts
        row = self._row(step, request)
        if row is not None and method.startswith(_FACTS):
            self.facts += _differences(method, json.loads(row["answer"]), json.loads(answer))
        self._fresh[step, request] = answer

    def knows(self, node: str) -> bool:
        """Whether the turn's record has anything that this node read."""
        return any(node in run for run in self._rows)

    def _row(self, step: str, request: str) -> Row | None:
        node = step.rpartition("/")[2]
        visits = self._visits.setdefault(node, [])
        if step not in visits:
            visits.append(step)
        none: list[str] = []
        recorded = next((run[node] for run in reversed(self._rows) if node in run), none)
        place = visits.index(step)
        row = self._by_step.get((recorded[place], request)) if place < len(recorded) else None
        return self._by_request.get(request) if row is None and self.free else row

    def _is_asked_again(self, row: Row) -> bool:
        if row["method"] == _TRIAGE:
            return bool(self._triage) and json.loads(row["answer"]).get("model") != self._triage
        return self._live and str(row["method"]).startswith(_FACTS)


def outside(deps: Deps) -> tuple[str, ...]:
    """Names of the ports that a step reads the world through: whatever the journal stands before but our own."""
    scoped = journaled(deps, TicketRef(id="", turn=0), "", Playback.__new__(Playback))
    ours = ("ledger", "clock", "triage")
    names = [field.name for field in fields(Deps) if field.name not in ours]
    return tuple(name for name in names if getattr(scoped, name) is not getattr(deps, name))


def _runs(rows: list[Row]) -> list[dict[str, list[str]]]:
    """The turn's steps by node, one mapping for each time that it was run from its beginning.

    Within a run the steps' numbers grow; a thread that was forgotten begins to count again.
    """
    found: list[dict[str, list[str]]] = []
    last = 0
    for step in dict.fromkeys(str(row["step"]) for row in rows):
        _, number, node = (*step.split("/"), "", "")[:3]
        if not found or int(number or 0) < last:
            found.append({})
        last = int(number or 0)
        found[-1].setdefault(node, []).append(step)
    return found


def _differences(method: str, then: Any, now: Any) -> list[Cause]:
    """The first field in which a fact is other now; that its version is other is said only where nothing else is."""
    found = difference(_without_version(then), _without_version(now)) or difference(then, now)
    if found is None:
        return []
    about = " ".join(part for part in (method, _about(now) or _about(then)) if part)
    name = f"{about}: {found.path}" if found.path else about
    return [Cause(kind="fact", name=name, then=_said(found.then), now=_said(found.now))]


def _without_version(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: item for key, item in cast("Mapping[str, Any]", value).items() if key != "version"}


def _about(answer: Any) -> str:
    """What an answer is about, by its own word; of several the first."""
    if isinstance(answer, list):
        items = cast("list[Any]", answer)
        return _about(items[0]) if items else ""
    if not isinstance(answer, Mapping):
        return ""
    known = cast("Mapping[str, Any]", answer)
    return next((str(known[name]) for name in _NAMES if name in known), "")


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
