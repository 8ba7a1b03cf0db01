"""Sums of states, written into the tensors of networks: nothing is made anew but what one network holds, once."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.

State = Mapping[str, Tensor]


class _Sums:
    """The float tensors of networks of one model, of some states, and as many more to compute in."""

    def __init__(self, modules: Sequence[nn.Module], states: Sequence[State]) -> None:
        live = modules[0].state_dict()
        self._names = [name for name, tensor in live.items() if tensor.is_floating_point()]
        self._live = [[state[name] for name in self._names] for state in (module.state_dict() for module in modules)]
        self._states = [[state[name].to(live[name].device) for name in self._names] for state in states]
        self._scaled = [torch.empty_like(tensor) for tensor in self._live[0]]

    def _copy(self, number: int, state: int) -> None:
        torch._foreach_copy_(self._live[number], self._states[state])

    def _add(self, number: int, state: int, weight: float) -> None:
        torch._foreach_copy_(self._scaled, self._states[state])
        torch._foreach_mul_(self._scaled, weight)
        torch._foreach_add_(self._live[number], self._scaled)  # product and sum rounded apart, as in two operations


class Mixture(_Sums):
    """Writes (1 - alpha) a + alpha b into the tensors of networks that hold a already."""

    def __init__(self, modules: Sequence[nn.Module], a: State, b: State) -> None:
        if set(a) != set(b):
            raise ValueError(f"the ends are of different models: {sorted(set(a) ^ set(b))[:3]}")
        super().__init__(modules, (a, b))

    def set(self, number: int, alpha: float) -> None:
        """Take a network to alpha; at 0 and 1 the ends are copied, so that they are exact whatever they hold."""
        with torch.no_grad():
            self._copy(number, int(alpha == 1))
            if alpha not in (0, 1):
                torch._foreach_mul_(self._live[number], 1 - alpha)
                self._add(number, 1, alpha)


class WeightedSum(_Sums):
    """Writes sums of several states, their variances cut off at 0, into the tensors of networks of the first one."""

    def set(self, number: int, weights: Sequence[float]) -> None:
        """Write the sum with these weights into a network."""
        with torch.no_grad():
            used = [(weight, state) for state, weight in enumerate(weights) if weight]
            if len(used) == 1 and math.isclose(used[0][0], 1, rel_tol=0, abs_tol=1e-15):
                self._copy(number, used[0][1])
                return
            torch._foreach_zero_(self._live[number])
            for weight, state in used:
                self._add(number, state, weight)
            for name, tensor in zip(self._names, self._live[number], strict=True):
                if name.endswith("running_var"):
                    tensor.clamp_(min=0)
