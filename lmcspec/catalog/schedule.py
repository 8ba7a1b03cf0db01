"""What schedules have in common: a warm-up, steps that become updates, and how they stand in ids."""

from collections.abc import Mapping
from typing import Any, Self, get_args

from pydantic import Field

from lmcspec.base.steps import Step
from lmcspec.catalog.config import Named, StepField, identity


class Schedule(Named):
    """By what the optimiser's rate is multiplied at each update."""

    warmup: StepField = Step()

    def multiplier(self, update: int, length: int) -> float:
        """What the rate is multiplied by for the update that starts from the state after `update` of `length`.

        Of a schedule in updates, as `in_updates` gives it.
        """
        raise NotImplementedError

    def ramp(self, update: int) -> float:
        """The warm-up: a straight line from 0 to 1."""
        return min(1.0, update / self.warmup.updates) if self.warmup.updates else 1.0

    def in_updates(self, per_epoch: int) -> Self:
        """The same schedule with each of its steps counted in updates alone."""
        return self.model_copy(update={name: _in_updates(value, per_epoch) for name, value in self})

    def document(self, length: int) -> dict[str, Any]:
        """The settings as they enter ids: steps as their updates. `length` is that of the training."""
        return identity(self) | {name: _counted(value) for name, value in self if _is_steps(value)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The schedule in updates that `document` gave."""
        steps = {name for name, field in cls.model_fields.items() if _holds_steps(field.annotation)}
        read = {name: as_steps(value) if name in steps else value for name, value in document.items()}
        return cls.model_validate(read)


def as_steps(updates: Any) -> Any:
    """A number of updates, or several, as steps."""
    match updates:
        case tuple() | list():
            return tuple(map(as_steps, updates))
        case int():
            return Step(updates=updates)
        case _:
            return updates


def _holds_steps(annotation: Any) -> bool:
    return annotation is Step or any(map(_holds_steps, get_args(annotation)))


def _is_steps(value: Any) -> bool:
    return isinstance(value, Step) or (isinstance(value, tuple) and any(isinstance(item, Step) for item in value))


def _in_updates(value: Any, per_epoch: int) -> Any:
    match value:
        case Step():
            return Step(updates=value.resolve(per_epoch))
        case tuple() if _is_steps(value):
            return tuple(sorted((_in_updates(step, per_epoch) for step in value), key=lambda step: step.updates))
        case _:
            return value


def _counted(value: Any) -> Any:
    return [step.updates for step in value] if isinstance(value, tuple) else value.updates


class Falling(Schedule):
    """A schedule that falls from the end of the warm-up to the end of training."""

    final: float = Field(default=0.0, ge=0, le=1)
    """Share of the rate at the end."""

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
