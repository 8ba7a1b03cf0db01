"""Train an expert: a dense training on real data that leaves its parameters after every epoch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.recipe import from_document
from lmcspec.tasks import read, says, ways
from lmcspec.tasks.checkpoint import Checkpoints, check_like
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.segments import by_segments, check_resumable, section
from lmcspec.tasks.shown import rate_and_batch
from lmcspec.tasks.work import BACKWARD, FLOAT, Known, Work, training

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the trainings that trajectory matching follows. No inputs. Seeds: `seed` of all of them, and `expert`."""

    model: Part
    recipe: Part
    """Its length is a whole number of epochs."""
    data: Part


def work(params: Expert, known: Known) -> Work:
    """A training that keeps its parameters after every epoch; it belongs to making a set."""
    recipe, data = params.recipe.value, known.data
    length = recipe["length"]
    seen = training(recipe, 0, length, data.train)
    forward = (1 + BACKWARD) * seen + data.test
    epochs = length // -(-data.train // recipe["batch"])
    stored = None if known.model is None else FLOAT * known.model.parameters * (epochs + 1)
    return Work(units=float(forward), images=seen, updates=length, forward=forward, making=seen, stored=stored)


def run(ctx: Context, params: Expert, seeds: dict[str, int]) -> Finished:
    """Write `trajectory.safetensors`, the parameters after each epoch as `epoch/name`, and evaluate the last."""
    from lmcspec.science.distill.experts import trajectory
    from lmcspec.science.evaluate import evaluate
    from lmcspec.science.train import Segment, Snapshot

    data = read.dataset(ctx, params.data)
    network = read.module(params.model).to(ctx.device)
    recipe = from_document(params.recipe.value)
    place = (seeds["seed"], seeds["expert"])
    checkpoints = Checkpoints(ctx, "update", "expert.checkpoint")
    states, segment = {}, Segment(until=recipe.length)

    def fits(update: int, entries: "Mapping[str, Tensor]") -> None:
        check_resumable(network, recipe, update, recipe.length, entries)
        passed = update // updates_per_epoch(len(data.train), recipe.batch)
        trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
        wanted = {f"{epoch}/{name}": parameter for epoch in range(passed + 1) for name, parameter in trained.items()}
        check_like(section(entries, "trajectory"), wanted)

    if (checkpoint := checkpoints.read(fits)) is not None:
        update, entries = checkpoint
        states, segment = section(entries, "trajectory"), Segment(update, recipe.length, section(entries, "optimiser"))
        network.load_state_dict(section(entries, "state"))
        ctx.log(f"goes on from its checkpoint after update {update}")
    else:
        network.load_state_dict(read.initial(params.model, network, ("expert", *place, "init")))
    computed = ways.trained_in(ctx, params.model, network, recipe, recipe.length)
    network = computed.module

    def train(segment: Segment) -> Snapshot:
        pulse = checkpoints.pulse(recipe.length, "train/loss")
        return trajectory(computed, data.train, recipe, InnerNoise("expert", place), states, segment, pulse)

    end = by_segments(checkpoints, segment, train, {"trajectory": states})
    read.write(ctx.out / read.TRAJECTORY, states)
    test = evaluate(network, data.test)
    scalars = {"test_error": test.error, "test_loss": test.loss, "test_images": test.images, "update": end.update}
    return Finished(scalars, "diverged" if end.diverged else "ok")


KIND = Kind(
    name="expert",
    doc="Train an expert: a dense training on real data that leaves its parameters after every epoch.",
    version=1,
    params=Expert,
    run=run,
    work=work,
    says=says.accuracy,
    data="data",
    shown=lambda params: rate_and_batch(params.recipe),
)
