"""What a case trains on: its data set, the distilled sets beside it, and its model, as parts with their facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import get
from lmcspec.plan.facts import FoundData
from lmcspec.plan.given_tensors import NOTHING, GivenTensors
from lmcspec.plan.settings import TrainingSet
from lmcspec.spec.study import DatasetTable
from lmcspec.tasks import Part


@dataclass(frozen=True, slots=True)
class Material:
    """The parts that all trainings of a case share, and what is known of them."""

    model: Part
    data: Part
    real: TrainingSet
    sets: dict[str, TrainingSet] = field(default_factory=dict)
    """Distilled sets by name."""
    neutral: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By digest of a part: where its images lie."""
    facts: dict[str, DataFacts] = field(default_factory=dict)
    """By digest of a data part."""
    missing: dict[str, str] = field(default_factory=dict)
    """By digest of a part: why its images or tensors are not here."""
    given: GivenTensors = NOTHING
    """Weights and masks from files."""

    def know(self, part: Part, table: DatasetTable, images: FoundData) -> None:
        """Where the images of a data part lie, what is known of them, and what is missing."""
        keys = get("dataset", table.name).config.model_fields
        config = {key: value for key, value in table.model_dump(mode="json").items() if key in keys}
        where = {"config": config, "root": str(images.root) if images.root else None}
        self.neutral[part.digest] = where if table.resident == "auto" else {**where, "resident": table.resident}
        self.facts[part.digest] = images.facts
        if images.missing:
            self.missing[part.digest] = images.missing

    @property
    def images(self) -> dict[str, int]:
        """How many images a distilled set holds, by the id of the task that makes it or the digest of its file."""
        return {source: training_set.images for training_set in self.sets.values() for source in training_set.sources}
