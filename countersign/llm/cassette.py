"""Cassettes: a folder of recorded answers, taken from the journal of one run and told in another."""

import json
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from countersign.domain.errors import ReplayMismatchError, SettingsError
from countersign.domain.exchange import Kept
from countersign.domain.frozen import Frozen
from countersign.domain.model import Engine, Tier

_SEATS = "seats.json"
_FORMAT = 1


class Recording(Frozen):
    """One exchange on a cassette: a file of its own, named by ticket, step and request."""

    format: int = _FORMAT
    method: str
    where: str
    """Ticket and step: `CS-1001 1/3/triage`."""
    kept: Kept


class Seats(Frozen):
    """What sat in the seats when the cassette was recorded."""

    format: int = _FORMAT
    small: Engine | None = None
    large: Engine | None = None


@dataclass(slots=True)
class Cassette:
    """Recorded answers, by request; where one request was answered twice, by ticket and step too."""

    folder: Path
    seats: Seats
    recordings: tuple[Recording, ...]
    misses: list[str] = field(default_factory=list[str])
    """What was asked and had not been recorded."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def engine(self, tier: Tier) -> Engine | None:
        """What sat in the seat, as a recorded one; the offline planner stays what it is, for it counts as no model."""
        engine: Engine | None = getattr(self.seats, tier)
        if engine is None or engine.kind == "offline":
            return engine
        return engine.model_copy(update={"kind": "recorded"})

    def answer(self, method: str, question: Kept, where: str) -> Kept:
        """The recorded exchange. Raises ReplayMismatchError (`replay.model`) naming the part that has changed."""
        same = [found for found in self.recordings if found.kept.request == question.request]
        if same:
            return next((found for found in same if found.where == where), same[0]).kept
        text = self._difference(method, question, where)
        with self._lock:
            self.misses.append(f"{where}: {text}")
        hint = f"record it anew: countersign run --record {self.folder}"
        raise ReplayMismatchError(text, where=where, hint=hint, detail="model")

    def _difference(self, method: str, question: Kept, where: str) -> str:
        """Which part of the request differs from the recorded one that is nearest to it."""
        alike = [found for found in self.recordings if found.method == method]
        if not alike:
            return f"the cassette holds no answer to {method}"
        nearest = max(alike, key=lambda found: (found.where == where, _alike(found.kept, question)))
        before, now = nearest.kept.parts, question.parts
        changed = [f"{name} has changed" for name in now if name in before and now[name] != before[name]]
        changed += [f"{name} is new" for name in now if name not in before]
        changed += [f"{name} is gone" for name in before if name not in now]
        return f"the cassette holds no answer to this {method}: {', '.join(changed[:3])}"


def _alike(one: Kept, other: Kept) -> int:
    return sum(1 for name, value in one.parts.items() if other.parts.get(name) == value)


def read_cassette(folder: Path) -> Cassette:
    """The cassette in a folder. Raises SettingsError where there is none, or a file of it can't be read."""
    hint = "name a folder that countersign run --record has written"
    if not (folder / _SEATS).is_file():
        raise SettingsError("there is no cassette in this folder", where=str(folder), hint=hint)
    current = folder / _SEATS
    try:
        seats = Seats.model_validate_json(current.read_bytes())
        found: list[Recording] = []
        for current in sorted(folder.glob("*.json")):
            if current.name != _SEATS:
                found.append(Recording.model_validate_json(current.read_bytes()))
    except (OSError, ValidationError) as error:
        raise SettingsError("this file of the cassette can't be read", where=str(current), hint=hint) from error
    return Cassette(folder, seats, tuple(found))


def write_cassette(folder: Path, seats: Seats, recordings: Iterable[Recording]) -> int:
    """Writes recordings into a folder, which may hold others, and answers how many. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / _SEATS, seats)
    count = 0
    for recording in recordings:
        _write(_place(folder, recording), recording)
        count += 1
    return count


def _place(folder: Path, recording: Recording) -> Path:
    where = recording.where.replace(" ", "-").replace("/", "-")
    return folder / f"{where}-{recording.kept.request[:12]}.json"


def forget(
    cassette: Cassette, requests: Collection[str], is_about: Callable[[bytes], bool], *, dry_run: bool = False
) -> int:
    """Deletes the recordings of some requests, and the files that are about somebody; answers how many."""
    paths = {_place(cassette.folder, one) for one in cassette.recordings if one.kept.request in requests}
    paths |= {path for path in cassette.folder.glob("*.json") if path.name != _SEATS and is_about(path.read_bytes())}
    found = [path for path in sorted(paths) if path.exists()]
    for path in () if dry_run else found:
        path.unlink()
    return len(found)


def _write(path: Path, value: Frozen) -> None:
    text = json.dumps(value.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="replace")
