"""Transitivity: whether networks that are aligned one with the next are aligned at the ends, too."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.measures.masks import share
from lmcspec.catalog.measures.on_paths import EvaluatedOn, Points, Policies, RefilledWith, Splits
from lmcspec.catalog.metric import NUMBER, POINTS, POLICIES, SPLITS, Metric, Metrics


class Transitivity(LevelMeasure):
    """Go along random paths of networks, from one to the next under their permutation, and compare the two ends."""

    kind: Literal["transitivity"] = "transitivity"
    levels: Levels
    under: Several[str] = Field(min_length=1, examples=[["wm"]])
    """Names under [permutations], by whose settings any two replicates are aligned."""
    lengths: Several[Annotated[int, Field(ge=2)]] = Field(default=(2, 3, 4, 5), min_length=1)
    """How many networks a path visits; at 2 it is the permutation of the two itself. [networks]"""
    paths: int = Field(default=20, ge=1)
    """Of each length so many, drawn from all replicates; all that there are, where there are fewer. [paths]"""
    points: Points = 25
    split: Splits = ("train", "test")
    images: EvaluatedOn = "all"
    bn: Policies = ("average", "recompute")
    bn_images: RefilledWith = 10_000

    @field_validator("under")
    @classmethod
    def _of_something(cls, under: tuple[str, ...]) -> tuple[str, ...]:
        if "none" in under:
            raise ValueError("paths go by permutations: the ends unpermuted stand beside them anyway")
        return under


def _barrier(what: str, split: str, mistake: Literal["error", "loss"], policy: str) -> Metric:
    images = split if mistake == "error" else f"{split}-loss"
    shown = mistake == "error" and what in ("composed", "direct")
    return Metric(
        name=f"{what}-barrier/{images}" + f"@{policy}" * (policy != POLICIES[0]),
        measure="transitivity",
        quantity=f"{what}-barrier",
        unit=POINTS if mistake == "error" else NUMBER,
        split=split,
        mistake=mistake,
        policy=policy,
        column="transitivity",
        chart=(f"{what} barrier", "" if split == "test" else split, "" if policy == POLICIES[0] else policy)
        if shown
        else (),
    )


_EACH = (
    *(
        _barrier(what, split, mistake, policy)
        for policy in POLICIES
        for split in SPLITS
        for mistake in ("error", "loss")
        for what in ("composed", "direct", "unpermuted", "cycle")
    ),
    *(share(name, "transitivity") for name in ("fixed-points", "fixed-points-by-chance")),
)


def headline(params: Any, split: str) -> str:
    """The barrier under compositions, in error, on test images with averaged statistics where it looked at these."""
    split = "test" if "test" in params.split else params.split[0]
    policy = POLICIES[0] if POLICIES[0] in params.bn else params.bn[0]
    return f"composed-barrier/{split}" + ("" if policy == POLICIES[0] else f"@{policy}")


CARD = MeasureCard(
    doc="barriers and fixed points of permutations that are composed along paths of networks",
    config=Transitivity,
    implementation="lmcspec.plan.measures.transitivity:targets",
    source="Sharma et al. 2024, Simultaneous Linear Connectivity of Neural Networks Modulo Permutation",
    metrics=Metrics(_EACH, by_layer=_EACH),
    headline=headline,
    of_partners=True,
)
