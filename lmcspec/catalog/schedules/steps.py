"""A rate that falls at given steps."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field

from lmcspec.catalog.card import ScheduleCard
from lmcspec.catalog.config import Several, StepField
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.schedule import Schedule


class Steps(Schedule):
    """The rate is multiplied by `factor` at each step in `at`; linear warm-up from 0 before."""

    name: Literal["steps"] = "steps"
    at: Several[StepField] = Field(min_length=1, examples=[("80ep", "120ep")])
    """Where the rate drops: the update that starts at such a step already has the dropped rate."""
    factor: float = Field(default=0.1, gt=0)
    """What the rate is multiplied by at each of these steps."""

    def in_updates(self, per_epoch: int) -> Self:
        """The same settings with their steps in updates, in the order in which they come."""
        settings = super().in_updates(per_epoch)
        return settings.model_copy(update={"at": tuple(sorted(settings.at, key=lambda step: step.updates))})

    def multiplier(self, update: int, length: int) -> float:
        """`factor^(how many of at <= t) * min(1, t / warmup)` at update t."""
        return self.factor ** sum(step.updates <= update for step in self.at) * self.ramp(update)

    def document(self, length: int) -> dict[str, Any]:
        """As in the first version, which had no names."""
        milestones = sorted(step.updates for step in self.at)
        return {"milestones": milestones, "factor": self.factor, "warmup": self.warmup.updates}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The schedule in updates that `document` gave."""
        at, warmup = as_steps(document["milestones"]), as_steps(document["warmup"])
        return cls(at=at, factor=document["factor"], warmup=warmup)


CARD = ScheduleCard(doc="a rate that is multiplied by a factor at given steps", config=Steps)
