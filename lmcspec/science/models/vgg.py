"""VGGs for images of 32x32 pixels, with a norm and one linear layer."""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from lmcspec.catalog.models.vgg import CifarVgg, misfit
from lmcspec.science.models.norms import NormedConv

STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions of each stage, by depth."""

MULTIPLES = (1, 2, 4, 8, 8)


class Vgg(nn.Module):
    """Blocks with ReLU, 2x2 max pooling after each stage but the last and 2x2 average pooling there; `classifier`.

    Input (n, C, H, W), output (n, classes). Images of 32x32 leave one pixel to the classifier, larger ones more.
    """

    def __init__(self, shape: tuple[int, int, int], depth: int, width: int, norm: str, classes: int) -> None:
        super().__init__()
        channels, height, width_left = shape
        blocks: list[NormedConv] = []
        self._pooled = set[int]()
        for count, multiple in zip(STAGES[depth], MULTIPLES, strict=True):
            for _ in range(count):
                blocks.append(NormedConv(nn.Conv2d(channels, multiple * width, 3, padding=1), norm))
                channels = multiple * width
            self._pooled.add(len(blocks) - 1)
            height, width_left = height // 2, width_left // 2
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(channels * height * width_left, classes)

    def forward(self, x: Tensor) -> Tensor:
        last = len(self.blocks) - 1
        for place, block in enumerate(self.blocks):
            x = block(x).relu()
            if place in self._pooled:
                x = avg_pool2d(x, 2) if place == last else max_pool2d(x, 2)
        return self.classifier(x.flatten(1))


def build(config: CifarVgg, shape: tuple[int, int, int], classes: int) -> Vgg:
    """The network for images of `shape` (channels, height, width). Raises ValueError where they are too small."""
    if reason := misfit(config, shape):
        raise ValueError(reason)
    return Vgg(shape, config.depth, config.width, config.norm, classes)
