"""SGD with momentum, Nesterov's too."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science.optimisers import laid_out, load_moments

# pyright: reportPrivateImportUsage=false
# torch gives its fused steps private names only.


class SgdSteps:
    """SGD as torch.optim.SGD. State: `momentum/NAME` per parameter, zero when fresh."""

    def __init__(self, config: Sgd, names: Sequence[str], parameters: Sequence[Tensor]) -> None:
        self._config, self._parameters = config, list(parameters)
        self._momenta = [torch.zeros_like(p) for p in parameters] if config.momentum else []
        self.moments = dict(zip((f"momentum/{name}" for name in names), self._momenta, strict=False))

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update with the gradients (one per parameter) at rate `lr`."""
        torch._fused_sgd_(
            self._parameters,
            laid_out(gradients, self._parameters),
            self._momenta,
            weight_decay=self._config.weight_decay,
            momentum=self._config.momentum,
            lr=lr,
            dampening=0.0,
            nesterov=self._config.nesterov,
            maximize=False,
            is_first_step=False,  # a momentum of zero is none
        )

    def state(self) -> dict[str, Tensor]:
        """The live tensors."""
        return dict(self.moments)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        load_moments(state, self.moments)
