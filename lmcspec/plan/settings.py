"""A study's recipes, data and space resolved to what tasks are named by: updates, digests and numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lmcspec.base.facts import DataFacts
from lmcspec.base.steps import Step, updates_per_epoch
from lmcspec.catalog import Card, DatasetCard, Named, get, identity
from lmcspec.catalog.code import code_of
from lmcspec.catalog.recipe import Recipe, as_document
from lmcspec.plan.facts import largest_holdout
from lmcspec.spec import recipe as written
from lmcspec.spec.study import DatasetTable, Space
from lmcspec.tasks import Part


class TrainingSet(NamedTuple):
    """What a recipe trains on: the study's own images, or a distilled set (made by a task, or a file's part)."""

    name: str
    images: int
    tasks: tuple[str, ...] = ()
    """The task that makes it for all replicates, or one for each."""
    file: Part | None = None
    rated: bool = False
    """Whether a rate may have been distilled along with the images."""
    raw: bool = True
    """Whether its images are decoded ones, which enter the space only when they are taken."""
    each: bool = False
    """Whether each replicate has one of its own."""

    def task(self, replicate: int) -> str:
        """What makes it for a replicate; "" for images that no task makes."""
        return self.tasks[replicate % len(self.tasks)] if self.tasks else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the tasks that make it, or the digest of its file."""
        return self.tasks or ((self.file.digest,) if self.file else ("",))


class ResolvedRecipe(NamedTuple):
    """A recipe on one training set, in updates."""

    recipe: Recipe
    per_epoch: int
    part: Part

    def updates(self, step: Step) -> int:
        """A step in updates of this recipe."""
        return step.resolve(self.per_epoch)


def resolve_recipe(recipe: written.Recipe, images: int) -> ResolvedRecipe:
    """The recipe in updates on a training set of so many images."""
    per_epoch = updates_per_epoch(images, recipe.batch)
    result = Recipe(
        length=recipe.length.resolve(per_epoch),
        batch=recipe.batch,
        optimiser=recipe.optimiser.in_updates(per_epoch),
        schedule=recipe.schedule.in_updates(per_epoch),
        augment=recipe.augment,
        optimiser_state=recipe.optimiser_state,
        precision=recipe.precision,
        learned_rate=recipe.learned_rate,
    )
    return ResolvedRecipe(result, per_epoch, Part.of(as_document(result)))


def resolve_space(space: Space | None, table: DatasetTable) -> dict[str, Any]:
    """The study's space with its numbers, as it enters ids.

    By default `standardised` with the data set's own numbers, or `raw` where it has none. Raises ValueError for
    `standardised` without numbers anywhere.
    """
    card = get("dataset", table.name)
    assert isinstance(card, DatasetCard)
    name = space.name if space else ("standardised" if card.mean else "raw")
    if name == "raw":
        return {"name": "raw"}
    if name == "zca":
        return {"name": "zca", "eps": space.eps if space else 0.1}
    mean, std = (space.mean, space.std) if space else (None, None)
    mean, std = mean or card.mean, std or card.std
    if mean is None or std is None:
        raise ValueError(f"the data set {table.name!r} has no mean and std of its own: give both, or use the space raw")
    return {"name": "standardised", "mean": list(mean), "std": list(std)}


def data_part(table: DatasetTable, facts: DataFacts, space: Mapping[str, Any], **more: Any) -> Part:
    """Data as tasks name them: digest and space, and what a study makes of decoded images where it does.

    Where a card resizes by itself, as folders do, the digest is that of its resized images.
    """
    value: dict[str, Any] = {"digest": facts.digest, "space": dict(space), **more}
    if table.split is not None:
        value["split"] = identity(table.split)
    if table.resize is not None and not resizes_itself(table):
        value["resize"] = table.resize
    if table.crop is not None:
        value["crop"] = table.crop
    return Part.of(value | _code(get("dataset", table.name)))


class EmptiedClass(ValueError):
    """A split that leaves nothing of a class to train on. `key` is the one to change."""

    def __init__(self, message: str, help: str, key: str) -> None:
        super().__init__(message)
        self.help, self.key = help, key


def resizes_itself(table: DatasetTable) -> bool:
    """Whether the data set's own loader knows `resize`."""
    return "resize" in get("dataset", table.name).config.model_fields


def facts_of_study(table: DatasetTable, facts: DataFacts) -> DataFacts:
    """The facts of a data set as a study uses it: resized, and without the images that it sets aside or leaves out.

    Their shape is what networks see. Raises ValueError where there are too few, EmptiedClass where a class has none.
    """
    shape = stored_shape(table, facts)
    facts = replace(facts, shape=shape if table.crop is None else (shape[0], table.crop, table.crop))
    if table.split is None:
        return facts
    held = table.split.validation
    if held >= facts.train:
        raise ValueError(f"{held:,} images are to be set aside for validation, and there are {facts.train:,} in all")
    limit = largest_holdout(facts, table.name, table.split.seed) if held else None
    if limit is not None and held > limit.most:
        raise EmptiedClass(
            f"{held:,} images set aside for validation take all of a class: the smallest has {min(facts.sizes):,}",
            f"set {limit.sure:,} aside at most" if limit.sure else "a class has one training image only: it needs more",
            "validation",
        )
    left = facts.train - held
    wanted = left if table.split.train is None else table.split.train
    if wanted > left:
        raise ValueError(f"{wanted:,} images are to be trained on, and there are {left:,}")
    if facts.known and table.split.train is None and left < facts.classes:
        message = (
            f"{held:,} images set aside for validation leave {left:,}, which can't be of {facts.classes:,} classes"
        )
        raise EmptiedClass(message, f"set {facts.train - facts.classes:,} aside at most", "validation")
    if facts.known and wanted < facts.classes:
        message = f"{wanted:,} training images can't be of all {facts.classes:,} classes"
        raise EmptiedClass(message, f"train on {facts.classes:,} at least", "train")
    return replace(facts, train=wanted, validation=held)


def stored_shape(table: DatasetTable, facts: DataFacts) -> tuple[int, int, int]:
    """Channels, height and width of the images as a study has them before they are cropped.

    Of missing images that would be resized as they are read, only the wanted size is known.
    """
    by_itself = resizes_itself(table) and facts.known
    return facts.shape if table.resize is None or by_itself else (facts.shape[0], table.resize, table.resize)


def model_part(model: Named, facts: DataFacts) -> Part:
    """A model on images of this shape."""
    value = {"config": identity(model), "shape": list(facts.shape), "classes": facts.classes}
    return Part.of(value | _code(get("model", model.name)))


def _code(card: Card) -> dict[str, str]:
    """What stands in a part for the code of a card that isn't built in."""
    code = code_of(card)
    return {} if code is None else {"code": code}
