"""Prune: the next mask from trained weights, from those at a rewind point, or from none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.base.errors import UsageError
from lmcspec.tasks import read, says
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import CardOf, Finished, Interrupted, Kind
from lmcspec.tasks.masks import weight_of, write_mask
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import Known, Work

if TYPE_CHECKING:
    from torch import Tensor

    from lmcspec.catalog import CriterionCard
    from lmcspec.science.data import Split


@dataclass(frozen=True, slots=True)
class Prune:
    """One or more rounds of pruning at once.

    Inputs: `state` (what ranks), `mask` (what survives so far; dense without it), `data` (a distilled set that a
    criterion looks at).
    """

    model: Part
    criterion: Part
    fraction: float
    rounds: int = 1
    scope: Literal["global", "layer"] = "global"
    exclude: tuple[str, ...] = ()
    sparsity: float | None = None
    """Prune in the last round to exactly this total sparsity."""
    start: Literal["given", "init"] = field(default="given", metadata=ADDED_LATER)
    """What ranks: the state in its input, or the replicate's initial weights."""
    data: Part | None = field(default=None, metadata=ADDED_LATER)
    """The study's data, for a criterion that looks at training images."""
    train_on: Part | None = field(default=None, metadata=ADDED_LATER)
    """A distilled set from a file, at which it looks instead."""
    fraction_of: Literal["eligible", "all"] = field(default="eligible", metadata=ADDED_LATER)
    """Of which survivors `fraction` is a share; those that go are eligible in any case."""
    code: str | None = field(default=None, metadata=ADDED_LATER)
    """The code of a criterion that isn't built in."""


def work(params: Prune, known: Known) -> Work:
    """What a criterion looks at in all its steps. Seconds are kept per prune: beside a training scoring is little."""
    criterion = params.criterion.value
    card = _card(params)
    steps = criterion.get("iterations", 1)
    seen = min(criterion["per_class"] * known.data.classes, known.trained_on) if card.passes and card.images else 0
    forward = card.passes * steps * (seen if card.images else 1)
    return Work(units=1.0, images=steps * seen, forward=forward, stored=known.mask)


def about(params: Prune) -> tuple[str, ...]:
    """The trained network, where the criterion ranks its weights."""
    return ("state",) if _card(params).trains else ()


def gains(params: Prune) -> bool:
    """Whether the criterion runs the network."""
    return _card(params).passes > 0


def shown(params: Prune) -> dict[str, Any]:
    """Which fraction is pruned, in which scope, and which state ranks."""
    return {"start": params.start, "scope": params.scope, "fraction": params.fraction}


def _card(params: Prune) -> "CriterionCard":
    from lmcspec.catalog import CriterionCard, get

    card = get("criterion", params.criterion.value["name"])
    assert isinstance(card, CriterionCard)
    return card


def run(ctx: Context, params: Prune, seeds: dict[str, int]) -> Finished:
    """Write `mask.safetensors`; counts per tensor and in all."""
    from lmcspec.science import masks
    from lmcspec.science.models.suited import ModelError

    network = read.module(params.model, "meta")
    mask = read.mask(ctx, network) or masks.dense(network)
    if not mask:
        raise ModelError(
            "the model has no weights to prune",
            help="prunable are weights of convolutions, linear layers and attention's projections: see docs/models.md",
        )
    card = _card(params)
    exclude = tuple(weight_of(layer, mask) for layer in params.exclude)
    if absent := [layer for layer, name in zip(params.exclude, exclude, strict=True) if name not in mask]:
        layers = ", ".join(name.removesuffix(".weight") for name in mask)
        raise UsageError(f"`exclude` names {absent[0]!r}, and the layers with prunable weights are {layers}")
    eligible, total = masks.survivors(mask, exclude), sum(tensor.numel() for tensor in mask.values())
    counts = _counts(eligible, masks.survivors(mask), total, params)
    try:
        if card.passes:
            mask = _by_running(ctx, params, seeds, card, mask, sum(counts), exclude)
        else:
            address = tuple(seeds[name] for name in ("replicate", "level", "draw") if name in seeds)
            scores = _scores(card, mask, _state(ctx, params, seeds), mask, address)
            for count in counts:
                mask = masks.prune(scores, mask, count, exclude, params.scope)
    except masks.Unranked as problem:
        ctx.log(f"no mask is made: {problem}")
        return Finished({}, "diverged")
    return write_mask(ctx.out, mask, exclude)


def _counts(eligible: int, surviving: int, total: int, params: Prune) -> list[int]:
    """How many go in each round: the fraction of the survivors meant; in a last, exact one what is over it.

    A share of all survivors is at most what is eligible.
    """
    from lmcspec.science.shares import count_to_prune

    counts = []
    for done in range(params.rounds):
        if params.sparsity is not None and done == params.rounds - 1:
            kept = total - count_to_prune(params.sparsity, total)
            count = max(0, surviving - sum(counts) - kept)
        else:
            share_of = eligible if params.fraction_of == "eligible" else surviving
            count = min(count_to_prune(params.fraction, share_of - sum(counts)), eligible - sum(counts))
        counts.append(count)
    return counts


def _in_steps(eligible: int, count: int, steps: int) -> list[int]:
    """`count` of the eligible survivors in steps that each leave the same share, to the nearest weight."""
    left = max(0.0, 1 - count / eligible) if eligible else 1.0
    gone = [int(eligible * (1 - left ** (step / steps)) + 0.5) for step in range(1, steps)]
    ends = [0, *gone, count]
    return [after - before for before, after in pairwise(ends)]


def _state(ctx: Context, params: Prune, seeds: dict[str, int]) -> "dict[str, Tensor]":
    if params.start == "init":
        return read.initial(params.model, read.module(params.model), ("init", seeds["replicate"]))
    return read.state(ctx, "state", read.module(params.model, "meta")) if ctx.has("state") else {}


def _scores(card: "CriterionCard", mask: "dict[str, Tensor]", *given: Any) -> "dict[str, Tensor]":
    """The scores that a criterion gives. Raises UsageError unless there is one for each weight of the mask."""
    scores = card.load()(*given)
    for name, tensor in mask.items():
        scored = scores.get(name) if isinstance(scores, Mapping) else None
        if getattr(scored, "shape", None) != tensor.shape:
            what = f"those of {name!r} are {'none' if scored is None else type(scored).__name__}"
            raise UsageError(
                f"the criterion {card.name!r} gives no score to each weight: {what}",
                help=f"mend {card.implementation}: it has to give a tensor of shape {tuple(tensor.shape)}",
            )
    return dict(scores)


def _by_running(
    ctx: Context,
    params: Prune,
    seeds: dict[str, int],
    card: "CriterionCard",
    mask: "dict[str, Tensor]",
    count: int,
    exclude: tuple[str, ...],
) -> "dict[str, Tensor]":
    """The mask without the `count` survivors that go by a criterion that runs the network on the task's device."""
    from lmcspec.science import masks
    from lmcspec.science.shares import share

    if not count:
        return mask
    network = read.module(params.model)
    network.load_state_dict(_state(ctx, params, seeds))
    network.to(ctx.device)
    images = _images(ctx, params) if card.images else None
    config = card.config.model_validate(params.criterion.value)
    # By layer each tensor has steps of its own: sharing out the few of one step again and again would drift.
    ranked = [tuple(name for name in mask if name not in exclude)]
    if params.scope == "layer":
        ranked = [(name,) for name in ranked[0]]
    spared = [tuple(name for name in mask if name not in names) for names in ranked]
    sizes = [masks.survivors(mask, others) for others in spared]
    steps = params.criterion.value.get("iterations", 1)
    plans = [_in_steps(size, going, steps) for size, going in zip(sizes, share(count, sizes), strict=True)]
    for done in range(steps):
        if ctx.stopping():
            raise Interrupted(f"stopped after step {done} of {steps}; it begins anew")
        if any(plan[done] for plan in plans):
            scores = _scores(card, mask, network, mask, config, tuple(params.model.value["shape"]), images)
            for plan, others in zip(plans, spared, strict=True):
                mask = masks.prune(scores, mask, plan[done], others)
        ctx.progress(done + 1, steps)
    return mask


def _images(ctx: Context, params: Prune) -> "Split":
    """As many images of each class as the criterion asks for: a constant of the study."""
    assert params.data is not None, "a criterion that looks at images is told which"
    data, split, _ = read.training_images(ctx, params.data, params.train_on)
    count = params.criterion.value["per_class"] * data.classes
    return split.subset(read.balanced(split, params.data, count, "prune"))


KIND = Kind(
    name="prune",
    doc="Prune: the next mask from trained weights, from those at a rewind point, or from none.",
    version=1,
    params=Prune,
    run=run,
    work=work,
    says=says.sparsity,
    gains=gains,
    makes="mask",
    card=CardOf("criterion", "criterion"),
    data="data",
    in_place="train_on",
    layers="exclude",
    about=about,
    shown=shown,
    nothing_if_diverged=True,
)
