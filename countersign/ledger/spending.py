"""What models may still spend, and what they spent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import ModelError
from countersign.domain.model import Budget, Cost, ModelCall, Reserved, Spent
from countersign.ledger.schema_models import model_calls

_FIGURES = ("calls", "tokens", "ms", "micros")
_WORDS = {"calls": "model calls", "tokens": "tokens", "ms": "seconds", "micros": "dollars"}
_LEAST_MS = 500
"""No answer can be expected in less."""


def reserve(
    connection: sa.Connection, call: ModelCall, most: Cost, budgets: tuple[Budget, Budget], now: datetime
) -> Reserved:
    """Writes a call as started at the most that it may cost, where the ticket's and the day's budget have that left.

    Its time is cut to what is left. Raises ModelError (`model.budget`) and writes nothing where it does not fit.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    spent = (
        ("ticket", budgets[0], cost(connection, model_calls.c.ticket == call.ticket)),
        ("day", budgets[1], cost(connection, model_calls.c.at >= day)),
    )
    for name, budget, so_far in spent:
        most = _within(name, budget, so_far, most)
    figures = {name: getattr(most, name) for name in _FIGURES}
    row = _row(call, now) | figures | {"status": "started", "tokens_in": 0, "tokens_out": 0, "code": ""}
    return Reserved(call=_insert(connection, row), ms=most.ms)


def finish(connection: sa.Connection, reserved: int, cost_: Cost, tokens: tuple[int, int], code: str) -> None:
    """What a call did cost; `tokens` are read and written, `code` says how it failed."""
    figures = {name: getattr(cost_, name) for name in _FIGURES}
    status = "failed" if code else "answered"
    changes = figures | {"status": status, "code": code, "tokens_in": tokens[0], "tokens_out": tokens[1]}
    connection.execute(model_calls.update().where(model_calls.c.seq == reserved).values(**changes))


def note_recorded(connection: sa.Connection, call: ModelCall, now: datetime) -> None:
    """An answer that was told from a record: it costs nothing, and counts as a hit."""
    nothing = dict.fromkeys((*_FIGURES, "tokens_in", "tokens_out"), 0)
    _insert(connection, _row(call, now) | nothing | {"status": "recorded", "code": ""})


def cost(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Cost:
    """The sum over some calls; one that a crash cut off counts as the most it could have cost."""
    sums = (sa.func.coalesce(sa.func.sum(model_calls.c[name]), 0).label(name) for name in _FIGURES)
    return Cost.model_validate(dict(connection.execute(sa.select(*sums).where(*where)).mappings().one()))


def spent(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> tuple[Spent, ...]:
    """What some calls came to, for each node and engine, in the order in which they first asked."""
    rows = connection.execute(sa.select(model_calls).where(*where).order_by(model_calls.c.seq)).mappings()
    groups: dict[tuple[str, str], list[sa.RowMapping]] = {}
    for row in rows:
        groups.setdefault((row["node"], f"{row['kind']} {row['name']}"), []).append(row)
    return tuple(_spent(node, engine, same) for (node, engine), same in groups.items())


def _spent(node: str, engine: str, rows: Sequence[sa.RowMapping]) -> Spent:
    def total(name: str) -> int:
        return sum(int(row[name]) for row in rows)

    return Spent(
        node=node,
        engine=engine,
        answered=_count(rows, "answered"),
        failed=_count(rows, "failed", "started"),
        recorded=_count(rows, "recorded"),
        requests=total("calls"),
        tokens_in=total("tokens_in"),
        tokens_out=total("tokens_out"),
        ms=total("ms"),
        micros=total("micros"),
        codes=tuple(dict.fromkeys(row["code"] or "cut off" for row in rows if row["status"] in ("failed", "started"))),
    )


def _count(rows: Iterable[sa.RowMapping], *statuses: str) -> int:
    return sum(1 for row in rows if row["status"] in statuses)


def _within(name: str, budget: Budget, so_far: Cost, most: Cost) -> Cost:
    """The most that a call may cost, with its time cut to what is left. Raises ModelError where it does not fit."""
    if budget.ms is not None:
        most = most.model_copy(update={"ms": max(min(most.ms, budget.ms - so_far.ms), 0)})
    for figure in _FIGURES:
        limit: int | None = getattr(budget, figure)
        wanted = max(getattr(most, figure), _LEAST_MS) if figure == "ms" else getattr(most, figure)
        if limit is not None and getattr(so_far, figure) + wanted > limit:
            text = f"the {name}'s budget of {_shown(figure, limit)} {_WORDS[figure]} leaves no room for this call"
            raise ModelError(text, hint=f"see COUNTERSIGN_{name.upper()}_BUDGET", detail="budget")
    return most


def _shown(figure: str, limit: int) -> str:
    return {"ms": f"{limit / 1000:g}", "micros": f"{limit / 1_000_000:g}"}.get(figure, str(limit))


def _row(call: ModelCall, now: datetime) -> dict[str, object]:
    named: dict[str, object] = {
        name: getattr(call, name) for name in ("ticket", "turn", "step", "node", "tier", "prompt", "request")
    }
    engine = call.engine
    return named | {"kind": engine.kind, "name": engine.name, "settings": engine.settings, "at": now}


def _insert(connection: sa.Connection, row: Mapping[str, object]) -> int:
    return connection.execute(model_calls.insert().values(**row).returning(model_calls.c.seq)).scalar_one()
