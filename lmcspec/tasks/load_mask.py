"""Load a mask: which weights survive, from a file of elsewhere into the store."""

from dataclasses import dataclass
from pathlib import Path

from lmcspec.tasks import read, says
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.masks import write_mask
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class LoadMask:
    """A mask over all prunable weights of a model."""

    model: Part
    file: Part
    """The digest of the file's mask. Where it lies, and by which names, is neutral."""


def work(params: LoadMask, known: Known) -> Work:
    """The work of making one mask."""
    return Work(units=1.0, stored=known.mask)


def run(ctx: Context, params: LoadMask, seeds: dict[str, int]) -> Finished:
    """Write `mask.safetensors`; counts per tensor and in all."""
    import torch

    from lmcspec.science import masks
    from lmcspec.science.given.given import read_mask

    dense = masks.dense(read.module(params.model))
    where = ctx.neutral[params.file.digest]
    held = read_mask(Path(where["mask"]), where["rename"], read.shapes(dense), params.file.value["digest"])
    return write_mask(ctx.out, {name: torch.from_numpy(value) for name, value in held.items()})


KIND = Kind(
    name="load_mask",
    doc="Load a mask: which weights survive, from a file of elsewhere into the store.",
    version=1,
    params=LoadMask,
    run=run,
    work=work,
    says=says.sparsity,
    gains=lambda params: False,
    makes="mask",
    file="file",
)
