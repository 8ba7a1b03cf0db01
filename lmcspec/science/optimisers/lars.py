"""LARS: SGD with momentum and a rate for each layer."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.lars import Lars
from lmcspec.science.optimisers import load_moments

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.


class LarsSteps:
    """LARS as in its paper's algorithm 1. State: `momentum/NAME` per parameter, zero when fresh.

    A layer is a parameter of two axes or more. One whose weights or gradient are all zero takes the rate as it is.
    """

    def __init__(self, config: Lars, names: Sequence[str], parameters: Sequence[Tensor]) -> None:
        self._config, self._parameters = config, list(parameters)
        self._layers = [place for place, parameter in enumerate(parameters) if parameter.ndim > 1]
        self._momenta = [torch.zeros_like(p) for p in parameters]
        self.moments = {f"momentum/{name}": momentum for name, momentum in zip(names, self._momenta, strict=True)}

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update with the gradients (one per parameter) at rate `lr`."""
        steps = list(torch._foreach_mul(gradients, lr))
        if self._layers:
            scaled = self._scaled([gradients[place] for place in self._layers])
            for place, step in zip(self._layers, torch._foreach_mul(scaled, lr), strict=True):
                steps[place] = step
        torch._foreach_mul_(self._momenta, self._config.momentum)
        torch._foreach_add_(self._momenta, steps)
        torch._foreach_sub_(self._parameters, self._momenta)

    def _scaled(self, gradients: list[Tensor]) -> list[Tensor]:
        """The layers' gradients with decay, each times its layer's scale."""
        weights, decay = [self._parameters[place] for place in self._layers], self._config.weight_decay
        scaled = []
        norms = zip(torch._foreach_norm(weights), torch._foreach_norm(gradients), strict=True)
        decayed = torch._foreach_add(gradients, weights, alpha=decay) if decay else gradients
        for gradient, (weight, slope) in zip(decayed, norms, strict=True):
            trust = self._config.trust * weight / (slope + decay * weight)
            scaled.append(gradient * torch.where((weight > 0) & (slope > 0), trust, 1.0))
        return scaled

    def state(self) -> dict[str, Tensor]:
        """The live tensors."""
        return dict(self.moments)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        load_moments(state, self.moments)
