"""OpenLTH's architectures by their tensors: which model of ours each is, and what it calls them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lmcspec.base.errors import UsageError

Shapes = Mapping[str, tuple[int, ...]]


class Architecture(NamedTuple):
    """An architecture of OpenLTH's as a model of ours."""

    model: dict[str, Any]
    """The table of a spec, but for how it is initialised."""
    names: dict[str, str]
    """Its name of each of its tensors -> ours."""
    normed: bool
    """Whether it has batch norm."""
    classes: int


def recognised(shapes: Shapes) -> Architecture:
    """The architecture whose tensors these are. UsageError where it is none of mnist_lenet, cifar_resnet, cifar_vgg."""
    for first, names_of, model_of in (
        ("fc_layers.0.weight", _lenet, _lenet_model),
        ("blocks.0.conv1.weight", _resnet, _resnet_model),
        ("layers.0.conv.weight", _vgg, _vgg_model),
    ):
        if first in shapes and "fc.weight" in shapes:
            names = names_of(shapes)
            if missing := [name for name in shapes if name not in names]:
                raise UsageError(f"a network with {first} has no {missing[0]} in OpenLTH", help=_ANY)
            names = {name: names[name] for name in shapes}
            return Architecture(model_of(shapes), names, first != "fc_layers.0.weight", shapes["fc.weight"][0])
    raise UsageError("its networks are none of mnist_lenet, cifar_resnet and cifar_vgg", help=_ANY)


_ANY = "[weights] and [masks] of a spec take files of any network, with `rename`: docs/exchange.md"
_OF_NORMS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_PARTS = {"conv": ("conv", ("weight", "bias")), "bn": ("norm", _OF_NORMS)}
"""A convolution and its norm, there -> here, with what may be in each."""
_FC = re.compile(r"fc_layers\.(\d+)\.(weight|bias)")
_BLOCK = re.compile(r"blocks\.(\d+)\.(conv1|bn1|conv2|bn2|shortcut\.0|shortcut\.1)\.(\w+)")
_LAYER = re.compile(r"layers\.(\d+)\.(conv|bn)\.(\w+)")
_IN_BLOCK = {
    "conv1": "first.conv",
    "bn1": "first.norm",
    "conv2": "second.conv",
    "bn2": "second.norm",
    "shortcut.0": "shortcut.conv",
    "shortcut.1": "shortcut.norm",
}
_OUTPUT = {"fc.weight": "classifier.weight", "fc.bias": "classifier.bias"}


def _lenet(shapes: Shapes) -> dict[str, str]:
    return _OUTPUT | _matched(shapes, _FC, lambda match: f"layers.{match[1]}.{match[2]}")


def _lenet_model(shapes: Shapes) -> dict[str, Any]:
    widths = [shapes[f"fc_layers.{place}.weight"][0] for place in range(len(_numbers(shapes, _FC)))]
    return {"name": "lenet-300-100"} if widths == [300, 100] else {"name": "mlp", "widths": widths}


def _resnet(shapes: Shapes) -> dict[str, str]:
    stem = {f"{there}.{part}": f"stem.{here}.{part}" for there, (here, parts) in _PARTS.items() for part in parts}
    blocks = _matched(shapes, _BLOCK, lambda match: f"blocks.{match[1]}.{_IN_BLOCK[match[2]]}.{match[3]}")
    return _OUTPUT | stem | blocks


def _resnet_model(shapes: Shapes) -> dict[str, Any]:
    depth, width = 2 * len(_numbers(shapes, _BLOCK)) + 2, shapes["conv.weight"][0]
    model: dict[str, Any] = {"name": "cifar-resnet", "depth": depth}
    if depth in (20, 32, 44, 56, 110):
        model = {"name": f"resnet{depth}"}
    return model | ({} if width == 16 else {"width": width})


def _vgg(shapes: Shapes) -> dict[str, str]:
    place = {number: block for block, number in enumerate(_numbers(shapes, _LAYER))}  # pooling has numbers there
    return _OUTPUT | _matched(
        shapes, _LAYER, lambda match: f"blocks.{place[int(match[1])]}.{_PARTS[match[2]][0]}.{match[3]}"
    )


def _vgg_model(shapes: Shapes) -> dict[str, Any]:
    depths = {8: 11, 10: 13, 13: 16, 16: 19}
    convolutions = len(_numbers(shapes, _LAYER))
    if convolutions not in depths:
        raise UsageError(f"OpenLTH has no VGG of {convolutions} convolutions", help=_ANY)
    return {"name": f"vgg{depths[convolutions]}"}


def _matched(shapes: Shapes, pattern: re.Pattern[str], ours: Callable[[re.Match[str]], str]) -> dict[str, str]:
    return {name: ours(match) for name in shapes if (match := pattern.fullmatch(name))}


def _numbers(shapes: Shapes, pattern: re.Pattern[str]) -> list[int]:
    """The numbers of the modules that a pattern tells, ascending."""
    return sorted({int(match[1]) for name in shapes if (match := pattern.fullmatch(name))})
