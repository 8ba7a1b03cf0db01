"""Fully connected networks."""

import math

from torch import Tensor, nn

from lmcspec.catalog.models.mlp import Mlp


class FullyConnected(nn.Module):
    """Flatten, then a linear layer and ReLU per width, then `classifier`. Input (n, C, H, W), output (n, classes)."""

    def __init__(self, inputs: int, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        sizes = (inputs, *widths)
        self.layers = nn.ModuleList(nn.Linear(size, after) for size, after in zip(sizes, widths, strict=False))
        self.classifier = nn.Linear(sizes[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.layers:
            x = layer(x).relu()
        return self.classifier(x)


def build(config: Mlp, shape: tuple[int, int, int], classes: int) -> FullyConnected:
    """The network for images of `shape` (channels, height, width)."""
    return FullyConnected(math.prod(shape), config.widths, classes)
