"""Networks of one model as one program: torch.vmap over their stacked parameters and buffers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call


class Stack:
    """Networks of one model whose parameters and buffers are the parts, along a first axis, of stacked tensors."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = tuple(modules)
        first = modules[0]
        trained = {name for name, parameter in first.named_parameters() if parameter.requires_grad}
        held = {**dict(first.named_parameters()), **dict(first.named_buffers())}
        stacked = {name: torch.stack([_tensor(module, name) for module in modules]) for name in held}
        for number, module in enumerate(modules):
            for name, tensor in stacked.items():
                _put(module, name, tensor[number])
        self.parameters = {name: stacked[name].requires_grad_() for name in held if name in trained}
        """Stacks (R, …) of the trained parameters, in the model's order; leaves of the graph."""
        self._rest = {name: tensor for name, tensor in stacked.items() if name not in trained}

    def __call__(self, images: Tensor) -> Tensor:
        """Logits (R, n, classes) of images (R, n, C, H, W), each network's of its own."""
        return self._logits(images, 0)

    def on_the_same(self, images: Tensor) -> Tensor:
        """Logits (R, n, classes) of images (n, C, H, W) that all networks look at."""
        return self._logits(images, None)

    def _logits(self, images: Tensor, axis: int | None) -> Tensor:
        def alone(parameters: dict[str, Tensor], rest: dict[str, Tensor], part: Tensor) -> Tensor:
            return functional_call(self.modules[0], (parameters, rest), (part,))

        logits = torch.vmap(alone, in_dims=(0, 0, axis))(self.parameters, self._rest, images)
        if not isinstance(logits, Tensor):
            raise TypeError("a network that gives more than logits can't be stacked")
        return logits


def can_be_stacked(module: nn.Module) -> bool:
    """Whether nothing of a network in evaluation mode is one network's at a time."""
    return not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def _tensor(module: nn.Module, name: str) -> Tensor:
    path, _, leaf = name.rpartition(".")
    return getattr(module.get_submodule(path), leaf).detach()


def _put(module: nn.Module, name: str, tensor: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    if leaf in owner._parameters:
        getattr(owner, leaf).data = tensor
    else:
        owner._buffers[leaf] = tensor
