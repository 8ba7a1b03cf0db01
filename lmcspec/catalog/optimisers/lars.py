"""LARS, for large batches."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import OptimiserCard
from lmcspec.catalog.draws import Momentum, WeightDecay
from lmcspec.catalog.optimiser import Optimiser


class Lars(Optimiser):
    """SGD with momentum whose rate is scaled in each layer by `trust |w| / (|g| + weight_decay |w|)`.

    `v <- momentum v + lr scale (g + weight_decay w); w <- w - v`. Biases and norms take steps of plain SGD with
    momentum, without decay.
    """

    name: Literal["lars"] = "lars"
    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0
    trust: float = Field(default=0.001, gt=0)
    """The share of a layer's norm by which one update at rate 1 moves it, momentum apart. [share]"""


CARD = OptimiserCard(
    doc="SGD with a rate for each layer, in proportion to its norm over that of its gradient",
    config=Lars,
    implementation="lmcspec.science.optimisers.lars:LarsSteps",
    source="You, Gitman & Ginsburg 2017",
    moments=1,
)
