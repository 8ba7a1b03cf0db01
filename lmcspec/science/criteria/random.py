"""Random pruning."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lmcspec.base import streams


def scores(state: Mapping[str, Tensor], mask: Mapping[str, Tensor], address: tuple[int, ...]) -> dict[str, Tensor]:
    """Uniform on [0, 1), float64, from stream `prune` at (replicate, level, draw, name); the state is not looked at."""
    return {
        name: torch.from_numpy(streams.uniforms(keep.numel(), "prune", *address, name)).view(keep.shape).to(keep.device)
        for name, keep in mask.items()
    }
