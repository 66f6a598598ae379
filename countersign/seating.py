"""Seats the models that the settings name, and holds them to the budgets."""

from contextlib import ExitStack
from typing import cast, get_args

from countersign.domain.desk import Desk
from countersign.domain.model import Budget, Tier
from countersign.llm.book import Book
from countersign.llm.bound import Parts
from countersign.llm.cassette import read_cassette
from countersign.llm.models import SeatedModels
from countersign.llm.seat import Seat
from countersign.llm.seats import Seats
from countersign.ports import Clock
from countersign.settings import DayBudget, Settings, TicketBudget
from countersign.spans import UNTRACED, Tracer


def seated_models(
    settings: Settings, desk: Desk, book: Book, clock: Clock, stack: ExitStack, tracer: Tracer = UNTRACED
) -> SeatedModels:
    """What sits in the seats, held to the budgets. Raises SettingsError where a setting names nothing of the kind."""
    maker, tiers = Seats(desk.policy), cast("tuple[Tier, ...]", get_args(Tier))
    stack.callback(maker.loop.close)
    made: dict[Tier, Seat | None] = {
        tier: maker.seat(tier, getattr(settings.model, tier), settings.seat(tier)) for tier in tiers
    }
    seats: dict[Tier, Seat] = {tier: seat for tier, seat in made.items() if seat}
    return SeatedModels(
        Parts(
            seats=seats,
            book=book,
            budgets=(_budget(settings.ticket_budget), _budget(settings.day_budget)),
            clock=clock,
            prompts=desk.prompts,
            tracer=tracer,
            cassette=read_cassette(settings.replay) if settings.replay else None,
        )
    )


def _budget(most: TicketBudget | DayBudget) -> Budget:
    micros = int(most.dollars * 1_000_000)
    return Budget(calls=most.calls, tokens=most.tokens, ms=int(most.seconds * 1000), micros=micros)
