"""Align a network with another: the permutation of its units that brings it near."""

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lmcspec.base.errors import UsageError
from lmcspec.catalog.config import COUNTED
from lmcspec.tasks import read, says
from lmcspec.tasks.checkpoint import UNFIT, Checkpoints, is_unfit
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import CardOf, Finished, Kind
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import BACKWARD, Known, Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from lmcspec.catalog import MatcherCard
    from lmcspec.science.permute.algebra import Permutation
    from lmcspec.science.permute.pair import Pair, Step

STORED = 8 * 4096
"""Bytes, about: a number for each unit."""


@dataclass(frozen=True, slots=True)
class Match:
    """Inputs: `a`, and `b` that is aligned with it. Seeds: `pair`, the address of the method's random draws.

    With `mask-a` and `mask-b` both are pruned before; with `early-a` and `early-b`, earlier states of theirs, `layers`
    are taken from these.
    """

    model: Part
    method: Part
    data: Part | None = field(default=None, metadata=ADDED_LATER)
    """The data, where the method looks at training images."""
    images: int = field(default=0, metadata=ADDED_LATER)
    """At a fixed class-balanced subset of so many; 0 for all."""
    code: str | None = field(default=None, metadata=ADDED_LATER)
    """The code of a method that isn't built in."""
    layers: str = field(default="", metadata=ADDED_LATER)
    """The exact path of a module, by which tensors are early ones or not; empty where none are."""
    how: str = field(default="", metadata=ADDED_LATER)
    """Which are early: `bottom-up`, `top-down`, `put-in` or `leave-out`, as in `science.permute.partial`."""


def work(params: Match, known: Known) -> Work:
    """What the method runs of the images; without any its updates. That of assignments is not counted."""
    images = 0 if params.data is None else known.images("train", params.images)
    card, config = _method(params)
    passes = card.passes(config, images, known.model is not None and known.model.has_batch_norm)
    forward = passes.forward + (1 + BACKWARD) * passes.trained
    units = float(max(1, forward or passes.updates))
    return Work(units=units, images=passes.trained, updates=passes.updates, forward=forward, stored=STORED)


def pace(params: Match) -> str:
    """The method: one's units are images, another's updates, and what goes on beside them takes more or less."""
    return params.method.value["method"] + ("" if params.data is not None else " without images")


def _method(params: Match) -> "tuple[MatcherCard, Any]":
    """The card of the method, and its settings in updates."""
    from lmcspec.catalog import MatcherCard, get

    card = get("matcher", params.method.value["method"])
    assert isinstance(card, MatcherCard)
    return card, card.config.model_validate(params.method.value, context=COUNTED)


def shown(params: Match) -> dict[str, Any]:
    """The method with its settings, and which layers are early ones, where some are."""
    return {**params.method.value, **({"rewound": f"{params.how} {params.layers}"} if params.how else {})}


def run(ctx: Context, params: Match, seeds: dict[str, int]) -> Finished:
    """Write `permutation.safetensors`, an int64 vector for each group of units; `apply`d to b it lies near a.

    Scalars: the L2 distance before and after, over the parameters that the objective counts, of what is aligned; the
    share of units that stay in place; units by group; and what of the model is pinned. A network that is not finite, or
    gives no numbers on the images that are looked at, is aligned with nothing: the outcome is `diverged`, there is no
    permutation, and nothing goes by one. GroupsError where permuting the groups changes what a network of random
    weights computes.
    """
    import torch

    from lmcspec.science.permute import algebra, objective, permutation_file
    from lmcspec.science.permute.pair import NotFiniteError, Pair
    from lmcspec.science.permute.tracing import trace

    network = read.module(params.model)
    shape = tuple(params.model.value["shape"])
    traced = trace(network, shape)
    a, b = (_aligned(ctx, params, network, traced.order, name) for name in ("a", "b"))
    groups = read.checked_groups(params.model)
    finite = [all(bool(tensor.isfinite().all()) for tensor in end.values()) for end in (a, b)]
    if not all(finite):
        return Finished({"units": dict(groups.sizes)}, "diverged")
    images = None
    if params.data is not None:
        train = read.dataset(ctx, params.data).train
        images = train.subset(read.balanced(train, params.data, params.images, "match")) if params.images else train
    card, config = _method(params)
    checkpoints = Checkpoints(ctx, "steps done", "match.checkpoint")
    begin = checkpoints.read()
    pair = Pair(
        network.to(torch.device(ctx.device)), traced, a, b, seeds["pair"], images, {} if begin is None else begin[1]
    )
    try:
        permutation = _matched(ctx, card, config, pair, checkpoints) if groups.sizes else {}
    except NotFiniteError:
        if all(_computes(pair, end) for end in (a, b)):
            raise
        return Finished({"units": dict(groups.sizes)}, "diverged")
    permutation_file.save(ctx.out / read.PERMUTATION, permutation)
    identity = algebra.identity(groups)
    before, after = (objective.squared_distance(groups, way, a, b) ** 0.5 for way in (identity, permutation))
    scalars = {
        "distance-before": before,
        "distance-after": after,
        "in-place": algebra.fixed_share(identity, permutation),
        "units": dict(groups.sizes),
        "pinned": [f"{pinned.place}: {pinned.reason}" for pinned in groups.pinned],
    }
    return Finished(scalars)


def _aligned(
    ctx: Context, params: Match, network: "nn.Module", order: "Sequence[str]", name: str
) -> "Mapping[str, Tensor]":
    """The network that is aligned for an input: some of its layers early ones, or its pruned weights zero."""
    from lmcspec.science import masks
    from lmcspec.science.permute.partial import frankenstein

    state = read.state(ctx, name, network)
    if params.how:
        try:
            state = frankenstein(read.state(ctx, f"early-{name}", network), state, params.layers, params.how, order)  # pyright: ignore[reportArgumentType]
        except ValueError as problem:  # the plan knew nothing of the model
            raise UsageError(f"rewind_layers: {problem}") from problem
    mask = read.mask(ctx, network, f"mask-{name}")
    return state if mask is None else masks.apply(mask, state)


def _matched(ctx: Context, card: "MatcherCard", config: Any, pair: "Pair", checkpoints: Checkpoints) -> "Permutation":
    """The permutation at the method's last step, with a checkpoint after any step that is due."""
    for step in _steps(ctx, card, config, pair):
        ctx.progress(step.done, step.total, step.note)
        if step.permutation is not None:
            return step.permutation
        if checkpoints.due():
            checkpoints.write(step.done, step.tensors(), f"{step.done} of {step.total} steps")
    raise AssertionError(f"the method {card.name} ends without a permutation")


def _steps(ctx: Context, card: "MatcherCard", config: Any, pair: "Pair") -> "Iterator[Step]":
    """The method's steps; from the first one on where its checkpoint is not what it goes on from, as another version's.

    What is wrong with that shows as the method reads it, before its next step.
    """
    steps = iter(card.load()(config, pair))
    try:
        step = next(steps)
    except UNFIT as error:
        if not pair.begin or not is_unfit(error):
            raise
        ctx.log(f"its checkpoint is no use, it begins anew: {type(error).__name__}: {error}")
        steps = iter(card.load()(config, replace(pair, begin={})))
        step = next(steps)
    yield step
    yield from steps


def _computes(pair: "Pair", state: "Mapping[str, Tensor]") -> bool:
    """Whether a network's loss on the images that are looked at is a number; without any it is taken to be."""
    from lmcspec.science.evaluate import evaluate

    if pair.images is None:
        return True
    pair.network.load_state_dict(dict(state))
    return math.isfinite(evaluate(pair.network, pair.images).loss)


KIND = Kind(
    name="match",
    doc="Align a network with another: the permutation of its units that brings it near.",
    version=1,
    params=Match,
    run=run,
    work=work,
    says=says.aligned,
    makes="permutation",
    card=CardOf("method", "matcher", "method"),
    data="data",
    about=lambda params: ("a", "b"),
    pace=pace,
    shown=shown,
    nothing_if_diverged=True,
)
