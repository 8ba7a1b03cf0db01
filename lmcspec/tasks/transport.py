"""Carry a mask from one network over to another that was aligned with it."""

from dataclasses import dataclass

from lmcspec.tasks import read, says
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.masks import write_mask
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Transport:
    """Inputs: `mask`, and the `permutation` that aligns the second network with the first."""

    model: Part
    back: bool
    """Whether the mask is the first network's, for the second: then the permutation is undone. Else the reverse."""


def work(params: Transport, known: Known) -> Work:
    """The work of making one mask."""
    return Work(units=1.0, stored=known.mask)


def run(ctx: Context, params: Transport, seeds: dict[str, int]) -> Finished:
    """Write `mask.safetensors`, the mask with its units where they are in the other network; counts as of any mask."""
    from lmcspec.science.permute import algebra

    groups = read.groups(params.model)
    mask = read.mask(ctx, read.module(params.model, "meta"))
    assert mask is not None, "a transport has a mask to carry"
    permutation = read.permutation(ctx, "permutation", groups)
    return write_mask(ctx.out, algebra.apply(groups, algebra.invert(permutation) if params.back else permutation, mask))


KIND = Kind(
    name="transport",
    doc="Carry a mask from one network over to another that was aligned with it.",
    version=1,
    params=Transport,
    run=run,
    work=work,
    says=says.sparsity,
    gains=lambda params: False,
    makes="mask",
)
