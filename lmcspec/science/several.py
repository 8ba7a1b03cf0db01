"""Several networks of one model that look at the same images: each batch is made once for all of them."""

import copy
import math
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from torch import Tensor, nn

from lmcspec.base.machine import out_of_memory

GROUP = 2**28
"""Bytes of parameters and buffers that the networks of a group may have."""
MOST = 64
"""Networks of a group at most: of what it takes to make a batch a sixty-fourth is nothing."""

Point = TypeVar("Point")


class Several:
    """Networks of one model, each with tensors of its own."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = tuple(modules)

    def first(self, count: int) -> "Several":
        """So many of them."""
        return self if count == len(self.modules) else Several(self.modules[:count])

    def logits(self, images: Tensor) -> Iterator[Tensor]:
        """Logits (r, n, classes) of the networks, r of them at a time, in their order; computed when they are asked."""
        for module in self.modules:
            yield module(images)[None]


def as_many(module: nn.Module, points: int) -> Several:
    """The module and copies of it: as many as there are points, if they fit in a group; alone if it can't be copied."""
    state = module.state_dict().values()
    size = sum(tensor.numel() * tensor.element_size() for tensor in state)
    count = max(1, min(points, MOST, GROUP // max(1, size)))
    try:
        return Several([module, *(copy.deepcopy(module) for _ in range(count - 1))])
    except Exception as error:
        if out_of_memory(error):
            raise
        return Several([module])  # a model of anybody's that holds what can't be copied


def in_groups(points: Sequence[Point], size: int, seconds: float = math.inf) -> Iterator[Sequence[Point]]:
    """The points, `size` at a time; fewer where so many take longer than `seconds`, by what those before took."""
    place, several = 0, size if math.isinf(seconds) else 1
    while place < len(points):
        begun = time.monotonic()
        yield points[place : place + several]
        each = (time.monotonic() - begun) / several
        place += several
        several = max(1, int(min(size, seconds / each))) if each else size
