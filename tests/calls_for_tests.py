"""Small networks made of layers and a function, and their groups."""

from collections.abc import Callable

from torch import Tensor, nn

from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.selfcheck import check
from lmcspec.science.permute.tracing import trace

IMAGES = (3, 8, 8)


class Calls(nn.Module):
    """Layers by name, and what is done with them as a function."""

    def __init__(self, forward: Callable, **layers: nn.Module | nn.Parameter) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._forward = forward

    def forward(self, x: Tensor) -> Tensor:
        return self._forward(self, x)


def traced(forward: Callable, shape: tuple[int, ...] = IMAGES, **layers: nn.Module | nn.Parameter) -> Groups:
    """The groups of such a network, which keep its function to 1e-10."""
    module = Calls(forward, **layers)
    groups = trace(module, shape).groups
    check(module, groups, shape, tolerance=1e-10)
    return groups


def blocks(groups: Groups, name: str, axis: int) -> tuple[tuple[str | None, int, int], ...]:
    """Of each block of an axis its group, its units, and how many entries each of them has."""
    return tuple((block.group, block.size, block.inner) for block in groups.axes[name][axis])


def pooled(m: Calls, x: Tensor) -> Tensor:
    """The layer `out` of the mean over pixels."""
    return m.out(x.mean((2, 3)))


def conv(channels: int, width: int, **more: int) -> nn.Conv2d:
    """A convolution with kernels of 3x3, which keeps the size of images."""
    return nn.Conv2d(channels, width, 3, padding=1, **more)
