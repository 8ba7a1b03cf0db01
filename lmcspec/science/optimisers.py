"""SGD, Adam and AdamW on lists of tensors, bitwise as torch.optim computes them.

Their own, because importing torch.optim's costs a process about two seconds and each step of a small network 15 %;
and because their state is a flat dict of tensors, as files want it.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmcspec.base.recipes import Adam, AdamW, Optimiser, Sgd

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.


class SgdSteps:
    """SGD with momentum, Nesterov's too. State: `momentum/NAME` per parameter, zero when fresh."""

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
        _copy(state, self.moments, ())


class AdamSteps:
    """Adam, with L2 decay or, as AdamW, decoupled decay.

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
        config = self._config
        self._steps += 1
        if config.weight_decay and isinstance(config, AdamW):
            torch._foreach_mul_(self._parameters, 1 - lr * config.weight_decay)
        elif config.weight_decay:
            gradients = list(torch._foreach_add(gradients, self._parameters, alpha=config.weight_decay))
        torch._foreach_lerp_(self._means, gradients, 1 - config.beta1)
        torch._foreach_mul_(self._squares, config.beta2)
        torch._foreach_addcmul_(self._squares, gradients, gradients, value=1 - config.beta2)
        roots = torch._foreach_sqrt(self._squares)
        torch._foreach_div_(roots, (1 - config.beta2**self._steps) ** 0.5)
        torch._foreach_add_(roots, config.eps)
        torch._foreach_addcdiv_(self._parameters, self._means, roots, value=-lr / (1 - config.beta1**self._steps))

    def state(self) -> dict[str, Tensor]:
        """The live tensors, and the number of updates."""
        return self.moments | {"step": torch.tensor(self._steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        _copy(state, self.moments, ("step",))
        self._steps = int(state["step"])


def stepper(config: Optimiser, names: Sequence[str], parameters: Sequence[Tensor]) -> SgdSteps | AdamSteps:
    """The optimiser of a recipe for these parameters, fresh."""
    return SgdSteps(config, names, parameters) if isinstance(config, Sgd) else AdamSteps(config, names, parameters)


def _copy(state: Mapping[str, Tensor], into: Mapping[str, Tensor], more: Sequence[str]) -> None:
    if set(state) != {*into, *more}:
        raise ValueError(f"this state is of another optimiser or model: {sorted(set(state) ^ {*into, *more})[:3]}")
    for name, tensor in into.items():
        tensor.copy_(state[name])
