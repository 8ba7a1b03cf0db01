"""What becomes of barriers and of fixed points along paths of networks, by how many networks a path has."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from lmcspec.catalog.metric import POLICIES
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work

BARRIERS = ("composed", "direct", "unpermuted", "cycle")
"""Between the ends of a path, the last permuted as the path says, as the two alone say, or not; and once around."""


@dataclass(frozen=True, slots=True)
class Transitivity:
    """Inputs of the path i: paths `composed-i`, `direct-i`, `unpermuted-i`, `cycle-i`, where it has one; `agreement-i`.

    The latter is between what `composed-i` and `direct-i` go by.
    """

    model: Part
    paths: tuple[str, ...]
    """The replicates that each visits, such as `0-3-1`."""
    split: tuple[str, ...]
    bn: tuple[str, ...]


def work(params: Transitivity, known: Known) -> Work:
    """The work of gathering numbers."""
    return Work(units=1.0, stored=512 * len(params.paths))


def run(ctx: Context, params: Transitivity, seeds: dict[str, int]) -> Finished:
    """Of each number its values path by path, and their means: by length, and of the longest paths.

    Paths share networks: their spread is no standard error, and there is no n but that of networks.
    """
    lengths: dict[int, dict[str, Any]] = {}
    for place, path in enumerate(params.paths):
        of_length = lengths.setdefault(path.count("-") + 1, {"paths": [], "values": {}})
        of_length["paths"].append(path)
        for name, value in _of_path(ctx, place):
            of_length["values"].setdefault(name, []).append(value)
    metrics: dict[str, float] = {}
    for length in sorted(lengths):
        means = {name: fmean(values) for name, values in lengths[length]["values"].items()}
        metrics |= {f"{name}/{length}": mean for name, mean in means.items()}
        metrics |= means  # those of the longest stay
    return Finished({"metrics": metrics, "lengths": {str(length): lengths[length] for length in sorted(lengths)}})


def _of_path(ctx: Context, place: int) -> Iterator[tuple[str, float]]:
    """(name, value) of each number of a path."""
    for what in BARRIERS:
        if ctx.has(f"{what}-{place}"):
            for policy, curve in ctx.result(f"{what}-{place}")["paths"].items():
                for name, value in curve["summary"].items():
                    quantity, _, images = name.partition("/")
                    if quantity == "barrier":
                        yield f"{what}-barrier/{images}" + f"@{policy}" * (policy != POLICIES[0]), value
    agreement = ctx.result(f"agreement-{place}")["metrics"]
    for name in ("fixed-points", "fixed-points-by-chance"):
        yield name, agreement[name]


KIND = Kind(
    name="transitivity",
    doc="What becomes of barriers and of fixed points along paths of networks, by how many networks a path has.",
    version=1,
    params=Transitivity,
    run=run,
    work=work,
    gains=lambda params: False,
    about=lambda params: ("composed-", "cycle-", "agreement-"),
)
