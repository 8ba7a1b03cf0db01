"""SGD, with momentum and Nesterov's."""

from collections.abc import Iterable
from typing import Literal

from lmcspec.catalog.card import OptimiserCard
from lmcspec.catalog.draws import Momentum, WeightDecay
from lmcspec.catalog.optimiser import Optimiser


class Sgd(Optimiser):
    """Stochastic gradient descent; weight decay acts on every parameter.

    `v <- momentum v + g + weight_decay w; w <- w - lr (g + weight_decay w + momentum v if nesterov else v)`.
    """

    name: Literal["sgd"] = "sgd"
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0
    nesterov: bool = False
    """Step along the gradient and the new velocity (Nesterov's), and not along the velocity alone."""

    def decayed(self, weight: float, rates: Iterable[float]) -> float:
        """`v <- momentum v + weight_decay w; w <- w - rate v`, which is linear in w."""
        velocity = 0.0
        for rate in rates:
            pull = self.weight_decay * weight
            velocity = self.momentum * velocity + pull
            step = pull + self.momentum * velocity if self.nesterov else velocity
            weight -= rate * step
        return weight


CARD = OptimiserCard(
    doc="stochastic gradient descent with momentum, as torch.optim.SGD",
    config=Sgd,
    implementation="lmcspec.science.optimisers.sgd:SgdSteps",
    moments=1,
)
