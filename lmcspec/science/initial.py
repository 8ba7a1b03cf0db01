"""Initial weights, drawn parameter by parameter from named streams: equal on every device and torch version.

`orthogonal` alone goes through a library's decomposition, in float64: there another library may round otherwise. What
no rule covers is as the code of the model makes it, whose draws are torch's.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from lmcspec.base import streams
from lmcspec.catalog.initial import Init, NormInit

_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


@dataclass(frozen=True, slots=True)
class Initial:
    """How the weights of convolutions and linear layers are drawn, and how norms start.

    `own` leaves all parameters, norms included, to the code of the model.
    """

    weights: Init | Literal["own"] = "default"
    norms: NormInit = "ones"


Build = Callable[[int], nn.Module]
"""Makes the module anew, with torch's generator seeded by the number."""
Scheme = Init | Literal["own"] | Initial
"""The name of a way to draw weights stands for it with norms at `ones`."""


def scheme_of(config: Mapping[str, Any]) -> Initial:
    """The scheme of initial values that a model's settings name, as it enters ids."""
    return Initial(config.get("init", "default"), config.get("norm_init", "ones"))


def initial_state(
    module: nn.Module, scheme: Scheme, address: tuple[str | int, ...], build: Build | None = None
) -> dict[str, Tensor]:
    """Parameters and buffers by name, on the CPU: what `module.load_state_dict` takes.

    Weights (out, in, …) of convolutions and linear layers, with fan_in the inputs of a unit and fan_out = out times
    the size of the window:

    `default`          U(±1/√fan_in)
    `kaiming-normal`   N(0, 2/fan_in)
    `kaiming-uniform`  U(±√(6/fan_in))
    `kaiming-fan-out`  N(0, 2/fan_out) for convolutions, as `default` for linear layers: ResNets of torchvision and IDC
    `xavier-normal`    N(0, 2/(fan_in + fan_out))
    `orthogonal`       as a matrix (out, fan_in) uniform among those with orthonormal rows, or columns if out > fan_in
    `binary`           a `kaiming-normal` draw's signs times its standard deviation

    Biases are U(±1/√fan_in) in every case. Scale and shift of norms are (1, 0) under `ones`, (1, 1) under `one-one`,
    (U[0, 1), 0) under `uniform` and (U[-1, 1), 0) under `positive-negative`; running means start at 0 and variances
    at 1; other buffers are as the module holds them. `address` is a stream and its address, such as ("init", replicate)
    or ("reinit", replicate, draw); the parameter's name is added to it.

    Any other parameter (of attention, embeddings, recurrent layers, parametrised weights; a model's own), and under
    `own` every one, is as `build` makes it from a seed of that stream: constants stay, what is drawn is drawn anew for
    each address. Raises TypeError for such a parameter where there is no `build`.
    """
    if not isinstance(scheme, Initial):
        scheme = Initial(scheme)
    stream, *place = address
    anew: dict[str, Tensor] = {}
    state = {name: tensor.detach().to("cpu", copy=True) for name, tensor in module.state_dict().items()}
    for prefix, layer in module.named_modules():
        for short, parameter in layer.named_parameters(recurse=False):
            name = f"{prefix}.{short}" if prefix else short
            where = (*place, name)
            if scheme.weights == "own" or not _has_rule(layer, short):
                if build is None:
                    raise TypeError(
                        f"no rule for the initial value of {name!r} in a {type(layer).__name__}: give `build`"
                    )
                anew = anew or _built(build, str(stream), place)
                state[name] = anew[name].detach().to("cpu", copy=True)
                continue
            if isinstance(layer, _NORMS):
                values = _norm(scheme.norms, short, parameter.numel(), str(stream), where)
            else:
                assert isinstance(layer, (_ConvNd, nn.Linear))
                kind = scheme.weights if short == "weight" else "default"
                values = _draw(kind, layer.weight.shape, parameter.numel(), str(stream), where)
            state[name] = torch.from_numpy(values).to(parameter.dtype).view(parameter.shape)
        if isinstance(layer, _NormBase) and layer.track_running_stats:
            for short, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
                state[f"{prefix}.{short}" if prefix else short].fill_(value)
    return state


def _has_rule(layer: nn.Module, short: str) -> bool:
    """Whether the parameter is a weight or bias of a norm, convolution or linear layer, not one that makes it."""
    return isinstance(layer, (*_NORMS, _ConvNd, nn.Linear)) and short in ("weight", "bias")


def _built(build: Build, stream: str, place: list) -> dict[str, Tensor]:
    """The parameters of a module whose code draws from a seed of its own for this address."""
    return dict(build(int(streams.words(1, stream, *place, "build")[0]) >> 1).named_parameters())


def _draw(scheme: Init, shape: torch.Size, count: int, stream: str, address: tuple) -> np.ndarray:
    """`count` values of a layer whose weight has this shape, in float64."""
    fan_in = math.prod(shape[1:])
    match scheme:
        case "default":
            return _signed(count, stream, address) / math.sqrt(fan_in)
        case "kaiming-normal":
            return streams.normals(count, stream, *address) * math.sqrt(2 / fan_in)
        case "kaiming-uniform":
            return _signed(count, stream, address) * math.sqrt(6 / fan_in)
        case "kaiming-fan-out" if len(shape) == 2:
            return _draw("default", shape, count, stream, address)
        case "kaiming-fan-out":
            return streams.normals(count, stream, *address) * math.sqrt(2 / (shape[0] * math.prod(shape[2:])))
        case "xavier-normal":
            fan_out = shape[0] * math.prod(shape[2:])
            return streams.normals(count, stream, *address) * math.sqrt(2 / (fan_in + fan_out))
        case "orthogonal":
            return _orthogonal(streams.normals(count, stream, *address).reshape(shape[0], fan_in))
        case "binary":
            draw = streams.normals(count, stream, *address) * math.sqrt(2 / fan_in)
            # One value has no deviation: then that of the distribution.
            return np.sign(draw) * (draw.std(ddof=1) if count > 1 else math.sqrt(2 / fan_in))
        case _:
            raise ValueError(f"there is no initialisation {scheme!r}")


def _orthogonal(draw: np.ndarray) -> np.ndarray:
    """The orthogonal factor of a matrix of normals. With R's diagonal made positive it is uniform (Mezzadri 2007)."""
    tall = draw.shape[0] >= draw.shape[1]
    matrix = torch.from_numpy(draw if tall else draw.T)
    q, r = torch.linalg.qr(matrix)
    q = q * r.diagonal().sign()
    return np.ascontiguousarray((q if tall else q.T).numpy()).reshape(-1)


def _norm(scheme: NormInit, short: str, count: int, stream: str, address: tuple) -> np.ndarray:
    """Values of a norm's `weight` (its scale) or `bias` (its shift)."""
    match scheme, short:
        case ("ones" | "one-one", "weight") | ("one-one", "bias"):
            return np.ones(count)
        case "ones" | "uniform" | "positive-negative", "bias":
            return np.zeros(count)
        case "uniform", _:
            return streams.uniforms(count, stream, *address)
        case "positive-negative", _:
            return _signed(count, stream, address)
        case _:
            raise ValueError(f"there is no initialisation of norms {scheme!r}")


def _signed(count: int, stream: str, address: tuple) -> np.ndarray:
    """`count` draws, uniform on [-1, 1), float64."""
    return 2 * streams.uniforms(count, stream, *address) - 1
