"""A network of one's own. Nothing marks what is prunable: all weights of linear and convolutional layers are."""

import math

from torch import Tensor, nn

from lmcspec_rings.cards import Residual


class ResidualMlp(nn.Module):
    """Flatten, one layer, then x <- x + relu(layer(x)), then `classifier`."""

    def __init__(self, inputs: int, width: int, depth: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, classes)."""
        x = self.first(x.flatten(1)).relu()
        for block in self.blocks:
            x = x + block(x).relu()
        return self.classifier(x)


def build(config: Residual, shape: tuple[int, int, int], classes: int) -> ResidualMlp:
    """The network for images of `shape`."""
    return ResidualMlp(math.prod(shape), config.width, config.depth, classes)
