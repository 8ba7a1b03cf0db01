"""The permutation along a path of networks, each of which was aligned with its neighbour."""

from dataclasses import dataclass

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Chain:
    """Inputs: `step-0`, `step-1`, … of a path N_0, N_1, …, of which the first is between N_0 and N_1."""

    model: Part
    back: tuple[bool, ...]
    """Of each step whether it aligns the earlier network with the later one, and is undone."""


def work(params: Chain, known: Known) -> Work:
    """The work of composing permutations."""
    return Work(units=1.0, stored=8 * 4096)


def run(ctx: Context, params: Chain, seeds: dict[str, int]) -> Finished:
    """Write `permutation.safetensors`, which brings the last network into the frame of the first, step by step.

    The share of units that stay in place is a scalar: around a closed path it is what holds of the way there and back.
    """
    from lmcspec.science.permute import algebra, indirect, permutation_file

    groups = read.groups(params.model)
    steps = [read.permutation(ctx, f"step-{place}", groups) for place in range(len(params.back))]
    path = [algebra.invert(step) if back else step for step, back in zip(steps, params.back, strict=True)]
    permutation = indirect.along(path)
    permutation_file.save(ctx.out / read.PERMUTATION, permutation)
    in_place = algebra.fixed_share(algebra.identity(groups), permutation)
    return Finished({"in-place": in_place, "units": dict(groups.sizes)})


KIND = Kind(
    name="chain",
    doc="The permutation along a path of networks, each of which was aligned with its neighbour.",
    version=1,
    params=Chain,
    run=run,
    work=work,
    gains=lambda params: False,
    makes="permutation",
    about=lambda params: ("step-",),
)
