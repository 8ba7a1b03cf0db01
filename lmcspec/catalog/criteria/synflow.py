"""SynFlow: pruning without data that conserves synaptic flow."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class Synflow(Named):
    """The smallest flows |w ∂R/∂w| at the rewind point go, R being the output of the network of absolute values."""

    name: Literal["synflow"] = "synflow"
    iterations: int = Field(default=100, ge=1)
    """Steps in which a round prunes, of equal ratios, scored anew before each. [steps]"""


CARD = CriterionCard(
    doc="prune the smallest synaptic flow at the rewind point, without data, in many small steps",
    config=Synflow,
    implementation="lmcspec.science.criteria.synflow:scores",
    source="Tanaka et al. 2020",
    trains=False,
    rewound=True,
    passes=3,
)
