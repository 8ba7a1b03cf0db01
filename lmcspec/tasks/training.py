"""A training made ready: its network at its starting point, its data, its noise; and what is written of its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.base import faults
from lmcspec.base.errors import BlockedError, LmcspecError
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.recipe import Recipe, from_document
from lmcspec.tasks import read
from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, UnfitInput
from lmcspec.tasks.params import Part, decode, parts_of
from lmcspec.tasks.segments import check_resumable, section

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.science.data import Dataset, Split
    from lmcspec.science.train import Snapshot


@dataclass(frozen=True, slots=True)
class Train:
    """A training, named from its last branch. Inputs: `mask`, `start`, `last`, `data`, each only where it is used."""

    model: Part
    recipe: Part
    data: Part
    """The study's data: what is trained on unless `train_on` or the input `data` says otherwise, and tested on."""
    begin: int
    """Updates already done at the starting point."""
    until: int
    start: Literal["init", "reinit", "given"] = "init"
    """Drawn from the replicate's stream, redrawn, or the state in the input `start`."""
    restore: Literal["all", "prunable"] = "all"
    """`prunable`: only prunable weights come from the start, the rest from the state in the input `last`."""
    train_on: Part | None = field(default=None)
    """A distilled set from a file, or another data set's images."""

    @property
    def branch(self) -> tuple[Any, ...]:
        """All but `until`: trainings of one branch are parts of each other."""
        return (self.model, self.recipe, self.data, self.begin, self.start, self.restore, self.train_on)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A training that can begin, or go on."""

    ctx: Context
    params: Train
    network: "nn.Module"
    """On the device, in the state after `update` updates."""
    mask: "dict[str, Tensor] | None"
    recipe: Recipe
    data: "Dataset"
    split: "Split"
    """What it is trained on."""
    noise: SgdNoise
    checkpoints: Checkpoints
    update: int
    moments: "dict[str, Tensor] | None"
    states: dict[int, str]
    """Ids of the states that it passes, by update; what is committed goes out."""

    def stops(self, begin: int) -> list[int]:
        """The updates from `begin` on after which states are still to be passed."""
        return sorted(at for at in self.states if begin <= at < self.params.until)

    def passed(self, snapshot: "Snapshot") -> None:
        """Commit the next state; those that a diverged training does not reach get its end, as they would alone."""
        faults.reach("train.snapshot")
        with self.ctx.byproduct(self.states.pop(min(self.states))) as inner:
            if inner is not None:
                self.ctx.commit_byproduct(inner, self._write(inner.out, snapshot))

    def finished(self, end: "Snapshot") -> Finished:
        """Write the last state, and evaluate it on clean images of every split."""
        faults.reach("train.finished")
        return self._write(self.ctx.out, end)

    def _write(self, out: Path, snapshot: "Snapshot") -> Finished:
        """The state's files and its evaluation. The optimiser is kept where the schedule goes on."""
        from lmcspec.science.evaluate import evaluate
        from lmcspec.science.outcome import outcome

        read.write(out / read.STATE, snapshot.state)
        if snapshot.update < self.recipe.length:
            read.write(out / read.OPTIMISER, snapshot.optimiser)
        test, train = evaluate(self.network, self.data.test), evaluate(self.network, self.split)
        held = None if self.data.validation is None else evaluate(self.network, self.data.validation)
        scalars = {
            "update": snapshot.update,
            "test_error": test.error,
            "test_loss": test.loss,
            "test_images": test.images,
            "train_error": train.error,
            "train_loss": train.loss,
            "train_images": train.images,
        }
        if held is not None:
            scalars |= {"validation_error": held.error, "validation_loss": held.loss, "validation_images": held.images}
        # Chance is judged where the training ends; on the way there a young network may well guess.
        ending = outcome(test, self.data.classes, self.mask, snapshot.diverged)
        early = snapshot.update < self.recipe.length and ending == "chance"
        return Finished(scalars, "ok" if early else ending)


def prepare(ctx: Context, params: Train, seeds: dict[str, int]) -> Training:
    """Read what a training needs, and find the point from which it goes on."""
    import torch

    from lmcspec.science.precision import ON_GPUS_ONLY

    device = torch.device(ctx.device)
    recipe = recipe_of(params.recipe)
    if recipe.precision in ON_GPUS_ONLY and device.type != "cuda":
        raise BlockedError(
            f"the precision {recipe.precision} is computed on GPUs only, and this task was given none",
            help='run it where there is one, or say precision = "bf16" or "float32"',
        )
    network = read.module(params.model).to(device)
    read.note_facts(ctx, params.model, network)
    mask = read.mask(ctx, network)
    data, split, rate = read.training_images(ctx, params.data, params.train_on)
    if recipe.learned_rate:
        recipe = _at_learned_rate(recipe, rate)
    parts = {part.digest: part.value for part in parts_of(params)}
    states = {decode(Train, document, parts).until: name for name, document in ctx.byproducts()}
    checkpoints = Checkpoints(ctx, "update", "train.checkpoint")
    before = min(states, default=params.until)
    update, state, moments = _resume(ctx, params, seeds, network, recipe, checkpoints, before)
    network.load_state_dict(state)
    noise = SgdNoise(seeds["replicate"], seeds["copy"], seeds["level"])
    return Training(ctx, params, network, mask, recipe, data, split, noise, checkpoints, update, moments, states)


def _at_learned_rate(recipe: Recipe, rate: float | None) -> Recipe:
    """The recipe at the rate that was distilled along with the images."""
    if rate is None:
        raise BlockedError(
            "the recipe takes the rate that was distilled along with the images, and there is none with these",
            help="say learned_rate = false in the recipe",
        )
    return replace(recipe, optimiser=recipe.optimiser.model_copy(update={"lr": rate}))


def recipe_of(part: Part) -> Recipe:
    """The recipe that a part holds."""
    return from_document(part.value)


def _resume(
    ctx: Context,
    params: Train,
    seeds: dict[str, int],
    network: "nn.Module",
    recipe: Recipe,
    checkpoints: Checkpoints,
    before: int,
) -> "tuple[int, dict[str, Tensor], dict[str, Tensor] | None]":
    """Where to go on: a checkpoint, a stored state of the same branch, or the beginning of the branch.

    Nothing later than `before`, the first state that has to be passed.
    """

    def fits(update: int, entries: "Mapping[str, Tensor]") -> None:
        if update < params.begin:
            raise ValueError(f"update {update} is before its beginning")
        check_resumable(network, recipe, update, params.until, entries)

    checkpoint = checkpoints.read(fits)
    if checkpoint is not None and checkpoint[0] <= before:
        update, entries = checkpoint
        ctx.log(f"goes on from its checkpoint after update {update}")
        return update, section(entries, "state"), section(entries, "optimiser")
    if ctx.has("continue"):
        update = ctx.result("continue").get("update")
        if not isinstance(update, int) or update < params.begin:
            raise UnfitInput("continue", f"it is a state after update {update}")
        if update <= before:
            state, moments = (read.of_input(ctx, "continue", file) for file in (read.STATE, read.OPTIMISER))
            entries = {f"state/{name}": tensor for name, tensor in state.items()}
            entries |= {f"optimiser/{name}": tensor for name, tensor in moments.items()}
            try:
                check_resumable(network, recipe, update, params.until, entries)
            except (ValueError, LmcspecError) as error:
                raise UnfitInput("continue", error) from error
            ctx.log(f"goes on from the stored state after update {update}")
            return update, state, moments
    return params.begin, _start(ctx, params, seeds, network), _carried(ctx, params, recipe)


def _start(ctx: Context, params: Train, seeds: dict[str, int], network: "nn.Module") -> "dict[str, Tensor]":
    from lmcspec.science import masks

    match params.start:
        case "init":
            state = read.initial(params.model, network, ("init", seeds["replicate"]))
        case "reinit":
            state = read.initial(params.model, network, ("reinit", seeds["replicate"], 0))
        case "given":
            state = read.state(ctx, "start", network)
    if params.restore == "prunable":
        last = read.state(ctx, "last", network)
        kept = set(masks.prunable(network))
        state = {name: value if name in kept else last[name] for name, value in state.items()}
    return state


def _carried(ctx: Context, params: Train, recipe: Recipe) -> "dict[str, Tensor] | None":
    if recipe.optimiser_state == "fresh" or params.start != "given":
        return None
    path = ctx.input("start") / read.OPTIMISER
    return read.tensors(path) if path.exists() else None
