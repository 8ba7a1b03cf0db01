"""A network and what computes it: itself, or a compiled form of it that works on its parameters and buffers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

Forward = Callable[[Tensor], Any]
"""What gives logits, or logits and auxiliary ones, of images."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A module, and what computes a whole batch of a recipe in its place."""

    module: nn.Module
    forward: Forward

    @staticmethod
    def by(network: "nn.Module | Computed") -> "Computed":
        """A network as it is, or a module that computes itself."""
        return network if isinstance(network, Computed) else Computed(network, network)
