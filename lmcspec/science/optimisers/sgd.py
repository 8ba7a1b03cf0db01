"""SGD with momentum, Nesterov's too."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science.optimisers import load_moments

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.


class SgdSteps:
    """SGD as torch.optim.SGD. State: `momentum/NAME` per parameter, zero when fresh."""

    def __init__(self, config: Sgd, names: Sequence[str], parameters: Sequence[Tensor]) -> None:
        self._config, self._parameters = config, list(parameters)
        self._momenta = [torch.zeros_like(p) for p in parameters] if config.momentum else []
        self.moments = dict(zip((f"momentum/{name}" for name in names), self._momenta, strict=False))

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update with the gradients (one per parameter) at rate `lr`."""
        decay, momentum = self._config.weight_decay, self._config.momentum
        if decay:
            gradients = list(torch._foreach_add(gradients, self._parameters, alpha=decay))
        if momentum:
            torch._foreach_mul_(self._momenta, momentum)
            torch._foreach_add_(self._momenta, gradients)
            nesterov = self._config.nesterov
            ahead = torch._foreach_add(gradients, self._momenta, alpha=momentum) if nesterov else self._momenta
            gradients = list(ahead)
        torch._foreach_add_(self._parameters, gradients, alpha=-lr)

    def state(self) -> dict[str, Tensor]:
        """The live tensors."""
        return dict(self.moments)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        load_moments(state, self.moments)
