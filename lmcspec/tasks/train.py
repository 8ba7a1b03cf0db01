"""Train a network, masked or dense, from a starting point until some update."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lmcspec.base import faults
from lmcspec.catalog import OptimiserCard, get
from lmcspec.tasks import says, shrunk, ways
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.segments import by_segments
from lmcspec.tasks.shown import rate_and_batch
from lmcspec.tasks.together import TRAININGS
from lmcspec.tasks.training import Train, prepare
from lmcspec.tasks.work import BACKWARD, Known, Work, training


def work(params: Train, known: Known) -> Work:
    """What training sees, and one evaluation of every split; `units` are images forward."""
    recipe = params.recipe.value
    seen = training(recipe, params.begin, params.until, known.trained_on)
    forward = (1 + BACKWARD) * seen + known.trained_on + known.data.test + known.data.validation
    moments = 0 if params.until >= recipe["length"] else _moments(recipe)
    stored = None if known.weights is None else known.weights * (1 + moments)
    updates = params.until - params.begin
    return Work(units=float(forward), images=seen, updates=updates, forward=forward, stored=stored)


def _moments(recipe: Mapping[str, Any]) -> int:
    card = get("optimiser", recipe["optimiser"]["name"])
    assert isinstance(card, OptimiserCard)
    return card.moments


def shown(params: Train) -> dict[str, Any]:
    """The updates from `begin` to `until`, the start, and the recipe's rate and batch."""
    return {name: getattr(params, name) for name in ("begin", "until", "start", "restore")} | rate_and_batch(
        params.recipe
    )


def run(ctx: Context, params: Train, seeds: dict[str, int]) -> Finished:
    """Train, commit what is passed on the way, and evaluate the last state on clean images of every split."""
    from lmcspec.science.shrunk_training import train_shrunk
    from lmcspec.science.train import Callbacks, Segment, Snapshot, train

    ready = prepare(ctx, params, seeds)
    told = ready.checkpoints.pulse(params.until, "train/loss")
    computed = ways.trained_in(ctx, params.model, ready.network, ready.recipe, params.until - params.begin)
    updates = params.until - params.begin
    small = shrunk.in_training(ctx, params.model, computed, ready.mask, ready.recipe, ready.update, updates)
    ready = replace(ready, network=small.module if small else computed.module)

    def pulse(update: int, loss: float) -> bool:
        faults.reach("train.update")
        return told(update, loss)

    def trained(segment: Segment) -> Snapshot:
        callbacks = Callbacks(ready.stops(segment.begin), ready.passed, pulse)
        if small:
            return train_shrunk(small, ready.split, ready.recipe, ready.noise, segment=segment, callbacks=callbacks)
        return train(
            computed,
            ready.split,
            ready.recipe,
            ready.noise,
            mask=ready.mask,
            segment=segment,
            callbacks=callbacks,
        )

    return ready.finished(by_segments(ready.checkpoints, Segment(ready.update, params.until, ready.moments), trained))


KIND = Kind(
    name="train",
    doc="Train a network, masked or dense, from a starting point until some update.",
    version=1,
    params=Train,
    run=run,
    work=work,
    says=says.accuracy,
    makes="network",
    data="data",
    in_place="train_on",
    about=lambda params: ("last",),
    shown=shown,
    together=TRAININGS,
    draws=lambda params: params.start != "given" or params.until > params.begin,
)
