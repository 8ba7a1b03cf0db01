"""Which axes of a network's tensors are permuted together.

A *group* is a set of axes that one permutation acts on: permuting all of them by the same p leaves the function of the
network as it is. Sources: Ainsworth et al. (2023), Git Re-Basin, section 3; Sharma et al. (2024), section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of an axis: `size` units of a group, each of them `inner` consecutive entries.

    With group None these are entries that stay where they are: `size` of them, inner 1.
    """

    group: str | None
    size: int
    inner: int = 1

    @property
    def length(self) -> int:
        """The entries of the axis that the block covers: size * inner."""
        return self.size * self.inner


@dataclass(frozen=True, slots=True)
class Pinned:
    """What stays where it is although it might have been permuted, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a network.

    `sizes` has the number of units of each group, from input to output. `axes` has, for each tensor (parameters and
    buffers, by their names in the state dict), the blocks of each of its axes in order: their lengths sum to that of
    the axis. `counted` names the parameters that an objective sums over, each once: no buffers, and of a tied tensor
    the first name. `pinned` says what was not understood or has to stay.
    """

    sizes: Mapping[str, int]
    axes: Mapping[str, tuple[tuple[Block, ...], ...]]
    counted: tuple[str, ...]
    pinned: tuple[Pinned, ...] = ()
