"""Norms of feature maps (n, c, H, W), and convolutions with a norm behind them."""

from torch import Tensor, nn

GROUPS = 32


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel: its c values get mean 0 and variance 1, then scale and shift.

    Statistics over channels alone don't change when channels change places. It is Flax's `LayerNorm`, and not torch's
    over (c, H, W), whose scale would have a value for each pixel.
    """

    def forward(self, input: Tensor) -> Tensor:
        # Back in the usual layout: in the other one, oneDNN 3.13's backward pass of a 1x1 convolution with stride 2
        # and fewer than 8 channels writes beyond its memory.
        return super().forward(input.movedim(1, -1)).movedim(-1, 1).contiguous()


class NormedConv(nn.Module):
    """`conv`, then `norm`."""

    def __init__(self, conv: nn.Conv2d, norm: str) -> None:
        super().__init__()
        self.conv = conv
        self.norm = make_norm(norm, conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def make_norm(name: str, width: int) -> nn.Module:
    """`batch`, `instance`, `layer` (over the channels of each pixel), `group` or `none`, of `width` channels."""
    match name:
        case "instance":
            return nn.GroupNorm(width, width)
        case "batch":
            return nn.BatchNorm2d(width)
        case "layer":
            return ChannelNorm(width)
        case "group":
            return group_norm(width)
        case "none":
            return nn.Identity()
        case _:
            raise ValueError(f"there is no norm {name!r}")


def group_norm(width: int) -> nn.GroupNorm:
    """32 groups, or one for each channel where there are fewer. Raises ValueError where the groups don't divide."""
    groups = min(GROUPS, width)
    if width % groups:
        raise ValueError(f"norm 'group' has {groups} groups, which do not divide a width of {width}")
    return nn.GroupNorm(groups, width)
