"""The straight path between two trained copies: loss and error at its points."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmcspec.base.errors import LmcspecError
from lmcspec.tasks import read, says, shrunk, ways
from lmcspec.tasks.context import Context
from lmcspec.tasks.dropped import unmasked
from lmcspec.tasks.kind import Finished, Interrupted, Kind, first_collapse
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import Known, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmcspec.science.paths import PathCurve

NOISE, WRONG = "noise.safetensors", "wrong.safetensors"


@dataclass(frozen=True, slots=True)
class Path:
    """Inputs: `a` (at 0), `b` (at 1), `mask` where they have one, and with `decay` `start`.

    With `permutation`, which aligns b with a, b is permuted first; then each end has its own mask, which its zeros say.
    With `mask-a` and `mask-b` the ends are pruned before that, each by its own.
    """

    model: Part
    data: Part
    points: int
    split: tuple[str, ...]
    images: int
    """Training images to evaluate on, a fixed class-balanced subset; 0 for all."""
    bn: tuple[str, ...]
    bn_images: int
    decay: Part | None = field(default=None, metadata=ADDED_LATER)
    """The recipe by which pruned weights decayed, where masks are dropped; in `branches` of the copies' training."""
    branches: tuple[int, ...] = field(default=(), metadata=ADDED_LATER)


def work(params: Path, known: Known) -> Work:
    """Images at all points; those of a model with batch norm once for each policy, else once, and once repaired."""
    images = sum(known.images(split, params.images) for split in params.split)
    policies = len(distinct(params.bn, known.model is None or known.model.has_batch_norm))
    points = params.points + (params.points % 2 == 0)
    return Work(units=float(points * images), forward=points * images * policies, stored=4096)


def distinct(policies: "Sequence[str]", batch_norm: bool) -> tuple[str, ...]:
    """Those of the policies that are not one and the same: the first of those that are."""
    alike = {"repair": "recompute"} if batch_norm else {"recompute": "average"}
    first: dict[str, str] = {}
    for policy in policies:
        first.setdefault(alike.get(policy, policy), policy)
    return tuple(first.values())


def run(ctx: Context, params: Path, seeds: dict[str, int]) -> Finished:
    """The curves under every batch-norm policy, instability and barriers, and the distance of the ends.

    `noise.safetensors` has draws of what noise alone makes of these numbers, float32 (draws,) by policy and name, such
    as `average/instability/test`; `wrong.safetensors` which images are classified wrongly, bits, uint8 (positions,
    bytes), such as `average/test`. Policies that are one and the same stand there once. Copies whose ends coincide are
    an error unless they collapsed, or are one network that was only permuted: then they were not trained under
    different noise. The outcome is that of the first end that collapsed, else ok.
    """
    from lmcspec.science import curves, masks, paths
    from lmcspec.science.outcome import outcome

    network = ways.network(ctx, params.model)
    mask = read.mask(ctx, network)
    data = read.dataset(ctx, params.data)
    masks_of_ends = {name: read.mask(ctx, network, f"mask-{name}") for name in ("a", "b")}
    a, b = (masks.apply(pruned or {}, read.state(ctx, name, network)) for name, pruned in masks_of_ends.items())
    repairs = "repair" in params.bn and not paths.has_batch_norm(network)
    repaired: tuple[str, ...] = ()
    if repairs or ctx.has("permutation"):
        from lmcspec.science.permute import algebra
        from lmcspec.science.permute.repair import hidden_places

        groups = read.groups(params.model)
        if ctx.has("permutation"):
            b = algebra.apply(groups, read.permutation(ctx, "permutation", groups), b)
        repaired = hidden_places(network, groups) if repairs else ()
    if params.decay is not None and mask is not None:
        a, b = (unmasked(ctx, end, mask, params.decay, params.branches) for end in (a, b))
    else:
        a, b = (masks.apply(mask or {}, end) for end in (a, b))
    apart = paths.distance(a, b, [name for name, parameter in network.named_parameters() if parameter.requires_grad])
    train = data.train
    if params.images:
        train = train.subset(read.balanced(train, params.data, params.images, "path"))
    refill = read.balanced(data.train, params.data, params.bn_images, "batch norm")
    positions = curves.alphas(params.points)

    splits = {"train": train, "test": data.test, "validation": data.validation}
    looked = {name: split for name, split in splits.items() if name in params.split or name == "test"}
    images = sum(len(split) for split in looked.values() if split is not None)
    small = None if repaired else shrunk.in_evaluation(ctx, params.model, network, (a, b), len(positions) * images)
    if small is not None:
        network, a, b = small.module, small.take(a), small.take(b)
    whole = small is None and not repairs
    stacked = ways.looks_together(ctx, params.model, network, len(positions), images) if whole else 1

    def pulse(done: int) -> None:
        ctx.progress(done, len(positions))
        if ctx.stopping() and done < len(positions):
            raise Interrupted(f"stopped after {done} of {len(positions)} points")

    by_policy = paths.curves(
        network,
        paths.Ends(a, b),
        positions,
        paths.Evaluated(
            data.test,
            train if "train" in params.split else None,
            data.validation if "validation" in params.split else None,
            each=True,
            stacked=stacked,
        ),
        params.bn,  # pyright: ignore[reportArgumentType]
        paths.Refill(data.train, refill, layers=repaired),
        pulse,
    )
    first = next(iter(by_policy.values()))
    # Between two networks that only guess nothing rises: without this word they would look stable.
    ends = [
        outcome(first.test[place], data.classes, masks_of_ends[name] or mask) for place, name in ((0, "a"), (-1, "b"))
    ]
    collapse = first_collapse(ends)
    only_permuted = ctx.has("permutation") and ctx.input("a") == ctx.input("b")
    if apart == 0 and collapse == "ok" and not only_permuted:
        raise LmcspecError(
            "the two copies ended in the same weights: the rate is nothing where they part, or they were trained under "
            "the same noise",
            help="let them part earlier, at a smaller `at`, or look at the rate's schedule there",
        )
    written: Mapping[str, PathCurve] = {str(policy): curve for policy, curve in by_policy.items()}
    alone = distinct(params.bn, paths.has_batch_norm(network))
    _write_noise(ctx, {policy: written[policy] for policy in alone}, params)
    scalars = {
        "alphas": list(positions),
        "distance": apart,
        "paths": {policy: _document(curve, params) for policy, curve in by_policy.items()},
        "images": {split: getattr(first, split)[0].images for split in params.split},
    }
    return Finished(scalars, collapse)


def _write_noise(ctx: Context, by_policy: "Mapping[str, PathCurve]", params: Path) -> None:
    """What becomes of each image, as bits, and draws of the numbers that noise alone makes."""
    import numpy as np
    import torch

    from lmcspec.science import noise

    wrong: dict[str, torch.Tensor] = {}
    draws: dict[str, torch.Tensor] = {}
    for split in params.split:
        images = {policy: curve.images[split] for policy, curve in by_policy.items()}
        count = next(iter(images.values())).wrong.shape[1]
        # All in one, because making the signs takes as long as multiplying with them.
        values = np.concatenate([each for seen in images.values() for each in (seen.wrong, seen.losses)])
        drawn = noise.fluctuations(values, (params.data.value["digest"], split, count))
        parts = iter(np.split(drawn, 2 * len(images), axis=1))
        for policy, curve in by_policy.items():
            wrong[f"{policy}/{split}"] = torch.from_numpy(noise.packed(images[policy].wrong))
            for place in (split, f"{split}-loss"):
                for name, values in noise.numbers(next(parts), curve.alphas, params.points).items():
                    draws[f"{policy}/{name}/{place}"] = torch.from_numpy(values.astype(np.float32))
    read.write(ctx.out / WRONG, wrong)
    read.write(ctx.out / NOISE, draws)


def _document(curve: "PathCurve", params: Path) -> dict[str, Any]:
    """The whole curve, and the numbers that are read off it; the added midpoint enters its own barrier only."""
    from lmcspec.science import curves

    document: dict[str, Any] = {}
    summary: dict[str, float] = {}
    asked = curves.own_points(curve.alphas, params.points)
    for split in params.split:
        for what in ("error", "loss"):
            values = curve.values(split, what)
            document[f"{split}_{what}"] = list(values)
            line = curves.own_points(values, params.points)
            place = split if what == "error" else f"{split}-loss"
            summary[f"instability/{place}"] = curves.instability(line)
            summary[f"barrier/{place}"] = curves.barrier(line, asked)
            if 0.5 in curve.alphas:
                summary[f"midpoint/{place}"] = curves.midpoint_barrier(values, curve.alphas)
    return {**document, "summary": summary}


KIND = Kind(
    name="path",
    doc="The straight path between two trained copies: loss and error at its points.",
    version=2,
    params=Path,
    run=run,
    work=work,
    says=says.rise,
    points=lambda params: params.points + (params.points % 2 == 0),
    data="data",
    about=lambda params: ("a", "b"),
    picture="lmcspec.report.figures.one_path:draw",
)
