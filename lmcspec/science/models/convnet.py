"""ConvNet-D, the network of the distillation literature."""

from torch import Tensor, nn

from lmcspec.catalog.models.convnet import PADDED, ConvNet, misfit
from lmcspec.science.models.by_image import pooled
from lmcspec.science.models.norms import make_norm


class Block(nn.Module):
    """3x3 convolution with bias, norm, ReLU, 2x2 average pooling: (n, c, H, W) to (n, width, H // 2, W // 2)."""

    def __init__(self, channels: int, width: int, norm: str, padding: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=padding)
        self.norm = nn.GroupNorm(1, width) if norm == "layer" else make_norm(norm, width)

    def forward(self, x: Tensor) -> Tensor:
        return pooled(self.conv(x), self.norm)


class ConvNetwork(nn.Module):
    """Blocks, flatten, `classifier`. Input (n, C, H, W), output (n, classes)."""

    def __init__(self, blocks: list[Block], features: int, classes: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.classifier(x.flatten(1))


def build(config: ConvNet, shape: tuple[int, int, int], classes: int) -> ConvNetwork:
    """The network for images of `shape` (channels, height, width).

    Images of 1x28x28 are padded to 32x32 by the first convolution (padding 3), as in the papers' code. Raises
    ValueError where the pooling would leave nothing of the image.
    """
    if reason := misfit(config, shape):
        raise ValueError(reason)
    channels, height, width = shape
    blocks = []
    for place in range(config.depth):
        padding = 3 if place == 0 and shape == PADDED else 1
        height, width = (height + 2 * padding - 2) // 2, (width + 2 * padding - 2) // 2
        blocks.append(Block(channels, config.width, config.norm, padding))
        channels = config.width
    return ConvNetwork(blocks, channels * height * width, classes)
