"""Prune: the next mask from trained weights (or from none, for criteria that need none)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.masks import write_mask
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Prune:
    """One or more rounds at once. Slots: `state` (what ranks), `mask` (what survives so far; dense without it)."""

    model: Part
    criterion: Part
    fraction: float
    rounds: int = 1
    scope: Literal["global", "layer"] = "global"
    exclude: tuple[str, ...] = ()
    sparsity: float | None = None
    """Prune in the last round to exactly this total sparsity."""


def run(ctx: Context, params: Prune, seeds: dict[str, int]) -> Finished:
    """Write `mask.safetensors`; counts per tensor and in all."""
    from lmcspec.catalog import get
    from lmcspec.science import masks

    network = read.module(params.model, "meta")
    mask = read.mask(ctx, network) or masks.dense(network)
    state = read.tensors(ctx.input("state") / read.STATE) if ctx.has("state") else {}
    criterion = get("criterion", params.criterion.value["name"]).load()
    address = tuple(seeds[name] for name in ("replicate", "level", "draw") if name in seeds)
    scores = criterion(state, mask, address)
    exclude = tuple(f"{layer}.weight" for layer in params.exclude)
    for done in range(params.rounds):
        last = done == params.rounds - 1
        mask = masks.prune(scores, mask, _count(mask, params, exclude, last), exclude, params.scope)
    return write_mask(ctx.out, mask, exclude)


def _count(mask: "dict[str, Tensor]", params: Prune, exclude: tuple[str, ...], last: bool) -> int:
    """How many go: the fraction of the eligible survivors, or in an exact last round what is over the density."""
    from lmcspec.science import masks

    if params.sparsity is not None and last:
        total = sum(tensor.numel() for tensor in mask.values())
        kept = total - masks.count_to_prune(params.sparsity, total)
        return max(0, masks.survivors(mask) - kept)
    return masks.count_to_prune(params.fraction, masks.survivors(mask, exclude))


KIND = Kind(
    name="prune",
    version=1,
    params=Prune,
    run=run,
    sources=(
        "lmcspec.tasks.prune",
        "lmcspec.tasks.masks",
        "lmcspec.tasks.read",
        "lmcspec.science.criteria.magnitude",
        "lmcspec.science.criteria.random",
        "lmcspec.science.dropout",
        "lmcspec.science.masks",
        "lmcspec.science.models",
        "lmcspec.science.models.convnet",
        "lmcspec.science.models.imagenet_resnet",
        "lmcspec.science.models.inception",
        "lmcspec.science.models.mlp",
        "lmcspec.science.models.norms",
        "lmcspec.science.models.resnet",
        "lmcspec.science.models.vgg",
        "lmcspec.base.streams",
    ),
)
