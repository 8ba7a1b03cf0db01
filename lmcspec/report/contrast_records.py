"""Comparisons within a study as plain records with fixed columns, for JSON, CSV and data frames."""

from collections.abc import Iterable
from typing import Any

from lmcspec.report.contrast import Contrast, Spot
from lmcspec.report.tidy import MISSING
from lmcspec.report.within import PlacesCompared

_OF_A_SIDE = ("case", "network", "level", "sparsity", "measure", "k", "mean", "std", "n", "outcome", "tasks")
COLUMNS = (
    *("metric", "under", *(f"{name}_{side}" for side in "ab" for name in _OF_A_SIDE)),
    *("difference", "low", "high", "n", "paired", "verdict", "needed"),
)
"""In this order; one that comes later stands at the end."""


def contrast_records(compared: Iterable[PlacesCompared]) -> list[dict[str, Any]]:
    """A record per pair of networks, measure, k and level.

    `difference` is B - A in the metric's own unit (0.01 is a point), `low` and `high` its 95 % interval, `n` how many
    replicates it is of, and `needed` how many would decide it.
    """
    return [_record(contrast) for places in compared for contrast in places.contrasts]


def _record(contrast: Contrast) -> dict[str, Any]:
    gap = contrast.gap
    interval = None if gap is None else gap.interval
    record: dict[str, Any] = {"metric": contrast.metric.name, "under": contrast.under or None}
    record |= _of_side(contrast.a, "a") | _of_side(contrast.b, "b")
    return record | {
        "difference": None if gap is None else gap.mean,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "n": contrast.n,
        "paired": gap is not None and gap.pairs > 0,
        "verdict": contrast.verdict or None,
        "needed": contrast.needed,
    }


def _of_side(spot: Spot, side: str) -> dict[str, Any]:
    cell = spot.cell
    values = {
        "case": spot.place.case,
        "network": spot.place.network,
        "level": spot.level,
        "sparsity": 1 - spot.density,
        "measure": spot.measure,
        "k": spot.k or None,
        "mean": cell.mean if cell is not None and cell.n else None,
        "std": None if cell is None else cell.std,
        "n": 0 if cell is None else cell.n,
        "outcome": MISSING if cell is None else ",".join(cell.outcomes) or "ok",
        "tasks": " ".join(spot.tasks),
    }
    return {f"{name}_{side}": value for name, value in values.items()}
