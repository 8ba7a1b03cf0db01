"""Half a cosine from the rate down to a share of it."""

import math
from typing import Literal

from lmcspec.catalog.card import ScheduleCard
from lmcspec.catalog.schedule import Falling


class Cosine(Falling):
    """Half a cosine from the rate to `final` of it at the end of training; linear warm-up from 0 before."""

    name: Literal["cosine"] = "cosine"

    def multiplier(self, update: int, length: int) -> float:
        """With w the warm-up and p = (t - w) / (length - w): `final + (1 - final) (1 + cos(pi p)) / 2`, t / w before w.

        Without warm-up that of torch's CosineAnnealingLR(T_max = length, eta_min = final lr).
        """
        if update < self.warmup.updates:
            return update / self.warmup.updates
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * self.passed(update, length))) / 2


CARD = ScheduleCard(doc="half a cosine from the rate to a share of it", config=Cosine)
