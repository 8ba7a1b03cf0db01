"""Several networks of one model that look at the same images: each batch is made once for all of them."""

import copy
import math
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from torch import Tensor, nn

from lmcspec.base.groups import GROUP, MOST
from lmcspec.base.machine import out_of_memory
from lmcspec.science.stack import Stack

Point = TypeVar("Point")


class Several:
    """Networks of one model, each with tensors of its own; some may be computed together, as one program.

    Sums come in another order there, so that results agree with those of each network alone to rounding.
    """

    def __init__(self, modules: Sequence[nn.Module], stacks: Sequence[Stack] = ()) -> None:
        self.modules = tuple(modules)
        self._stacks = tuple(stacks)
        """Of the first modules, in their order."""

    @property
    def stacked(self) -> int:
        """How many of them are one program; 1 where each is computed by itself."""
        return len(self._stacks[0].modules) if self._stacks else 1

    def first(self, count: int) -> "Several":
        """So many of them; what is left of a stack is computed one by one."""
        whole = [stack for number, stack in enumerate(self._stacks, 1) if number * len(stack.modules) <= count]
        return Several(self.modules[:count], whole)

    def logits(self, images: Tensor) -> Iterator[Tensor]:
        """Logits (r, n, classes) of the networks, r of them at a time, in their order; computed when they are asked."""
        for stack in self._stacks:
            yield stack.on_the_same(images)
        for module in self.modules[sum(len(stack.modules) for stack in self._stacks) :]:
            yield module(images)[None]

    def one_by_one(self) -> "Several":
        """The same networks, no two of them as one program."""
        return Several(self.modules)


def as_many(module: nn.Module, points: int, stacked: int = 1) -> Several:
    """The module and copies of it: as many as there are points, if they fit in a group; alone if it can't be copied.

    So many as are to be `stacked` are one program each, where a group has room for them.
    """
    count = min(points, room_for(module))
    together = stacked if 1 < stacked <= count else 1
    count -= count % together
    try:
        modules = [module, *(copy.deepcopy(module) for _ in range(count - 1))]
    except Exception as error:
        if out_of_memory(error):
            raise
        return Several([module])  # a model of anybody's that holds what can't be copied
    if together == 1:
        return Several(modules)
    return Several(modules, [Stack(modules[begin : begin + together]) for begin in range(0, count, together)])


def room_for(module: nn.Module) -> int:
    """How many networks like this one a group has at most."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    return max(1, min(MOST, GROUP // max(1, size)))


def in_groups(
    points: Sequence[Point], size: int, seconds: float = math.inf, step: int = 1
) -> Iterator[Sequence[Point]]:
    """The points, `size` at a time; fewer where so many take longer than `seconds`, by what those before took.

    Whole multiples of `step`, however long they take, but at the end.
    """
    place, several = 0, size if math.isinf(seconds) else step
    while place < len(points):
        begun = time.monotonic()
        yield points[place : place + several]
        each = (time.monotonic() - begun) / several
        place += several
        several = max(step, int(min(size, seconds / each)) // step * step) if each else size
