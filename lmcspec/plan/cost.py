"""What a plan costs: the work of its tasks and, from what has run before, seconds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lmcspec.base.facts import ModelFacts
from lmcspec.plan.graph import Plan
from lmcspec.tasks import NO_DATA, Known, Task, Work, kind

if TYPE_CHECKING:
    from lmcspec.plan.speeds import Estimate
    from lmcspec.store import Rate


class Rates(Protocol):
    """Knows how fast tasks have been done."""

    def rates(self, kind: str, model: str, device: str = "") -> "Rate | None":
        """The seconds that a unit of work took in tasks of this kind at this pace; None until one has finished."""
        ...


class Cost(NamedTuple):
    """The work of one task, and the seconds that it will take, with the range of the middle 80 % so far."""

    work: Work
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    guessed: bool = False
    """Whether nothing like it has finished, so that the seconds come from its work and the device's speed alone."""

    def document(self) -> dict[str, float | int | None]:
        """The cost as plain data."""
        return {**self.work._asdict(), "seconds": self.seconds, "low": self.low, "high": self.high}

    def flops(self, facts: ModelFacts | None) -> float | None:
        """Floating-point operations, two per multiply-add."""
        return None if facts is None else 2.0 * facts.macs * self.work.forward


class Pace(NamedTuple):
    """On which device tasks are to be timed, and how, where nothing like them has finished on it."""

    device: str = ""
    """Its model; empty for whatever they have run on."""
    estimate: "Estimate | None" = None


AS_EVER = Pace()


def cost(task: Task, plan: Plan, rates: Rates | None, facts: Mapping[str, ModelFacts], pace: Pace = AS_EVER) -> Cost:
    """The cost of a task; `facts` are by digest of the model's part."""
    model = facts.get(task.params.model.digest)
    todo = work(task, plan, model)
    # What gains nothing from a GPU is as fast wherever it was.
    device = pace.device if kind(task.kind).gains(task.params) else ""
    rate = rates.rates(task.kind, task.pace, device) if rates else None
    if rate is None:
        guess = pace.estimate(task, todo, model) if pace.estimate else None
        return Cost(todo) if guess is None else Cost(todo, guess[1], guess[0], guess[2], guessed=True)
    return Cost(todo, rate.median * todo.units, rate.low * todo.units, rate.high * todo.units)


def work(task: Task, plan: Plan, model: ModelFacts | None = None) -> Work:
    """How much there is to do in a task, as its kind says; `model` is what is known of its model."""
    data = NO_DATA if task.data is None else plan.facts[task.data.digest]
    return kind(task.kind).work(
        task.params, Known(data=data, trained_on=_trained_on(task, plan, data.train), model=model)
    )


def _trained_on(task: Task, plan: Plan, real: int) -> int:
    """Images of the set in place of the study's `real` training images, or those."""
    if task.in_place is not None:
        return plan.images[task.in_place.digest]
    return plan.images.get(task.made_set or "", real)
