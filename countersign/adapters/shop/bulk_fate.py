"""Which story each order gets: most the usual one, and every unusual one often enough to be met."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from countersign.adapters.shop import bulk_stories as stories
from countersign.adapters.shop.bulk_stories import Basket
from countersign.domain.shop import Order

Story = Callable[[Random, datetime, Basket], Order]
_WEIGHTS: tuple[tuple[Story, float], ...] = (
    (stories.usual, 70),
    (stories.split, 7),
    (stories.returned, 7),
    (stories.cancelled, 4),
    (stories.late, 2.5),
    (stories.declined_once, 2),
    (stories.part_refunded, 2),
    (stories.partly_by_gift_card, 1.5),
    (stories.lost, 1),
    (stories.replaced, 1),
    (stories.charged_twice, 1),
    (stories.authorised_twice, 0.8),
    (stories.fully_refunded, 0.6),
    (stories.never_paid, 0.4),
)


@dataclass(frozen=True, slots=True)
class _Due:
    """A story that some order of this age, in days, has to have; still under way when the day begins."""

    story: Story
    youngest: float
    oldest: float
    lines: int = 1

    def fits(self, age: float, lines: int) -> bool:
        return self.youngest <= age <= self.oldest and lines >= self.lines


_UNDER_WAY = (
    *[_Due(stories.late, 12, 26)] * 4,
    *[_Due(stories.split_and_late, 8, 13, lines=2)] * 3,
    *[_Due(stories.charged_twice, 3, 9)] * 3,
    *[_Due(stories.part_refunded, 7, 12)] * 5,
    *[_Due(stories.returned, 8, 30)] * 8,
)


class Fates:
    """Hands out stories, to one order after the other; by the weights alone, few would still be under way."""

    def __init__(self, rng: Random, day: datetime) -> None:
        self._rng = rng
        self._day = day
        self._due = list(_UNDER_WAY)

    def tell(self, basket: Basket) -> Order:
        """The order as it stands when the day begins; its version counts what happened to it."""
        order = self._story(basket)(self._rng, self._day, basket)
        happened = sum(map(len, (order.shipments, order.payments, order.refunds, order.returns)))
        version = happened + (order.status != "placed") + order.replacements
        return order.model_copy(update={"version": max(version, 1)})

    def _story(self, basket: Basket) -> Story:
        age = (self._day - basket.order.placed_at).total_seconds() / 86_400
        due = next((one for one in self._due if one.fits(age, len(basket.order.items))), None)
        if due is None or self._rng.random() < 0.3:
            return self._rng.choices([story for story, _ in _WEIGHTS], [weight for _, weight in _WEIGHTS])[0]
        self._due.remove(due)
        return due.story
