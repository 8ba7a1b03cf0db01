"""Train an expert: a dense training on real data that leaves its parameters after every epoch."""

from dataclasses import dataclass

from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.catalog.recipe import from_document
from lmcspec.tasks import read
from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Interrupted, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.shown import rate_and_batch
from lmcspec.tasks.work import BACKWARD, FLOAT, Known, Work, training


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
    from lmcspec.science.train import Stopped

    data = read.dataset(ctx, params.data)
    network = read.module(params.model).to(ctx.device)
    recipe = from_document(params.recipe.value)
    place = (seeds["seed"], seeds["expert"])
    checkpoints = Checkpoints(ctx, "update", "expert.checkpoint")
    states, begin, moments = {}, 0, None
    if (checkpoint := checkpoints.read()) is not None:
        begin, entries = checkpoint
        parts = {part: _section(entries, part) for part in ("trajectory/", "state/", "optimiser/")}
        states, moments = parts["trajectory/"], parts["optimiser/"]
        network.load_state_dict(parts["state/"])
        ctx.log(f"goes on from its checkpoint after update {begin}")
    else:
        network.load_state_dict(read.initial(params.model, network, ("expert", *place, "init")))

    def pulse(update: int, loss: float) -> bool:
        ctx.progress(update, recipe.length, f"loss {loss:.4g}")
        ctx.metric("train/loss", loss, update)
        return checkpoints.due()

    while True:
        try:
            end = trajectory(
                network,
                data.train,
                recipe,
                InnerNoise("expert", place),
                states,
                begin=begin,
                optimiser_state=moments,
                pulse=pulse,
            )
            break
        except Stopped as stopped:
            begin, moments = stopped.snapshot.update, stopped.snapshot.optimiser
            entries = {f"trajectory/{name}": tensor for name, tensor in states.items()}
            entries |= {f"state/{name}": tensor for name, tensor in stopped.snapshot.state.items()}
            entries |= {f"optimiser/{name}": tensor for name, tensor in moments.items()}
            checkpoints.write(begin, entries)
            if ctx.stopping():
                raise Interrupted(f"stopped after update {begin} of {recipe.length}") from None
    read.write(ctx.out / read.TRAJECTORY, states)
    test = evaluate(network, data.test)
    scalars = {"test_error": test.error, "test_loss": test.loss, "test_images": test.images, "update": end.update}
    return Finished(scalars, "diverged" if end.diverged else "ok")


def _section(entries: dict, name: str) -> dict:
    return {key.removeprefix(name): value for key, value in entries.items() if key.startswith(name)}


KIND = Kind(
    name="expert",
    version=1,
    params=Expert,
    run=run,
    work=work,
    data="data",
    shown=lambda params: rate_and_batch(params.recipe),
)
