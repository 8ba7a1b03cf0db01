"""Trainings that a plan asks for, before they are tasks: from where, under which mask, how, on what, how far."""

from typing import NamedTuple

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.base.steps import Step
from lmcspec.catalog.augmentation import AUGMENTATIONS
from lmcspec.plan.settings import ResolvedRecipe, TrainingSet


class Start(NamedTuple):
    """The beginning of a training: drawn or given weights, and the step of the schedule at which it enters."""

    kind: str = "init"
    task: str | None = None
    step: Step = Step()
    last: str | None = None
    """The training whose biases, norms and buffers stay, where only prunable weights are restored."""


class Training(NamedTuple):
    """A training from a starting point until some update."""

    start: Start
    mask: str | None
    """The task that made it; None where all weights train."""
    recipe: ResolvedRecipe
    on: TrainingSet
    noise: SgdNoise
    until: int | None = None
    """In updates, as `begin`; None: the recipe's end."""
    begin: int | None = None
    """At which update it enters the schedule; None: at the step of its start."""
    keep: str = "always"


class StartsAfterEnd(ValueError):
    """A level is measured by a recipe that ends before it starts; `path` is where its start is written."""

    def __init__(self, message: str, path: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.path = path


class Unsuited(ValueError):
    """What is asked for does not go with the rest, such as a recipe with the images that it trains on.

    `code` and `help` are those of the error; `path` is where the spec says it, nothing for the measure that asks.
    """

    def __init__(self, code: str, message: str, help: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.help, self.path = code, help, path


def check_suits(recipe: ResolvedRecipe, on: TrainingSet) -> None:
    """Raise Unsuited where a recipe asks for what the images don't have."""
    if recipe.recipe.learned_rate and not on.rated:
        message = f"a recipe takes the learned rate, and {on.name!r} was not distilled with one"
        raise Unsuited("E422", message, "say learned_rate = false, or train on a set of MTT")
    of_decoded = [key for card in AUGMENTATIONS if card.on == "decoded" for key in card.config.model_fields]
    if not on.raw and (asked := [key for key in of_decoded if getattr(recipe.recipe.augment, key)]):
        keys = " and ".join(f"`{key}`" for key in asked)
        message = f"{keys} of a recipe: on decoded images, and those of {on.name!r} are in their space already"
        raise Unsuited("E423", message, "leave them out of the recipe for this set, or take a raw one, as IDC's are")
