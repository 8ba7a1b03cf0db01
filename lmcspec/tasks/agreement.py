"""How many units two permutations send to the same place."""

from dataclasses import dataclass

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Agreement:
    """Inputs: `p` and `q`, permutations of one model's units; where there is none, nothing moves."""

    model: Part


def work(params: Agreement, known: Known) -> Work:
    """The work of one comparison."""
    return Work(units=1.0, stored=512)


def run(ctx: Context, params: Agreement, seeds: dict[str, int]) -> Finished:
    """The share of units i with p[i] = q[i], over all groups together and group by group, and that of chance.

    Two uniformly random permutations agree in one unit of a group, on average: the share by chance is the number of
    groups over that of units.
    """
    from lmcspec.science.permute import algebra

    groups = read.groups(params.model)
    identity = algebra.identity(groups)
    p, q = (read.permutation(ctx, name, groups) if ctx.has(name) else identity for name in ("p", "q"))
    by_group = algebra.fixed_points(p, q)
    metrics = {
        "fixed-points": algebra.fixed_share(p, q),
        "fixed-points-by-chance": len(groups.sizes) / sum(groups.sizes.values()) if groups.sizes else 1.0,
    }
    metrics |= {f"layer-fixed-points/{group}": by_group[group] / size for group, size in groups.sizes.items()}
    return Finished({"metrics": metrics, "units": dict(groups.sizes)})


KIND = Kind(
    name="agreement",
    doc="How many units two permutations send to the same place.",
    version=1,
    params=Agreement,
    run=run,
    work=work,
    gains=lambda params: False,
    about=lambda params: ("p", "q"),
)
