"""The crash matrix: SIGKILL at every numbered point, once and twice, and what the world looks like afterwards."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from countersign.domain.errors import FailedError
from countersign.domain.ticket import Message
from countersign.lab.checker import check
from countersign.lab.evidence import read
from countersign.lab.forks import KillAt, in_child, shared_out
from countersign.lab.scenarios import SCENARIOS, Scenario, play
from countersign.lab.stage import Stage, sample_mail
from countersign.ledger.export import export_audit

World = Counter[str]
Way = Literal["single", "double"]


@dataclass(frozen=True, slots=True)
class Course:
    """A scenario with nothing killed: what every other course of it is compared with."""

    scenario: Scenario
    messages: list[Message]
    points: tuple[str, ...]
    world: World


@dataclass(frozen=True, slots=True)
class Ending:
    """What one course came to that was killed, and then played to its end by new processes."""

    scenario: str
    way: Way
    killed: tuple[str, ...]
    """The points, in order."""
    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    broken: tuple[str, ...]
    """What the independent checker objects to."""

    @property
    def survived(self) -> bool:
        """The world is as if nothing had been killed, and every promise was kept."""
        return not (self.lost or self.duplicated or self.broken)


@dataclass(slots=True)
class Tally:
    """How often, and how it went."""

    tried: int = 0
    survived: int = 0
    lost: int = 0
    duplicated: int = 0
    broken: int = 0

    def add(self, ending: Ending) -> None:
        """One more ending."""
        self.tried += 1
        self.survived += ending.survived
        self.lost += bool(ending.lost)
        self.duplicated += bool(ending.duplicated)
        self.broken += bool(ending.broken)

    @property
    def bound(self) -> float:
        """At most this share fails, at 95 % confidence, where none did: exact (Clopper and Pearson), about 3/n."""
        return 1.0 if not self.tried else 1 - 0.05 ** (1 / self.tried)


@dataclass(slots=True)
class Matrix:
    """All endings of a run; the same seed on the same code is the same run."""

    seed: int
    tallies: dict[Way, Tally] = field(default_factory=lambda: {"single": Tally(), "double": Tally()})
    by_scenario: dict[str, Tally] = field(default_factory=dict[str, Tally])
    points: dict[str, int] = field(default_factory=dict[str, int])
    failures: list[Ending] = field(default_factory=list[Ending])

    def add(self, ending: Ending) -> None:
        """One more ending."""
        self.tallies[ending.way].add(ending)
        self.by_scenario.setdefault(ending.scenario, Tally()).add(ending)
        if not ending.survived:
            self.failures.append(ending)

    @property
    def ok(self) -> bool:
        """Something was tried, and everything survived."""
        return not self.failures and all(tally.tried for tally in self.tallies.values())

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        ways = {way: asdict(tally) | {"bound_95": round(tally.bound, 6)} for way, tally in self.tallies.items()}
        scenarios = {
            name: asdict(self.by_scenario.get(name, Tally())) | {"points": points}
            for name, points in self.points.items()
        }
        return {"ok": self.ok, "seed": self.seed, **ways, "scenarios": scenarios,
                "failures": [asdict(one) for one in self.failures]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """One first point of a course, and how many second points are tried behind it."""

    course: int
    first: int
    doubles: int
    seed: int


def run_matrix(
    stage: Stage, *, singles: int, doubles: int, seed: int, workers: int, heard: Callable[[int, int], None]
) -> Matrix:
    """Tries so many first points (all of them with 0) and so many pairs, spread over all scenarios by the seed.

    `heard` is called with how many first points are through, and of how many. Raises FailedError where a scenario does
    not come to its effects with nothing killed.
    """
    load_all(stage)
    courses = tuple(course(stage, scenario) for scenario in SCENARIOS)
    tasks = _tasks(courses, singles, doubles, seed)
    matrix = Matrix(seed, points={one.scenario.name: len(one.points) for one in courses})
    endings = shared_out(tasks, partial(_through, stage, courses), workers)
    found: list[Ending] = []
    for number, answers in enumerate(endings, start=1):
        found += [_ending(answer) for answer in answers]
        heard(number, len(tasks))
    for ending in sorted(found, key=lambda one: (one.scenario, one.killed)):
        matrix.add(ending)
    return matrix


def load_all(stage: Stage) -> None:
    """Plays once in this process, so that its children find everything imported."""
    for scenario in (SCENARIOS[-1], SCENARIOS[0]):
        _played(stage, stage.fresh("first"), scenario, sample_mail(scenario.mail))


def course(stage: Stage, scenario: Scenario) -> Course:
    """The scenario with nothing killed. Raises FailedError where it does not come to its effects."""
    messages, var = sample_mail(scenario.mail), stage.fresh("clean")
    points, statuses = in_child(lambda: _played(stage, var, scenario, messages))
    world = _world(var, statuses)
    happened = Counter(text.partition(" ")[0] for text in world.elements())
    if any(happened[kind] < number for kind, number in Counter[str](scenario.effects).items()):
        raise FailedError(f"{scenario.name} came to {sorted(world)}", where="lab crash", detail="scenario")
    return Course(scenario, messages, tuple(points), world)


def _played(stage: Stage, var: Path, scenario: Scenario, messages: list[Message], number: int = 0) -> tuple[Any, Any]:
    """In a child: the points that were passed, and how each ticket stands."""
    kill = KillAt(number)
    with stage.open(var, on_point=kill) as runtime:
        statuses = play(runtime, scenario, messages)
    return kill.names, statuses


def _tasks(courses: Sequence[Course], singles: int, doubles: int, seed: int) -> list[Task]:
    every = [(course, first) for course, one in enumerate(courses) for first in range(1, len(one.points) + 1)]
    draw = random.Random(seed)
    firsts = sorted(draw.sample(every, singles)) if 0 < singles < len(every) else every
    behind = Counter(draw.choice(firsts) for _ in range(doubles))
    return [Task(course, first, behind[course, first], seed) for course, first in firsts]


def _through(stage: Stage, courses: Sequence[Course], task: Task) -> list[dict[str, Any]]:
    """Kills at the first point and plays to the end; then again with a second kill on the way."""
    return [asdict(ending) for ending in _endings(stage, courses[task.course], task)]


def _endings(stage: Stage, course: Course, task: Task) -> Iterator[Ending]:
    name = f"{task.course}-{task.first}"
    killed, var = stage.fresh(f"{name}-killed"), f"{name}-var"
    if in_child(partial(_played, stage, killed, course.scenario, course.messages, task.first)) is not None:
        raise RuntimeError(f"{course.scenario.name} did not come to point {task.first}")
    first = course.points[task.first - 1]
    again = stage.fresh(var, killed)
    points, statuses = in_child(partial(_played, stage, again, course.scenario, course.messages))
    yield _judged(course, "single", (first,), again, statuses)
    draw = random.Random(f"{task.seed} {name}")
    for second in sorted(draw.sample(range(1, len(points) + 1), min(task.doubles, len(points)))):
        again = stage.fresh(var, killed)
        if in_child(partial(_played, stage, again, course.scenario, course.messages, second)) is None:
            _, statuses = in_child(partial(_played, stage, again, course.scenario, course.messages))
            yield _judged(course, "double", (first, points[second - 1]), again, statuses)


def _judged(course: Course, way: Way, killed: tuple[str, ...], var: Path, statuses: dict[str, str]) -> Ending:
    world = _world(var, statuses)
    report = check(_exported(var), var / "shop.db", var / "outbox")
    return Ending(
        scenario=course.scenario.name, way=way, killed=killed, lost=_names(course.world - world),
        duplicated=_names(world - course.world),
        broken=tuple(f"{found.promise}: {found.text}" for found in report.violations),
    )  # fmt: skip


def _world(var: Path, statuses: dict[str, str]) -> World:
    """Everything outside the desk, by what it is, and how each ticket stands."""
    deeds = read(_exported(var), var / "shop.db", var / "outbox").deeds
    things = [f"{deed.kind} {deed.target} {deed.amount or ''}".strip() for deed in deeds]
    return Counter([*things, *(f"ticket {ticket} {status}" for ticket, status in statuses.items())])


def _exported(var: Path) -> Path:
    target = var / "audit.jsonl"
    target.write_text("".join(line + "\n" for line in export_audit(var / "ledger.db")), encoding="utf-8")
    return target


def _names(world: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(world))


def _ending(told: dict[str, Any]) -> Ending:
    names = {name: tuple[str, ...](told[name]) for name in ("killed", "lost", "duplicated", "broken")}
    return Ending(scenario=told["scenario"], way=told["way"], **names)
