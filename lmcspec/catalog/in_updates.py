"""Settings with steps of a training among them: steps become updates before anything is computed of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from lmcspec.base.steps import Step
from lmcspec.catalog.config import COUNTED, Config, Named, identity


class InUpdates(Named):
    """The settings of an optimiser or a schedule; steps may stand anywhere among them."""

    def in_updates(self, per_epoch: int) -> Self:
        """The same settings with each of their steps counted in updates alone."""
        return in_updates(self, per_epoch)

    def counted(self) -> dict[str, Any]:
        """The settings as they enter ids, steps as their updates."""
        return counted(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The settings in updates that `document` gave."""
        return cls.model_validate(dict(document), context=COUNTED)


def steps_of(settings: Any) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    """Every step among some settings, with its path there."""
    match settings:
        case Step():
            yield (), settings
        case Config() | dict() | tuple() | list():
            keyed = settings if isinstance(settings, Config) else enumerate(settings)
            for key, value in settings.items() if isinstance(settings, dict) else keyed:
                yield from (((key, *place), step) for place, step in steps_of(value))


def as_steps(updates: Any) -> Any:
    """A number of updates, or several, as steps."""
    return Step(updates=updates) if isinstance(updates, int) else tuple(map(as_steps, updates))


def in_updates(value: Any, per_epoch: int) -> Any:
    """The same settings, or a part of them, with each of their steps counted in updates alone."""
    match value:
        case Step():
            return Step(updates=value.resolve(per_epoch))
        case Config():
            return value.model_copy(update={name: in_updates(item, per_epoch) for name, item in value})
        case tuple() | list():
            return type(value)(in_updates(item, per_epoch) for item in value)
        case dict():
            return {key: in_updates(item, per_epoch) for key, item in value.items()}
        case _:
            return value


def counted(value: Any) -> Any:
    """Settings in updates, or a part of them, as they enter ids: steps as their updates."""
    match value:
        case Step():
            return value.updates
        case Config():
            return {name: counted(getattr(value, name)) for name in identity(value)}
        case tuple() | list():
            return [counted(item) for item in value]
        case dict():
            return {key: counted(item) for key, item in value.items()}
        case _:
            return value
