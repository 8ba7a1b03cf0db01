"""Curvature of the loss at trained networks."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepOrEnd
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.metric import Metric, Metrics

MOST_EIGENVALUES = 100


class Hessian(LevelMeasure):
    """The Hessian of the training loss at trained networks: its diagonal, its trace, its largest eigenvalues."""

    kind: Literal["hessian"] = "hessian"
    levels: Levels
    at: Several[StepOrEnd] = Field(default=("end",), min_length=1, examples=[["rewind", "end"]])
    """Where in the level's own training: `end`, `rewind` (where it begins), or steps on the way."""
    batch: int = Field(default=64, ge=1)
    """Training images of a batch, balanced over the classes and without augmentation. [images]"""
    batches: int = Field(default=10, ge=1)
    """Batches whose mean loss it is of, the same for all networks; statistics are those of evaluation. [batches]"""
    diagonal: Literal["exact", "estimated"] = "exact"
    """Exact: a product with the Hessian for each surviving weight. Estimated: one for each probe, with an error."""
    probes: int = Field(default=1000, ge=2)
    """Vectors of random signs of an estimate (Hutchinson's). [vectors]"""
    eigenvalues: int = Field(default=1, ge=0, le=MOST_EIGENVALUES)
    """How many of the largest eigenvalues are computed. [eigenvalues]"""


def _metric(name: str) -> Metric:
    return Metric(name=name, measure="hessian", quantity=name, chart=(name.replace("/", " "),))


_SPREAD = ("min", "max", "mean", "std", "mean-magnitude")

CARD = MeasureCard(
    doc="diagonal, trace and largest eigenvalues of the loss's Hessian at trained networks",
    config=Hessian,
    implementation="lmcspec.plan.measures.hessian:targets",
    source="McDermott & Cummings 2023",
    metrics=Metrics(
        (
            *map(_metric, _SPREAD),
            *(_metric(f"all/{name}") for name in _SPREAD),
            *map(_metric, ("trace", "trace-error", "entry-error")),
            *(_metric(f"eigenvalue-{place}") for place in range(1, MOST_EIGENVALUES + 1)),
        )
    ),
    headline="mean-magnitude",
)
