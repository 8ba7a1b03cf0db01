"""Models, one family a file. `construct` makes any of them without touching torch's random state."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from lmcspec.catalog import Named

ConfigType = TypeVar("ConfigType", bound=Named)


def construct(
    build: Callable[[ConfigType, tuple[int, int, int], int], nn.Module],
    config: ConfigType,
    shape: tuple[int, int, int],
    classes: int,
) -> nn.Module:
    """`build(config, shape, classes)` for images of `shape` (channels, height, width).

    Torch's layers draw weights from the global generator as they are made. Here they draw from a fixed seed and the
    generator is put back, so nothing depends on it; `initial_state` gives the weights that count.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return build(config, shape, classes)
