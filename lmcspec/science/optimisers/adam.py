"""Adam, with L2 decay or (AdamW) with decoupled decay."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.science.optimisers import load_moments

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.


class AdamSteps:
    """Adam as torch.optim.Adam, whose decay is added to the gradient.

    State: `exp_avg/NAME` and `exp_avg_sq/NAME` per parameter, and `step`, zero when fresh.
    """

    def __init__(self, config: Adam | AdamW, names: Sequence[str], parameters: Sequence[Tensor]) -> None:
        self._config, self._parameters, self._steps = config, list(parameters), 0
        self._means = [torch.zeros_like(p) for p in parameters]
        self._squares = [torch.zeros_like(p) for p in parameters]
        self.moments = {f"exp_avg/{name}": mean for name, mean in zip(names, self._means, strict=True)}
        self.moments |= {f"exp_avg_sq/{name}": square for name, square in zip(names, self._squares, strict=True)}

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update with the gradients (one per parameter) at rate `lr`."""
        (beta1, beta2), eps = self._config.betas, self._config.eps
        self._steps += 1
        if self._config.weight_decay:
            gradients = self._decay(gradients, lr)
        torch._foreach_lerp_(self._means, gradients, 1 - beta1)
        torch._foreach_mul_(self._squares, beta2)
        torch._foreach_addcmul_(self._squares, gradients, gradients, value=1 - beta2)
        roots = torch._foreach_sqrt(self._squares)
        torch._foreach_div_(roots, (1 - beta2**self._steps) ** 0.5)
        torch._foreach_add_(roots, eps)
        torch._foreach_addcdiv_(self._parameters, self._means, roots, value=-lr / (1 - beta1**self._steps))

    def _decay(self, gradients: list[Tensor], lr: float) -> list[Tensor]:
        """The gradients with decay."""
        return list(torch._foreach_add(gradients, self._parameters, alpha=self._config.weight_decay))

    def state(self) -> dict[str, Tensor]:
        """The live tensors, and the number of updates."""
        return self.moments | {"step": torch.tensor(self._steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        load_moments(state, self.moments, "step")
        self._steps = int(state["step"])


class AdamWSteps(AdamSteps):
    """Adam as torch.optim.AdamW: weights shrink by rate times decay before the step."""

    def _decay(self, gradients: list[Tensor], lr: float) -> list[Tensor]:
        torch._foreach_mul_(self._parameters, 1 - lr * self._config.weight_decay)
        return gradients
