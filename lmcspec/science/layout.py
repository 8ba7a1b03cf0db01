"""How weights and activations of a convolutional network lie in memory: what only speed and the last bits see.

Channels first is the order of their shapes, (n, C, H, W); channels last keeps the channels of a pixel side by side.
"""

from functools import partial
from typing import Literal, get_args

import torch
from torch import nn

from lmcspec.science.trial import Trial, seconds_of_update

Layout = Literal["channels-first", "channels-last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


def has_choice(module: nn.Module) -> bool:
    """Whether the layout makes a difference: of networks without convolutions of images it makes none."""
    return any(isinstance(part, nn.Conv2d) for part in module.modules())


def lay_out(module: nn.Module, layout: Layout) -> nn.Module:
    """The module with its weights in a layout, which its activations follow."""
    return module.to(memory_format=torch.channels_last if layout == "channels-last" else torch.contiguous_format)


def seconds_by_layout(module: nn.Module, trial: Trial) -> dict[Layout, float]:
    """Seconds of forward and backward in each layout; the module comes out channels first."""
    try:
        return seconds_of_update(module, trial, {layout: partial(lay_out, module, layout) for layout in LAYOUTS})
    finally:
        lay_out(module, LAYOUTS[0])
