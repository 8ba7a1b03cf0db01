"""A model of somebody's, tried before anything runs: what a training would find wrong with it, in a sentence."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.dropout import attach, detach
from lmcspec.science.models.suited import ModelError

_IMAGES = 2
"""Batch norm has no variance of one image."""
_DRAW_NOTHING = "let it draw nothing; for dropout there is lmcspec.science.dropout.Dropout"
_SIGNATURE = "`build(config, shape, classes)` gives a torch.nn.Module for images of `shape` (channels, height, width)"


def tried(make: Callable[[], nn.Module], shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The module that `make` gives, after two images have gone through it both ways, in evaluation and in training.

    Raises ModelError for what is no module of this study: one that can't be made, takes no images of `shape`
    (channels, height, width), gives other than logits (images, classes), or has nothing to train.
    """
    module = _without_failing(make, "can't be built", _SIGNATURE)
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ModelError("the model has no parameters to train", help="make its layers attributes of the module")
    for name, layer in module.named_modules():
        # torch.compile's class is known by its name: to import it takes seconds.
        if isinstance(layer, torch.jit.ScriptModule) or type(layer).__name__ == "OptimizedModule":
            raise ModelError(
                f"{repr(name) if name else 'the model'} is compiled: layers or second derivatives are out of reach",
                help="let `build` give the modules as they are, without torch.compile and torch.jit.script",
            )
        if isinstance(layer, _BatchNorm) and not layer.track_running_stats:
            raise ModelError(
                f"the norm {name!r} has no running statistics: what it makes of an image depends on those beside it",
                help="leave track_running_stats at True, or take nn.GroupNorm",
            )
    size = "x".join(map(str, shape))
    images = torch.linspace(-1, 1, _IMAGES * shape[0] * shape[1] * shape[2]).view(_IMAGES, *shape)

    def forward() -> Any:
        before = _generators()
        outputs = _without_failing(
            lambda: module(images),
            f"takes no images of {size} (channels, height, width)",
            f"{_SIGNATURE}; another study's images have another shape",
        )
        for name, state in _generators().items():
            if state != before[name]:
                raise ModelError(f"`forward` of the model draws from {name}", help=_DRAW_NOTHING)
        return outputs

    was_training = module.training
    module.eval()
    with torch.no_grad():
        first, again = forward(), forward()
        _check_logits(first, classes)
        _check_same(first, again)
    module.train()
    seed = attach(module, SgdNoise(0), 1, images.device)
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    seed(0)
    with torch.no_grad():
        first = _several(forward())
        for buffer, before in buffers:
            buffer.copy_(before)
    seed(0)
    outputs = _several(forward())
    for logits in outputs:
        _check_logits(logits, classes)
    for before, again in zip(first, outputs, strict=True):
        _check_same(before, again)
    loss = loss_of_outputs(outputs[0] if len(outputs) == 1 else outputs, Tensor.sum)
    _without_failing(loss.backward, "has no gradient", "let logits depend on its parameters by differentiable steps")
    module.zero_grad()
    detach(module)
    return module.train(was_training)


def built_without_values(make: Callable[[], nn.Module]) -> None:
    """Raise ModelError unless `make` works on torch's device `meta`, on which masks and facts are taken."""
    _without_failing(
        make,
        "can't be built on torch's device `meta`, whose tensors have shapes and no values",
        "let `build` look at no values; a parametrization that does (`orthogonal`) goes into `forward`",
    )


def _generators() -> dict[str, object]:
    """The states of the generators that any code may draw from, by what they are."""
    kind, keys, *more = np.random.get_state(legacy=True)
    return {
        "torch's global generator": torch.default_generator.get_state().numpy().tobytes(),
        "Python's `random`": random.getstate(),
        "numpy's global generator": (kind, np.asarray(keys).tobytes(), *more),
    }


def _several(outputs: object) -> tuple[Any, ...]:
    """Logits, in training with auxiliary ones behind them where there are such."""
    return outputs if isinstance(outputs, tuple) and len(outputs) == 2 else (outputs,)


def _check_same(first: Tensor, again: Tensor) -> None:
    if not torch.equal(first.nan_to_num(), again.nan_to_num()):
        raise ModelError(
            "`forward` of the model gives other logits for the same images, parameters and buffers",
            help=f"{_DRAW_NOTHING}; and what it counts or remembers has to be a buffer",
        )


def _check_logits(output: object, classes: int) -> None:
    wanted = f"`forward` has to give logits of {_IMAGES} images as a tensor ({_IMAGES}, {classes})"
    if not isinstance(output, Tensor):
        raise ModelError(
            f"{wanted}, and gives a {type(output).__name__}",
            help="return the logits alone; in training a pair (logits, auxiliary logits) is another classifier's too",
        )
    if output.shape != (_IMAGES, classes):
        raise ModelError(
            f"{wanted}, and gives {tuple(output.shape)}",
            help="the last layer has as many outputs as `build` is told `classes`",
        )


def _without_failing(do: Callable[[], Any], what: str, help: str) -> Any:
    try:
        return do()
    except ModelError:
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise ModelError(f"the model {what}: {type(error).__name__}: {said}{_where(error)}", help=help) from error


def _where(error: BaseException) -> str:
    """` (model.py:7)`: the last line outside of torch and of this package that was on the way."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in ("torch", "lmcspec"):
            place = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place
