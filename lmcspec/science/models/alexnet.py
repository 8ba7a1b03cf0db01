"""AlexNet for images of 32x32 pixels."""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from lmcspec.catalog.models.alexnet import AlexNet, misfit

PADDED = (1, 28, 28)
"""Images that the first convolution pads to 32x32."""
POOLED = (0, 1, 4)
"""The convolutions that pooling follows."""


class AlexNetwork(nn.Module):
    """Convolutions, flatten, `classifier`. Input (n, C, H, W), output (n, classes)."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        padding = 4 if shape == PADDED else 2
        grown = 2 * padding - 4
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(channels, 128, 5, padding=padding),
                nn.Conv2d(128, 192, 5, padding=2),
                nn.Conv2d(192, 256, 3, padding=1),
                nn.Conv2d(256, 192, 3, padding=1),
                nn.Conv2d(192, 192, 3, padding=1),
            ]
        )
        self.classifier = nn.Linear(192 * ((height + grown) // 8) * ((width + grown) // 8), classes)

    def forward(self, x: Tensor) -> Tensor:
        for place, conv in enumerate(self.convs):
            x = conv(x).relu()
            x = max_pool2d(x, 2) if place in POOLED else x
        return self.classifier(x.flatten(1))


def build(config: AlexNet, shape: tuple[int, int, int], classes: int) -> AlexNetwork:
    """The network for images of `shape` (channels, height, width). Raises ValueError where they are too small.

    Images of 1x28x28 are padded to 32x32 by the first convolution (padding 4), as in the papers' code.
    """
    if reason := misfit(config, shape):
        raise ValueError(reason)
    return AlexNetwork(shape, classes)
