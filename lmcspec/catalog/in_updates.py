"""Settings with steps of a training among them: steps become updates before anything is computed of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Self, get_args

from lmcspec.base.steps import Step
from lmcspec.catalog.config import Config, Named, identity


class InUpdates(Named):
    """The settings of an optimiser or a schedule. Which of them are steps is told by their types."""

    def in_updates(self, per_epoch: int) -> Self:
        """The same settings with each of their steps counted in updates alone."""
        return self.model_copy(update={name: _in_updates(value, per_epoch) for name, value in self})

    def counted(self) -> dict[str, Any]:
        """The settings as they enter ids, steps as their updates."""
        return identity(self) | {name: _counted(value) for name, value in self if _is_steps(value)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The settings in updates that `document` gave."""
        steps = {name for name, field in cls.model_fields.items() if _holds_steps(field.annotation)}
        read = {name: as_steps(value) if name in steps else value for name, value in document.items()}
        return cls.model_validate(read)


def steps_of(config: Config) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    """Every step among some settings, with its path there."""
    for name, value in config:
        if isinstance(value, Step):
            yield (name,), value
        elif _is_steps(value):
            yield from (((name, index), step) for index, step in enumerate(value) if isinstance(step, Step))


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
