"""What a way of aligning two networks is given, and what it hands over after every step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lmcspec.base.errors import LmcspecError
from lmcspec.science.data import Split
from lmcspec.science.permute.algebra import Permutation
from lmcspec.science.permute.tracing import Traced


class NotFiniteError(LmcspecError, ValueError):
    """What a network gives on images, or a loss between the two, is no number: they can't be matched by that."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two networks of one architecture, of which the second is to be aligned with the first."""

    network: nn.Module
    """The architecture; its weights are not looked at."""
    traced: Traced
    """Its groups of units, and where they show."""
    a: Mapping[str, Tensor]
    b: Mapping[str, Tensor]
    number: int
    """The address of all random draws."""
    images: Split | None = None
    """Training images, for ways that look at some."""
    begin: Mapping[str, Tensor] = field(default_factory=dict)
    """The tensors of the step from which to go on; none to begin anew."""

    @property
    def device(self) -> torch.device:
        """Where to compute: the device of the architecture's tensors."""
        return next(self.network.parameters()).device


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """How far a matching is. Going on from its tensors gives the same bits as never having stopped."""

    done: int
    total: int
    """How many steps there are at most."""
    tensors: Callable[[], Mapping[str, Tensor]]
    note: str = ""
    """What is said of it in passing."""
    permutation: Permutation | None = None
    """That which aligns b with a, at the last step."""
