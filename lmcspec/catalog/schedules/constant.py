"""One rate throughout."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from lmcspec.catalog.card import ScheduleCard
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.schedule import Schedule


class Constant(Schedule):
    """One rate throughout, after a linear warm-up from 0."""

    name: Literal["constant"] = "constant"

    may_only_rise: ClassVar[bool] = True
    """A rate that only rises is a way to look for one."""

    def multiplier(self, update: int, length: int) -> float:
        """`min(1, t / warmup)` at update t."""
        return self.ramp(update)

    def document(self, length: int) -> dict[str, Any]:
        """As in the first version, which had one form for this and for `steps`, and no names."""
        return {"milestones": [], "factor": 1.0, "warmup": self.warmup.updates}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The schedule in updates that `document` gave."""
        return cls(warmup=as_steps(document["warmup"]))


CARD = ScheduleCard(doc="one rate throughout", config=Constant)
