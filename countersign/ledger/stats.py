"""The desk's figures, counted from the ledger alone: they stand when traces and journals are long gone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from countersign.domain.stats import (
    Actions,
    Asked,
    Failed,
    Observed,
    Questions,
    Route,
    Settled,
    Spending,
    Spread,
    Stats,
)
from countersign.ledger.instants import instant
from countersign.ledger.read import Source, view
from countersign.ledger.turns_told import Told, Turn, milliseconds, rows, tickets, time

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_FAILED = "the desk failed: "
_EFFECTS = """SELECT e.kind, e.status, e.problem, e.started_at, e.settled_at, e.receipt IS NOT NULL FROM effects AS e
    JOIN tickets AS t ON t.id = e.ticket WHERE t.opened_at >= :since"""
_CALLS = """SELECT c.ticket, c.kind || ' ' || c.name, c.status, c.code, c.calls, c.tokens_in, c.tokens_out, c.micros,
        c.ms FROM model_calls AS c JOIN tickets AS t ON t.id = c.ticket WHERE t.opened_at >= :since"""
_ALARMS = """SELECT COUNT(*) FROM decisions AS d JOIN verdicts AS v ON v.id = d.verdict
    JOIN tickets AS t ON t.id = v.ticket WHERE d.alarm AND t.opened_at >= :since"""
_QUARANTINED = "SELECT code, COUNT(*) FROM quarantine WHERE at >= :since GROUP BY code"
_PLANNERS = ("playbook", "agent", "person", "nobody", "automatic")


def stats(source: Source, since: datetime | None, now: datetime, window_days: int) -> Stats:
    """What became of the tickets opened since then, or of all.

    A ticket is reopened where its customer writes again within so many days of an answer. Raises StorageError.
    """
    with view(source) as connection:
        return _stats(connection, since, now, window_days)


def _stats(connection: sa.Connection, since: datetime | None, now: datetime, window_days: int) -> Stats:
    start = instant(since or _BEGINNING)
    told = tickets(connection, start)
    turns = [turn for ticket in told for turn in ticket.turns.values()]
    effects, calls = list(rows(connection, _EFFECTS, start)), list(rows(connection, _CALLS, start))
    asked = [turn for turn in turns if turn.began and not turn.automatic]
    alone = [turn for turn in asked if turn.outcome == "answered" and not turn.by_person]
    return Stats(
        since=since,
        until=now,
        settled=_settled(told, timedelta(days=window_days), now),
        decision=spread(milliseconds((turn.began, turn.ruled or turn.ended) for turn in asked)),
        answer=spread(milliseconds((turn.began, turn.ended) for turn in alone)),
        outcomes=dict(Counter(ticket.status for ticket in told)),
        routes=_routes(told),
        failures=_failures(connection, start, turns, effects, calls),
        models=_models(calls),
        spending=_spending(calls),
        questions=_questions(turns),
        actions=_actions(effects),
        observed=_observed(told, effects, calls),
    )


def spread(values: Sequence[int]) -> Spread:
    """The percentiles of some figures: each is one of them, the least that so large a share does not exceed."""
    if not values:
        return Spread()
    ordered, count = sorted(values), len(values)
    p50, p90, p99 = (ordered[-(-count * share // 100) - 1] for share in (50, 90, 99))
    return Spread(count=count, p50=p50, p90=p90, p99=p99)


def _settled(told: Iterable[Told], window: timedelta, now: datetime) -> Settled:
    customers = [ticket for ticket in told if not all(turn.automatic for turn in ticket.turns.values())]
    places = Counter(_place(ticket, window) for ticket in customers)
    settled = [ticket for ticket in customers if _place(ticket, window) == "settled"]
    return Settled(
        tickets=len(customers), settled=places["settled"], reopened=places["reopened"], window_days=window.days,
        open_window=sum(1 for ticket in settled if (ticket.last.ended or now) + window > now),
        asked_back=places["asked_back"], by_person=places["by_person"], waiting=places["waiting"],
        unfinished=places["unfinished"],
    )  # fmt: skip


def _place(ticket: Told, window: timedelta) -> str:
    """The one word of `Settled` that a ticket counts under."""
    if ticket.status == "received":
        return "unfinished"
    if ticket.status in ("waiting", "handed_over"):
        return "waiting"
    if any(turn.by_person or turn.outcome == "handed_over" for turn in ticket.turns.values()):
        return "by_person"
    if _is_reopened(ticket, window):
        return "reopened"
    if ticket.status == "closed" or ticket.last.outcome != "answered":
        return "by_person"
    return "asked_back" if ticket.last.asked_back else "settled"


def _is_reopened(ticket: Told, window: timedelta) -> bool:
    """Whether the customer wrote again within the window of an answer that asked nothing."""
    answered: datetime | None = None
    for turn in ticket.turns.values():
        if answered and turn.began and not turn.automatic and turn.began <= answered + window:
            return True
        answered = turn.ended if turn.outcome == "answered" and not turn.asked_back else None
    return False


def _routes(told: Iterable[Told]) -> tuple[Route, ...]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for ticket in told:
        for number, turn in ticket.turns.items():
            counts[turn.planner][_end(turn, ticket.status if number == ticket.turn else "")] += 1
    return tuple(
        Route(
            planner=planner, turns=ends.total(), alone=ends["alone"], countersigned=ends["countersigned"],
            waiting=ends["waiting"], handed_over=ends["handed_over"], closed=ends["closed"],
            superseded=ends["superseded"],
            unfinished=ends["unfinished"],
        )
        for planner in _PLANNERS if (ends := counts[planner])
    )  # fmt: skip


def _end(turn: Turn, status: str) -> str:
    """How a turn ended, or stands; `status` is its ticket's, where the ticket is in it."""
    if turn.outcome == "answered":
        return "countersigned" if turn.by_person else "alone"
    if turn.outcome:
        return turn.outcome
    return {"waiting": "waiting", "received": "unfinished"}.get(status, "superseded")


def _failures(
    connection: sa.Connection, since: str, turns: Iterable[Turn], effects: Iterable[Any], calls: Iterable[Any]
) -> tuple[Failed, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    counts.update(("turn", turn.reason.removeprefix(_FAILED)) for turn in turns if turn.reason.startswith(_FAILED))
    counts.update(("effect", _code(row[2])) for row in effects if row[1] in ("failed", "unknown"))
    counts.update(("model", row[3]) for row in calls if row[2] == "failed")
    counts.update({("message", str(code)): count for code, count in rows(connection, _QUARANTINED, since)})
    alarms = connection.scalar(sa.text(_ALARMS), {"since": since})
    found = [*counts.items(), *([(("policy", "alarm"), alarms)] if alarms else [])]
    failed = (Failed(code=code, where=where, count=count) for (where, code), count in found)
    return tuple(sorted(failed, key=lambda one: (-one.count, one.where, one.code)))


def _code(problem: str) -> str:
    """The code that a problem begins with; what came before codes were written down has none."""
    code = problem.partition(":")[0]
    return code if code and " " not in code else "none"


def _models(calls: Iterable[Any]) -> tuple[Asked, ...]:
    engines: defaultdict[str, list[Any]] = defaultdict(list)
    for row in calls:
        engines[row[1]].append(row)
    return tuple(_asked(engine, found) for engine, found in sorted(engines.items()))


def _asked(engine: str, found: Sequence[Any]) -> Asked:
    status = Counter(row[2] for row in found)
    return Asked(
        engine=engine, answered=status["answered"], failed=status["failed"] + status["started"],
        recorded=status["recorded"], latency=spread([row[8] for row in found if row[2] == "answered"]),
    )  # fmt: skip


def _spending(calls: Iterable[Any]) -> Spending:
    totals: Counter[str] = Counter()
    by_ticket: Counter[str] = Counter()
    for ticket, _, _, _, requests, read, written, micros, _ in calls:
        totals.update(requests=requests, tokens_in=read, tokens_out=written, micros=micros)
        by_ticket[ticket] += micros
    return Spending(
        tickets=len(by_ticket), requests=totals["requests"], tokens_in=totals["tokens_in"],
        tokens_out=totals["tokens_out"], micros=totals["micros"], micros_per_ticket=spread([*by_ticket.values()]),
    )  # fmt: skip


def _questions(turns: Iterable[Turn]) -> Questions:
    found = [question for turn in turns for question in turn.questions]
    status = Counter(question.status for question in found)
    answered = [question for question in found if question.status == "answered" and question.by]
    return Questions(
        asked=len(found), answered=len(answered), open=status["open"], expired=status["expired"],
        void=status["void"], by_answer=dict(Counter(question.answer for question in answered)),
        time=spread(milliseconds((question.opened_at, question.at) for question in answered)),
    )  # fmt: skip


def _actions(effects: Iterable[Any]) -> tuple[Actions, ...]:
    kinds: defaultdict[str, list[Any]] = defaultdict(list)
    for row in effects:
        kinds[row[0]].append(row)
    found = (_action(kind, same) for kind, same in kinds.items())
    return tuple(sorted(found, key=lambda one: (-one.done, one.kind)))


def _action(kind: str, same: Sequence[Any]) -> Actions:
    status = Counter(row[1] for row in same)
    return Actions(
        kind=kind, done=status["done"], failed=status["failed"], unknown=status["unknown"],
        under_way=status["started"],
        latency=spread(milliseconds((time(row[3]), time(row[4])) for row in same if row[1] == "done")),
    )  # fmt: skip


def _observed(told: Iterable[Told], effects: Sequence[Any], calls: Sequence[Any]) -> tuple[Observed, ...]:
    ends = [
        bool(turn.outcome) or _end(turn, ticket.status if number == ticket.turn else "") != "unfinished"
        for ticket in told
        for number, turn in ticket.turns.items()
    ]
    known = [row[5] if row[1] == "done" else row[1] == "failed" for row in effects]
    answered = [row[2] != "started" for row in calls]
    named = (("turns", ends), ("model calls", answered), ("effects", known))
    return tuple(Observed(what=what, observed=sum(map(bool, found)), begun=len(found)) for what, found in named)
