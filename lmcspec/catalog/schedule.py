"""What schedules have in common: a warm-up, and how they stand in ids."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field

from lmcspec.base.steps import Step
from lmcspec.catalog.config import StepField
from lmcspec.catalog.in_updates import InUpdates


class Schedule(InUpdates):
    """By what the optimiser's rate is multiplied at each update."""

    warmup: StepField = Field(default=Step(), examples=["1ep", "500it"])
    """How long the rate first rises, in a straight line from 0; 0 is without."""

    may_only_rise: ClassVar[bool] = False
    """Whether the warm-up may be longer than the training."""

    def multiplier(self, update: int, length: int) -> float:
        """What the rate is multiplied by for the update that starts from the state after `update` of `length`.

        Of a schedule in updates, as `in_updates` gives it.
        """
        raise NotImplementedError

    def ramp(self, update: int) -> float:
        """The warm-up: a straight line from 0 to 1."""
        return min(1.0, update / self.warmup.updates) if self.warmup.updates else 1.0

    def document(self, length: int) -> dict[str, Any]:
        """The settings as they enter ids: steps as their updates. `length` is that of the training."""
        return self.counted()


class Falling(Schedule):
    """A schedule that falls from the end of the warm-up to the end of training."""

    final: float = Field(default=0.0, ge=0, le=1, examples=[0.1])
    """Share of the rate at the end. [share]"""

    def passed(self, update: int, length: int) -> float:
        """The share of the way from the end of the warm-up to the end of training."""
        return (update - self.warmup.updates) / max(1, length - self.warmup.updates)

    def document(self, length: int) -> dict[str, Any]:
        """The settings as they enter ids, with the end of training."""
        return super().document(length) | {"end": length}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The schedule in updates that `document` gave."""
        return super().read({key: value for key, value in document.items() if key != "end"})
