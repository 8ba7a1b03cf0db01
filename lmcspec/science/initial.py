"""Initial weights, drawn parameter by parameter from named streams: equal on every device and torch version."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from lmcspec.base import streams

Scheme = Literal["default", "kaiming-normal"]
_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm)


def initial_state(module: nn.Module, scheme: Scheme, address: tuple[str | int, ...]) -> dict[str, Tensor]:
    """Parameters and buffers by name, on the CPU: what `module.load_state_dict` takes.

    `default`: weights and biases of convolutions and linear layers are U(±1/√fan_in). `kaiming-normal`: weights are
    N(0, 2/fan_in), biases as before. Norms start at scale 1, shift 0, running mean 0 and variance 1; other buffers
    are as the module holds them. `address` is a stream and its address, such as ("init", replicate) or
    ("reinit", replicate, draw); the parameter's name is added to it. Raises TypeError for a parameter of another
    kind of layer, because nothing says how to draw it.
    """
    stream, *place = address
    state = {name: tensor.detach().to("cpu", copy=True) for name, tensor in module.state_dict().items()}
    for prefix, layer in module.named_modules():
        for own, parameter in layer.named_parameters(recurse=False):
            name = f"{prefix}.{own}" if prefix else own
            if isinstance(layer, _NORMS):
                state[name].fill_(1.0 if own == "weight" else 0.0)
            elif isinstance(layer, (_ConvNd, nn.Linear)):
                values = _draw(scheme, own, _fan_in(layer.weight), parameter.numel(), str(stream), (*place, name))
                state[name] = torch.from_numpy(values).to(parameter.dtype).view(parameter.shape)
            else:
                raise TypeError(f"no rule for the initial value of {name!r} in a {type(layer).__name__}")
        if isinstance(layer, _NormBase) and layer.track_running_stats:
            for own, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
                state[f"{prefix}.{own}" if prefix else own].fill_(value)
    return state


def _draw(scheme: Scheme, own: str, fan_in: int, count: int, stream: str, address: tuple):
    if scheme == "kaiming-normal" and own == "weight":
        return streams.normals(count, stream, *address) * math.sqrt(2 / fan_in)
    if scheme not in ("default", "kaiming-normal"):
        raise ValueError(f"there is no initialisation {scheme!r}")
    return (2 * streams.uniforms(count, stream, *address) - 1) / math.sqrt(fan_in)


def _fan_in(weight: Tensor) -> int:
    """Inputs of one unit: of a convolution, its input channels per group times the size of its window."""
    return math.prod(weight.shape[1:])
