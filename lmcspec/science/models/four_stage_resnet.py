"""ResNets of four stages, from small images to ImageNet, as the distillation literature has them."""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from lmcspec.catalog.models.four_stage_resnet import FourStageResNet, misfit, stem_of
from lmcspec.science.models.norms import NormedConv
from lmcspec.science.models.resnet import Block


class PooledConv(NormedConv):
    """`conv`, average pooling of `stride` x `stride` pixels, then `norm`."""

    def __init__(self, conv: nn.Conv2d, norm: str, stride: int) -> None:
        super().__init__(conv, norm)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(avg_pool2d(self.conv(x), self.stride))


class PooledBlock(Block):
    """As `Block`, but what halves the image is average pooling: before the second convolution, and in the shortcut."""

    def __init__(self, channels: int, width: int, stride: int, norm: str) -> None:
        super().__init__(channels, width, 1, norm)
        self.stride = stride
        if stride > 1:
            self.shortcut = PooledConv(nn.Conv2d(channels, width, 1, bias=norm == "none"), norm, stride)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(x).relu()
        inner = avg_pool2d(inner, self.stride) if self.stride > 1 else inner
        return (self.second(inner) + self.shortcut(x)).relu()


class FourStageNetwork(nn.Module):
    """Stem, blocks, mean over pixels, `classifier`. Input (n, C, H, W), output (n, classes)."""

    def __init__(self, channels: int, config: FourStageResNet, stem: str, classes: int) -> None:
        super().__init__()
        bias = config.norm == "none"
        pooled = config.pooling == "average"
        window, stride = (7, 1 if pooled else 2) if stem == "large" else (3, 1)
        conv = nn.Conv2d(channels, config.width, window, stride, padding=window // 2, bias=bias)
        self.stem = NormedConv(conv, config.norm)
        self._stem, self._pooled = stem, pooled
        blocks, channels = [], config.width
        for stage in range(4):
            for place in range((config.depth - 2) // 8):
                width = config.width * 2**stage
                block = PooledBlock if pooled else Block
                blocks.append(block(channels, width, 2 if stage and not place else 1, config.norm))
                channels = width
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        if self._pooled and self._stem != "small":
            x = avg_pool2d(x, 4 if self._stem == "large" else 2)
        elif self._stem != "small":
            x = max_pool2d(x, 3, 2, padding=1)
        for block in self.blocks:
            x = block(x)
        return self.classifier(x.mean((2, 3)))


def build(config: FourStageResNet, shape: tuple[int, int, int], classes: int) -> FourStageNetwork:
    """The network for images of `shape` (channels, height, width). Raises ValueError where they are too small."""
    if reason := misfit(config, shape):
        raise ValueError(reason)
    return FourStageNetwork(shape[0], config, stem_of(config, shape), classes)
