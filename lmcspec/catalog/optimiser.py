"""What optimisers have in common: how their settings are written, and how they stand in ids."""

from collections.abc import Iterable
from typing import Any

from lmcspec.catalog.draws import Rate
from lmcspec.catalog.in_updates import InUpdates


class Optimiser(InUpdates):
    """The settings of an optimiser; its updates are computed by the implementation that its card names."""

    lr: Rate

    def document(self) -> dict[str, Any]:
        """The settings as they enter ids."""
        return self.counted()

    def decayed(self, weight: float, rates: Iterable[float]) -> float | None:
        """What a weight becomes that gets no gradient, in fresh updates at these rates.

        None where that is no multiple of the weight, so that it can't be said of all weights at once.
        """
        return None
