"""Stability to training noise: linear mode connectivity between copies."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepField, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.measures.distance import sides
from lmcspec.catalog.measures.on_paths import EvaluatedOn, Points, Policies, RefilledWith, Splits
from lmcspec.catalog.metric import NUMBER, POINTS, POLICIES, SPLITS, Metric, Metrics


class Stability(LevelMeasure):
    """Train copies from the state at k under different data orders and go straight from one to another."""

    kind: Literal["stability"] = "stability"
    levels: Levels
    at: Several[StepOrRewind] = Field(default=("rewind",), examples=[[0, "500it", "rewind"]])
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=2, ge=2)
    """Data orders; all their pairs are compared. [data orders]"""
    points: Points = 30
    split: Splits = ("train", "test")
    images: EvaluatedOn = "all"
    bn: Policies = ("average", "recompute")
    bn_images: RefilledWith = 10_000
    masks: Literal["kept", "dropped"] = "kept"
    """`dropped`: pruned weights are what weight decay alone would have made of them, as in some released code."""
    through: StepField | None = Field(default=None, examples=["1ep"])
    """Also compare the copies during training, at the multiples of this step."""
    threshold: float = Field(default=0.02, gt=0, json_schema_extra={"neutral": True})
    """Stable means a mean test instability below this. [error, as a share of images]"""


def path_metrics(measure: str, main: str) -> Metrics:
    """The numbers of a path for a measure that is known by the quantity `main`; the distance of its ends is one."""
    paths = (
        _metric(measure, main, (quantity, split, mistake), policy)
        for policy in POLICIES
        for split in SPLITS
        for mistake in ("error", "loss")
        for quantity in ("instability", "barrier", "midpoint")
    )
    return Metrics((*paths, *sides(measure, charted=False)[:1]))


def _metric(measure: str, main: str, what: tuple[str, str, Literal["error", "loss"]], policy: str) -> Metric:
    quantity, split, mistake = what
    usual = policy == POLICIES[0]
    images = split if mistake == "error" else f"{split}-loss"
    charted = mistake == "error" and quantity != "midpoint"
    return Metric(
        name=f"{quantity}/{images}" + ("" if usual else f"@{policy}"),
        measure=measure,
        quantity=quantity,
        unit=POINTS if mistake == "error" else NUMBER,
        split=split,
        mistake=mistake,
        policy=policy,
        column=main,
        section="lmc",
        chart=(quantity, "" if split == "test" else split, "" if usual else policy) if charted else (),
        rank=1 if quantity == main else 2,
        legend=f"{main} in points of test error" if quantity == main else "",
        final=(quantity, split, mistake, usual) == (main, "test", "error", True),
    )


METRICS = path_metrics("stability", "instability")


def read(scalars: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers of every policy's curve, then the distance of the ends."""
    for policy, curve in scalars.get("paths", {}).items():
        for name, value in curve["summary"].items():
            yield name if policy == POLICIES[0] else f"{name}@{policy}", value
    if "distance" in scalars:
        yield "distance", scalars["distance"]


def headline(params: Any, split: str) -> str:
    """The name of the instability in error, on test images with averaged statistics where it looked at these."""
    split = "test" if "test" in params.split else params.split[0]
    policy = POLICIES[0] if POLICIES[0] in params.bn else params.bn[0]
    return f"instability/{split}" + ("" if policy == POLICIES[0] else f"@{policy}")


CARD = MeasureCard(
    doc="instability and barriers on the straight path between copies",
    config=Stability,
    implementation="lmcspec.plan.measures.stability:targets",
    source="Frankle et al. 2020, Linear Mode Connectivity and the Lottery Ticket Hypothesis",
    metrics=METRICS,
    read=read,
    headline=headline,
    quantities=("instability", "barrier", "midpoint", "distance"),
    verdict="stability",
    from_k=True,
)
