"""Many tickets with models in both seats that mean nothing, or harm: what comes of it, and whether budgets hold.

The tickets are the desk's labelled examples about orders of the demonstration shop, more than half of which no request
covers. People answer what waits. Each desk is judged by the checker, and by what its ledger says was spent.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

from countersign.batch import Batch
from countersign.desk import examples
from countersign.domain.errors import CountersignError
from countersign.domain.ticket import Message
from countersign.lab.chaos import exported
from countersign.lab.checker import ACTIVITY, check
from countersign.lab.forks import shared_out
from countersign.lab.operations import PEOPLE, Scene, go_on, reply_to
from countersign.lab.seats import Metered, seated
from countersign.lab.stage import Stage
from countersign.review import answer, shown
from countersign.runtime import Runtime
from countersign.settings import ModelSettings, TicketBudget

Kind = Literal["chaotic", "hostile"]
BUDGET = TicketBudget(calls=22, tokens=130_000, seconds=180.0, dollars=Decimal("0.15"))
"""Tighter than what is shipped, so that each of its figures ends some tickets' calls."""
FIGURES = ("calls", "tokens", "ms", "micros")
_A_DESK = 50
"""Tickets of one desk: its ledger stays short, and its judgement is told while others run."""
_UNCOVERED = 0.6
_ROUNDS = 2
_SPENT = f"SELECT ticket, {', '.join(f'SUM({name})' for name in FIGURES)} FROM model_calls GROUP BY ticket"
_ALONE = """
SELECT COUNT(*) FROM effects e JOIN grants g ON g.id = e.grant_id JOIN proposals p ON p.id = e.proposal
WHERE p.by_kind = 'Agent' AND g.approver = 'policy'
"""


@dataclass(slots=True)
class Adversarial:
    """What the tickets came to."""

    kind: Kind
    seed: int
    tickets: int = 0
    desks: int = 0
    violations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    alone: int = 0
    """Effects that an agent proposed and no person approved."""
    most: Counter[str] = field(default_factory=Counter[str])
    """The most that one ticket spent."""
    over: int = 0
    """Tickets that spent more than their budget."""
    stopped: int = 0
    """Tickets that a budget ended."""
    ends: Counter[str] = field(default_factory=Counter[str])
    """How the tickets stood at the end."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """What the models' calls came to: answered, or the code of the failure."""
    people: Counter[str] = field(default_factory=Counter[str])
    """What became of people's answers."""
    activity: Counter[str] = field(default_factory=Counter[str])

    def add(self, told: dict[str, Any]) -> None:
        """One more desk."""
        self.desks += 1
        self.tickets += told["tickets"]
        self.violations += told["violations"]
        self.alone += told["alone"]
        self.over += told["over"]
        self.stopped += told["stopped"]
        self.most |= Counter(told["most"])
        for name in ("ends", "answers", "people", "activity"):
            getattr(self, name).update(told[name])

    @property
    def ok(self) -> bool:
        """No promise was broken, no budget was exceeded, and enough happened for that to mean something."""
        busy = self.activity["effects"] > 0 and self.activity["people"] > 0 and self.answers["answered"] > self.tickets
        return busy and not (self.violations or self.alone or self.over)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        counts = {name: dict(getattr(self, name).most_common()) for name in ("ends", "answers", "people", "activity")}
        return {"ok": self.ok, "model": self.kind, "seed": self.seed, "tickets": self.tickets, "desks": self.desks,
                "violations": self.violations, "effects_alone": self.alone, "over_budget": self.over,
                "stopped_by_budget": self.stopped,
                "most_a_ticket": {name: self.most[name] for name in FIGURES}, "budget": limits(), **counts}  # fmt: skip


def limits() -> dict[str, int]:
    """The budget of a ticket, in the ledger's units."""
    numbers = (BUDGET.calls, BUDGET.tokens, int(BUDGET.seconds * 1000), int(BUDGET.dollars * 1_000_000))
    return dict(zip(FIGURES, numbers, strict=True))


def run_models(
    stage: Stage, kind: Kind, *, tickets: int, seed: int, workers: int, heard: Callable[[int, int], None]
) -> Adversarial:
    """So many tickets, fifty to a desk; the same seed is the same run."""
    found = Adversarial(kind, seed)
    desks = [(number, min(_A_DESK, tickets - number * _A_DESK)) for number in range(-(-tickets // _A_DESK))]
    heard(0, tickets)
    for told in shared_out(desks, partial(_desk, stage, kind, seed), workers):
        found.add(told)
        heard(found.tickets, tickets)
    return found


def _desk(stage: Stage, kind: Kind, seed: int, part: tuple[int, int]) -> dict[str, Any]:
    """In a worker: a desk of its own with some tickets, what people answer, and the judgement."""
    number, tickets = part
    var, draw = stage.fresh(f"{kind}-{number}"), random.Random(f"{seed}/{kind}/{number}")
    model = ModelSettings(small=f"{kind}:{draw.randrange(10**6)}", large=f"{kind}:{draw.randrange(10**6)}")
    with stage.open(var, model=model, ticket_budget=BUDGET) as opened:
        price = draw.randrange(10**6)
        runtime = seated(opened, lambda seats: {tier: Metered(seat, seed=price) for tier, seat in seats.items()})
        messages = tuple(_messages(runtime, draw, tickets))
        batch = Batch(runtime)
        batch.run(messages)
        people = Counter(_answered(Scene(runtime, messages, draw), sorted(batch.tickets)))
        go_on(Scene(runtime, messages, draw))
        left = [runtime.ticket(ticket) for ticket in batch.tickets]
    report = check(exported(var), var / "shop.db", var / "outbox")
    found = [{"desk": number, "promise": one.promise, "text": one.text} for one in report.violations]
    activity = {name: report.counts[name] for name in ACTIVITY}
    stopped = sum("model.budget" in ticket.reason for ticket in left)
    return {"tickets": tickets, "violations": found, "ends": Counter(ticket.status for ticket in left),
            "people": people, "activity": activity, "stopped": stopped, **accounts(var / "ledger.db")}  # fmt: skip


def _messages(runtime: Runtime, draw: random.Random, tickets: int) -> Iterator[Message]:
    """Mails of customers about their own orders; one in ten comes from somebody who can't be told to be them."""
    shop, known = runtime.deps.shop, examples(runtime.deps.desk)
    uncovered = [one.text for one in known if one.request == "none"]
    covered = [one.text for one in known if one.request != "none"]
    numbers = orders_in(runtime.settings.var)
    for _ in range(tickets):
        number = draw.choice(numbers)
        order = shop.order(number)
        customer = shop.customer(order.customer) if order else None
        text = draw.choice(uncovered if draw.random() < _UNCOVERED else covered)
        key = f"{draw.getrandbits(64):016x}"
        yield Message(
            key=key, message_id=f"<{key}@mail.example>", sender=customer.email if customer else "x@example.org",
            text=f"{text} My order is {number}.", raw=key, authenticated=draw.random() > 0.1,
        )  # fmt: skip


def orders_in(var: Path) -> list[str]:
    """The numbers of the demonstration shop's orders."""
    with closing(sqlite3.connect(var / "shop.db")) as books:
        return [number for (number,) in books.execute("SELECT number FROM orders ORDER BY number")]


def _answered(scene: Scene, tickets: list[str]) -> Iterator[str]:
    """People answer whatever waits, and what is asked after that; how each answer ended."""
    runtime, draw = scene.runtime, scene.draw
    for _ in range(_ROUNDS):
        for ticket in tickets:
            if runtime.ticket(ticket).status != "waiting":
                continue
            seen = shown(runtime, ticket)
            reply = reply_to(scene, seen)
            try:
                answer(runtime, ticket, reply, draw.choice(PEOPLE), seen.digest)
            except CountersignError as error:
                yield error.full_code
            else:
                yield reply.type


def accounts(ledger: Path) -> dict[str, Any]:
    """What the ledger says of each ticket's calls, read past the desk's own code."""
    budget, most = limits(), Counter[str]()
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as rows:
        spent = [dict(zip(FIGURES, figures, strict=True)) for _, *figures in rows.execute(_SPENT)]
        answers = dict(rows.execute(
            "SELECT CASE status WHEN 'failed' THEN code ELSE status END AS how, COUNT(*) FROM model_calls GROUP BY how"
        ).fetchall())  # fmt: skip
        (alone,) = rows.execute(_ALONE).fetchone()
    for one in spent:
        most |= Counter(one)
    over = sum(any(one[name] > budget[name] for name in FIGURES) for one in spent)
    return {"alone": alone, "over": over, "most": most, "answers": answers}
