"""ResNets for images of 32x32 pixels (He et al. 2016, section 4.2; shortcuts of option B)."""

from torch import Tensor, nn

from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science.models.norms import NormedConv


class Block(nn.Module):
    """ReLU(second(ReLU(first(x))) + shortcut(x)): (n, channels, H, W) to (n, width, H / stride, W / stride)."""

    def __init__(self, channels: int, width: int, stride: int, norm: str) -> None:
        super().__init__()
        bias = norm == "none"
        self.first = NormedConv(nn.Conv2d(channels, width, 3, stride, padding=1, bias=bias), norm)
        self.second = NormedConv(nn.Conv2d(width, width, 3, padding=1, bias=bias), norm)
        same = channels == width and stride == 1
        self.shortcut = nn.Identity() if same else NormedConv(nn.Conv2d(channels, width, 1, stride, bias=bias), norm)

    def forward(self, x: Tensor) -> Tensor:
        return (self.second(self.first(x).relu()) + self.shortcut(x)).relu()


class ResNet(nn.Module):
    """Stem, blocks, mean over pixels, `classifier`. Input (n, C, H, W), output (n, classes)."""

    def __init__(self, channels: int, depth: int, width: int, norm: str, classes: int) -> None:
        super().__init__()
        bias = norm == "none"
        self.stem = NormedConv(nn.Conv2d(channels, width, 3, padding=1, bias=bias), norm)
        blocks, channels = [], width
        for stage in range(3):
            for place in range((depth - 2) // 6):
                stride = 2 if stage and not place else 1
                blocks.append(Block(channels, width * 2**stage, stride, norm))
                channels = width * 2**stage
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        for block in self.blocks:
            x = block(x)
        return self.classifier(x.mean((2, 3)))


def build(config: CifarResNet, shape: tuple[int, int, int], classes: int) -> ResNet:
    """The network for images of `shape` (channels, height, width), of any size."""
    return ResNet(shape[0], config.depth, config.width, config.norm, classes)
