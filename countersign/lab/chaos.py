"""Chaos: episodes of whatever can be done to a desk in any order, drawn by a seed, each judged from the outside."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from countersign.domain.errors import CountersignError
from countersign.domain.ticket import Message
from countersign.lab.checker import ACTIVITY, check
from countersign.lab.faults import Switch, faulty, sometimes
from countersign.lab.forks import KILLED, KillAt, in_child, shared_out, told_by_child
from countersign.lab.operations import OPERATIONS, Scene, deliver, go_on, unhalt
from countersign.lab.stage import LabClock, Stage, sample_mail
from countersign.ledger.export import export_audit
from countersign.runtime import Runtime

MAILS = ("005", "019", "020", "024", "036", "049", "066", "100")
"""Small and large refunds, cancellations, new addresses: what needs nobody, and what needs a person."""
_STEPS = (5, 11)
_KILLED, _FAULTY, _TOGETHER = 0.3, 0.35, 0.15
_LATEST_POINT = 140
_CLOCK: tuple[dict[str, float], ...] = (
    {"hours": 1}, {"hours": -1}, {"minutes": 90}, {"days": 1}, {"days": -1}, {"days": 4},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done, by as many processes at once as there are names."""

    names: tuple[str, ...]
    seed: str
    kill: int
    """The point at which the first of them is killed; 0 where none is."""
    faults: bool
    clock: dict[str, float]
    """How the clock has moved before it."""


@dataclass(slots=True)
class Chaos:
    """What the episodes came to."""

    seed: int
    episodes: int = 0
    survived: int = 0
    violations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done: Counter[str] = field(default_factory=Counter[str])
    """How often each thing was done."""
    ends: Counter[str] = field(default_factory=Counter[str])
    """How those things ended: done, killed, or the code of the refusal."""
    activity: Counter[str] = field(default_factory=Counter[str])

    def add(self, told: dict[str, Any]) -> None:
        """One more episode."""
        self.episodes += 1
        self.survived += not told["violations"]
        self.violations += told["violations"]
        self.done.update(told["done"])
        self.ends.update(told["ends"])
        self.activity.update(told["activity"])

    @property
    def ok(self) -> bool:
        """No promise was broken, and enough happened: an effect for every other episode, refusals, and kills."""
        busy = self.activity["effects"] * 2 >= self.episodes > 0 and self.activity["people"] * 4 >= self.episodes
        return not self.violations and busy

    @property
    def bound(self) -> float:
        """At most this share of episodes breaks a promise, at 95 % confidence, where none did: exact, about 3/n."""
        return 1.0 if not self.episodes else 1 - 0.05 ** (1 / self.episodes)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        counts = {name: dict(sorted(getattr(self, name).items())) for name in ("done", "ends", "activity")}
        return {"ok": self.ok, "seed": self.seed, "episodes": self.episodes, "survived": self.survived,
                "bound_95": round(self.bound, 6), **counts, "violations": self.violations}  # fmt: skip


def run_chaos(
    stage: Stage, *, episodes: int, seed: int, workers: int, heard: Callable[[int, int], None], first: int = 1
) -> Chaos:
    """So many episodes from the first; episode n of a seed is the same whatever runs beside it.

    What three processes do at the same moment is drawn by the seed; which of them is faster is not.
    """
    messages = tuple(sample_mail(*MAILS))
    _load_all(stage, messages)
    chaos, numbers = Chaos(seed), range(first, first + episodes)
    told = shared_out(numbers, partial(_episode, stage, messages, seed), workers)
    for one in sorted(_heard(told, heard, episodes), key=lambda one: one["episode"]):
        chaos.add(one)
    return chaos


def _heard(told: Iterator[dict[str, Any]], heard: Callable[[int, int], None], total: int) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(told, start=1):
        heard(number, total)
        yield one


def _load_all(stage: Stage, messages: tuple[Message, ...]) -> None:
    """Runs once in this process, so that its children find everything imported."""
    with stage.open(stage.fresh("first")) as runtime:
        for operation in (deliver, go_on):
            operation(Scene(runtime, messages[1:2], random.Random(0)))


def steps(seed: int, episode: int) -> Iterator[Step]:
    """What is done in an episode."""
    draw = random.Random(f"{seed}/{episode}")
    names, weights = list(OPERATIONS), [weight for _, weight in OPERATIONS.values()]
    for number in range(draw.randint(*_STEPS)):
        at_once = 3 if draw.random() < _TOGETHER else 1
        drawn = draw.choices(names, weights, k=at_once) if number else ["deliver"]
        yield Step(
            names=tuple(drawn), seed=f"{seed}/{episode}/{number}",
            kill=draw.randint(1, _LATEST_POINT) if draw.random() < _KILLED else 0, faults=draw.random() < _FAULTY,
            clock=draw.choice(_CLOCK) if number and draw.random() < 0.2 else {},
        )  # fmt: skip


def _episode(stage: Stage, messages: tuple[Message, ...], seed: int, episode: int) -> dict[str, Any]:
    """In a worker: plays an episode on files of its own, puts right what it left, and has it judged."""
    place = _Place(stage, messages, stage.fresh(f"episode-{episode}"), LabClock())
    done, ends, left = Counter[str](), Counter[str](), list(steps(seed, episode))
    for step in left:
        done.update((*step.names, *(["clock"] if step.clock else []), *(["together"] if step.names[1:] else [])))
    while left:
        alone = list(takewhile(lambda step: not step.names[1:], left))
        told = list(told_by_child(partial(_one_after_another, place, alone)) if alone else _together(place, left[0]))
        ends.update(told)
        count = len(told) if alone else 1
        for step in left[:count]:
            place.clock.move(**step.clock)
        del left[:count]
    for _ in range(2):
        in_child(partial(_put_right, place))
    report = check(exported(place.var), place.var / "shop.db", place.var / "outbox")
    found = [{"episode": episode, "promise": one.promise, "text": one.text} for one in report.violations]
    activity = {name: report.counts[name] for name in ACTIVITY}
    return {"episode": episode, "violations": found, "done": done, "ends": ends, "activity": activity}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an episode is played."""

    stage: Stage
    messages: tuple[Message, ...]
    var: Path
    clock: LabClock


def _one_after_another(place: _Place, alone: list[Step]) -> Iterator[str]:
    """In a child: step by step on one open desk, until all are done or it is killed; how each ended."""
    kill, switch = KillAt(0), Switch()
    with place.stage.open(place.var, place.clock, kill) as opened:
        runtime = faulty(opened, switch)
        for step in alone:
            place.clock.move(**step.clock)
            kill.arm(step.kill)
            yield _act(runtime, place.messages, step, 0, switch)


def _together(place: _Place, step: Step) -> list[str]:
    """Three processes at the same moment, the first of which may be killed."""

    def act(number: int) -> str:
        kill, switch = KillAt(0 if number else step.kill), Switch()
        place.clock.move(**step.clock)
        with place.stage.open(place.var, place.clock, kill) as opened:
            return _act(faulty(opened, switch), place.messages, step, number, switch)

    numbers = range(len(step.names))
    return list(shared_out(numbers, lambda number: in_child(partial(act, number)) or KILLED, len(numbers)))


def _act(runtime: Runtime, messages: tuple[Message, ...], step: Step, number: int, switch: Switch) -> str:
    """Does one thing; whatever refuses it is how it ended."""
    draw = random.Random(f"{step.seed}/{number}")
    switch.fault = sometimes(draw) if step.faults else None
    try:
        OPERATIONS[step.names[number]][0](Scene(runtime, messages, draw))
    except CountersignError as error:
        return error.full_code
    except Exception as error:  # noqa: BLE001  the library's own refusals have no common kind
        return type(error).__name__
    return "done"


def _put_right(place: _Place) -> str:
    """In a child: nothing fails any more, nothing is stopped, and what was left goes on."""
    with place.stage.open(place.var, place.clock) as runtime:
        scene = Scene(runtime, place.messages, random.Random(0))
        unhalt(scene)
        go_on(scene)
    return "done"


def exported(var: Path) -> Path:
    """The audit of a desk, as a file beside it."""
    target = var / "audit.jsonl"
    target.write_text("".join(line + "\n" for line in export_audit(var / "ledger.db")), encoding="utf-8")
    return target
