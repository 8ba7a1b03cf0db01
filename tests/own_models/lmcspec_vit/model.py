"""A vision transformer with attention in two ways: torch's layer, and projections of one's own."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmcspec_vit.cards import TinyViT


class Attention(nn.Module):
    """Two heads over projections that are ordinary linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (2, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class ViT(nn.Module):
    """Patches to tokens, a class token in front, two blocks, and `classifier` on the class token."""

    def __init__(self, config: TinyViT, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        tokens = (height // config.patch) * (width // config.patch)
        self.patches = nn.Conv2d(channels, config.width, config.patch, config.patch)
        self.token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens + 1, config.width))
        self.scale = nn.Parameter(torch.full((config.width,), 0.5))
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(3))
        self.first = nn.MultiheadAttention(config.width, 2, batch_first=True)
        self.second = Attention(config.width)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, 2 * config.width), nn.GELU(), nn.Linear(2 * config.width, config.width)
        )
        self.classifier = nn.Linear(config.width, classes)
        nn.init.trunc_normal_(self.classifier.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        y = self.norms[0](x)
        x = x + self.scale * self.first(y, y, y, need_weights=False)[0]
        x = x + self.second(self.norms[1](x))
        x = x + self.mlp(self.norms[2](x))
        return self.classifier(x[:, 0])


def build(config: TinyViT, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The network for images of that shape."""
    return ViT(config, shape, classes)
