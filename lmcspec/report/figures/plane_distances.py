"""How far apart the networks of a landscape are: in weights, and where they stand in its plane."""

from collections.abc import Mapping, Sequence
from typing import Any

from lmcspec.base import spread
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.plane_marks import lying
from lmcspec.report.text_table import TextCell, TextTable

ANCHORS = 3
"""Networks through which the plane goes; distances between them are the same in both."""
COLUMNS = ("between anchors", "projected to anchors", "the same in the plane", "plane / weights", "off the plane")


def distances(case: CaseResults, options: Options, measure: str) -> TextTable | None:
    """A line per network, level and permutation: mean distances over pairs, mean ± std over replicates. None without.

    Where a replicate is missing, or has no plane, it is said how many of how many there are.

    A plane whose axes are those of the released code has no distances.
    """
    cells: dict[tuple[str, int, str], dict[str, Sequence[float]]] = {}
    owners: dict[str, tuple[str, int, str]] = {}
    tasks_at: dict[tuple[str, int, str], set[str]] = {}
    for target in case.targets(measure, options):
        # A dense network that several share stands once.
        place = owners.setdefault(target.task, (target.network, target.level, target.under))
        if place != (target.network, target.level, target.under):
            continue
        tasks_at.setdefault(place, set()).add(target.task)
        numbers = _of(case, target)
        if numbers is not None:
            cells.setdefault(place, {})[target.task] = numbers
    lines = []
    for (network, level, under), of_replicates in cells.items():
        measured = sorted({other for name, other, _ in cells if name == network})
        shown = options.under is None or under in ("", *options.under)
        if shown and level in case.levels(network, options.levels, measured):
            every = len(tasks_at[network, level, under])
            columns = [
                _cell(values, tuple(of_replicates), every) for values in zip(*of_replicates.values(), strict=True)
            ]
            lines.append((TextCell(named(case, network, level) + lying(under)), *columns))
    return TextTable(("network", *COLUMNS), tuple(lines)) if lines else None


def _of(case: CaseResults, target: Target) -> Sequence[float] | None:
    """The columns of one landscape; None where it is missing, projects nothing, or has the plane as released."""
    stored = case.store.find(target.task)
    if stored is None or case.plan.tasks[target.task].params.plane == "as-released":
        return None
    pairs: Sequence[Mapping[str, Any]] = stored.scalars.get("distances", ())
    anchors = [pair["weights"] for pair in pairs if pair["b"] < ANCHORS]
    projected = [pair for pair in pairs if pair["a"] < ANCHORS <= pair["b"]]
    if not projected:
        return None
    weights, plane = (spread.mean(pair[what] for pair in projected) for what in ("weights", "plane"))
    off = spread.mean(place["residual"] for place in stored.scalars["places"][ANCHORS:])
    return spread.mean(anchors), weights, plane, plane / weights if weights else 1.0, off


def _cell(values: Sequence[float], tasks: tuple[str, ...], asked: int) -> TextCell:
    std = spread.std(values)
    of = f" of {asked}" if asked > len(values) else ""
    return TextCell(f"{spread.mean(values):.4g}{'' if std is None else f' ± {std:.3g}'} ({len(values)}{of})", tasks)
