"""Fully connected networks."""

from typing import Annotated, Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named, Several
from lmcspec.catalog.initial import Init


class Mlp(Named):
    """Flatten, then a linear layer and ReLU per width, then the classifier; all with biases."""

    name: Literal["mlp"] = "mlp"
    widths: Several[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        min_length=1, max_length=100, examples=[[300, 100]]
    )
    """Units of each hidden layer. [units]"""
    init: Init = "default"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""


CARD = ModelCard(
    doc="fully connected network with ReLU",
    config=Mlp,
    implementation="lmcspec.science.models.mlp:build",
    source="LeNet-300-100: LeCun et al. 1998, as in Frankle & Carbin 2019",
    convolutions=False,
    variants={"lenet-300-100": {"widths": (300, 100)}},
)
