"""A recipe resolved to updates: all that a training needs to know, and all of it that is part of its id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.code import code_of
from lmcspec.catalog.config import identity
from lmcspec.catalog.optimiser import Optimiser
from lmcspec.catalog.registry import get
from lmcspec.catalog.schedule import Schedule
from lmcspec.catalog.schedules.constant import Constant

Precision = Literal["float32", "bf16", "fp16", "tf32"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train, in updates. `length` is the schedule's, whatever part of it a task runs."""

    length: int
    batch: int
    optimiser: Optimiser
    schedule: Schedule = field(default_factory=Constant)
    """In updates."""
    augment: Augment = field(default_factory=Augment)
    optimiser_state: Literal["fresh", "carry"] = "fresh"
    precision: Precision = "float32"
    """Of the updates alone: weights, optimiser and every evaluation are float32 (see lmcspec/science/precision.py)."""
    learned_rate: bool = False
    """The rate is that which was distilled along with the images trained on; the optimiser's is put aside."""

    def rate(self, update: int) -> float:
        """The rate of the update that starts from the state after `update` updates."""
        return self.optimiser.lr * self.schedule.multiplier(update, self.length)


def as_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it enters ids, with the code of an optimiser or a schedule that isn't built in."""
    document = {
        "length": recipe.length,
        "batch": recipe.batch,
        "optimiser": recipe.optimiser.document() | _code("optimiser", recipe.optimiser.name),
        "schedule": recipe.schedule.document(recipe.length) | _code("schedule", recipe.schedule.name),
        "augment": identity(recipe.augment),
        "optimiser_state": recipe.optimiser_state,
        "precision": recipe.precision,
    }
    return document | ({"learned_rate": True} if recipe.learned_rate else {})


def from_document(document: Mapping[str, Any]) -> Recipe:
    """The recipe that `as_document` made the document of."""
    optimiser, schedule = _without_code(document["optimiser"]), _without_code(document["schedule"])
    parts = {
        "optimiser": get("optimiser", optimiser["name"]).config.read(optimiser),  # pyright: ignore
        "schedule": get("schedule", schedule_name(schedule)).config.read(schedule),  # pyright: ignore
        "augment": Augment.model_validate(document["augment"]),
    }
    return Recipe(**{**document, **parts})


def schedule_name(document: Mapping[str, Any]) -> str:
    """The name of the schedule of a document; the first version had two without one."""
    return document.get("name") or ("steps" if document["milestones"] else "constant")


def _code(kind: str, name: str) -> dict[str, str]:
    code = code_of(get(kind, name))
    return {} if code is None else {"code": code}


def _without_code(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "code"}
