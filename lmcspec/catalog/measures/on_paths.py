"""Keys that measures of straight paths have in common; their defaults stand with the measures."""

from typing import Annotated, Literal

from pydantic import Field

from lmcspec.catalog.config import Several

Points = Annotated[int, Field(ge=2, le=10_000, examples=[11])]
"""Evenly spaced points of the path, ends included; the midpoint is added where it is not among them. [points]"""

Splits = Annotated[Several[Literal["train", "test", "validation"]], Field(min_length=1)]
"""The images on which to look; `validation` needs a `dataset.split`."""

EvaluatedOn = Annotated[Annotated[int, Field(ge=1)] | Literal["all"], Field(examples=["all", 5000])]
"""Training images to evaluate on: all, or a fixed class-balanced subset of so many. [images]"""

Policies = Annotated[Several[Literal["average", "recompute", "repair"]], Field(min_length=1)]
"""Batch-norm policies on the path: running statistics averaged, or recomputed on training images; `repair` does as much
for networks without: units get the mean and deviation that lie between those of the ends."""

RefilledWith = Annotated[int, Field(ge=1)]
"""Fixed un-augmented training images over which `recompute` and `repair` take statistics. [images]"""
