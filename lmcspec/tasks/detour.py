"""The permutation between two networks by way of a third, with which both were aligned."""

from dataclasses import dataclass

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Detour:
    """Inputs: `a`, which aligns the first with the third, and `b`, which aligns the second with it."""

    model: Part


def work(params: Detour, known: Known) -> Work:
    """The work of composing two permutations."""
    return Work(units=1.0, stored=8 * 4096)


def run(ctx: Context, params: Detour, seeds: dict[str, int]) -> Finished:
    """Write `permutation.safetensors`: b, then a undone, by which the second network comes to lie near the first.

    Both networks permuted each by its own lie in the frame of the third; permuting both back by the inverse of `a`
    leaves the path between them what it is. The share of units that stay in place is a scalar.
    """
    from lmcspec.science.permute import algebra, permutation_file

    groups = read.groups(params.model)
    a, b = (read.permutation(ctx, name, groups) for name in ("a", "b"))
    permutation = algebra.compose(b, algebra.invert(a))
    permutation_file.save(ctx.out / read.PERMUTATION, permutation)
    in_place = algebra.fixed_share(algebra.identity(groups), permutation)
    return Finished({"in-place": in_place, "units": dict(groups.sizes)})


KIND = Kind(
    name="detour",
    doc="The permutation between two networks by way of a third, with which both were aligned.",
    version=1,
    params=Detour,
    run=run,
    work=work,
    gains=lambda params: False,
    makes="permutation",
    about=lambda params: ("a", "b"),
)
