"""Adam, with L2 decay or (AdamW) with decoupled decay."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.science.optimisers import laid_out, load_moments

# pyright: reportPrivateImportUsage=false
# torch gives its fused steps private names only.


class AdamSteps:
    """Adam as torch.optim.Adam, whose decay is added to the gradient.

    State: `exp_avg/NAME` and `exp_avg_sq/NAME` per parameter, and `step`, zero when fresh.
    """

    _fused: ClassVar[Callable[..., None]] = staticmethod(torch._fused_adam_)

    def __init__(self, config: Adam | AdamW, names: Sequence[str], parameters: Sequence[Tensor]) -> None:
        self._config, self._parameters, self._steps = config, list(parameters), 0
        self._count = torch.zeros((), device=parameters[0].device)
        self._means = [torch.zeros_like(p) for p in parameters]
        self._squares = [torch.zeros_like(p) for p in parameters]
        self.moments = {f"exp_avg/{name}": mean for name, mean in zip(names, self._means, strict=True)}
        self.moments |= {f"exp_avg_sq/{name}": square for name, square in zip(names, self._squares, strict=True)}

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update with the gradients (one per parameter) at rate `lr`."""
        (beta1, beta2), self._steps = self._config.betas, self._steps + 1
        self._fused(
            self._parameters,
            laid_out(gradients, self._parameters),
            self._means,
            self._squares,
            [],
            [self._count.fill_(self._steps)] * len(self._parameters),
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            weight_decay=self._config.weight_decay,
            eps=self._config.eps,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """The live tensors, and the number of updates."""
        return self.moments | {"step": torch.tensor(self._steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        load_moments(state, self.moments, "step")
        self._steps = int(state["step"])


class AdamWSteps(AdamSteps):
    """Adam as torch.optim.AdamW: weights shrink by rate times decay before the step."""

    _fused: ClassVar[Callable[..., None]] = staticmethod(torch._fused_adamw_)
