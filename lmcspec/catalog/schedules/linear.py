"""A straight line from the rate down to a share of it."""

from typing import Literal

from lmcspec.catalog.card import ScheduleCard
from lmcspec.catalog.schedule import Falling


class Linear(Falling):
    """A straight line from the rate to `final` of it at the end of training; linear warm-up from 0 before."""

    name: Literal["linear"] = "linear"

    def multiplier(self, update: int, length: int) -> float:
        """With w the warm-up and p = (t - w) / (length - w): `1 - (1 - final) p`, t / w before w."""
        if update < self.warmup.updates:
            return update / self.warmup.updates
        return 1 - (1 - self.final) * self.passed(update, length)


CARD = ScheduleCard(doc="a straight line from the rate to a share of it", config=Linear)
