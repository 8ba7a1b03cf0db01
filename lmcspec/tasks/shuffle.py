"""Shuffle a mask: the baseline that keeps the counts and forgets the places."""

from dataclasses import dataclass, field
from typing import Literal

from lmcspec.tasks import read, says
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.masks import weight_of, write_mask
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Input: `mask`."""

    model: Part
    mode: Literal["shuffled", "shuffled-global", "even"] = "shuffled"
    exclude: tuple[str, ...] = field(default=(), metadata=ADDED_LATER)
    """Layers that stay as they are and take no part."""


def work(params: Shuffle, known: Known) -> Work:
    """The work of making one mask."""
    return Work(units=1.0, stored=known.mask)


def run(ctx: Context, params: Shuffle, seeds: dict[str, int]) -> Finished:
    """Write `mask.safetensors`; counts per tensor and in all."""
    from lmcspec.science import masks

    mask = read.mask(ctx, read.module(params.model, "meta"))
    assert mask is not None, "a shuffle has a mask to shuffle"
    address = (seeds["replicate"], seeds["level"], seeds["draw"])
    exclude = tuple(weight_of(layer, mask) for layer in params.exclude)
    return write_mask(ctx.out, masks.shuffle(mask, params.mode, address, exclude), exclude)


KIND = Kind(
    name="shuffle",
    doc="Shuffle a mask: the baseline that keeps the counts and forgets the places.",
    version=1,
    params=Shuffle,
    run=run,
    work=work,
    says=says.sparsity,
    gains=lambda params: False,
    makes="mask",
)
