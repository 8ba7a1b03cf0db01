"""Models, one family a file. `construct` makes any of them without touching torch's random state."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from lmcspec.catalog import Named
from lmcspec.science.models.suited import check

ConfigType = TypeVar("ConfigType", bound=Named)


def construct(
    build: Callable[[ConfigType, tuple[int, int, int], int], nn.Module],
    config: ConfigType,
    shape: tuple[int, int, int],
    classes: int,
    seed: int = 0,
) -> nn.Module:
    """`build(config, shape, classes)` for images of `shape` (channels, height, width).

    Torch's layers draw weights from the global generator as they are made. Here they draw from `seed` and the
    generator is put back, so nothing depends on it; `initial_state` gives the weights that count. Raises ModelError
    for a model that can't take part in a study.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = build(config, shape, classes)
    check(module)
    return module
