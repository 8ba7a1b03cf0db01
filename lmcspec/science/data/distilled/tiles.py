"""Multi-formation (IDC, Kim et al. 2022): several small images packed as tiles into each stored one."""

from torch import Tensor
from torch.nn.functional import interpolate, pad

FILL = 0.5
"""What pads images whose sides the factor does not divide, in [0, 1]."""


def decode(images: Tensor, factor: int) -> Tensor:
    """Each of the factor x factor tiles of images (n, C, H, W), enlarged to H x W: (factor^2 n, C, H, W).

    Sides that `factor` does not divide are padded by 1/2 at the bottom and on the right. Tiles are enlarged bilinearly.
    First come the tiles at the top left of all images, then those to the right of them, and so on: image i's tile
    (row, column) is number (row factor + column) n + i. Differentiable.
    """
    if factor == 1:
        return images
    count, channels, height, width = images.shape
    down, right = -height % factor, -width % factor
    if down or right:
        images = pad(images, (0, right, 0, down), value=FILL)
    rows, columns = images.shape[2] // factor, images.shape[3] // factor
    tiles = images.view(count, channels, factor, rows, factor, columns)
    tiles = tiles.permute(2, 4, 0, 1, 3, 5).reshape(factor * factor * count, channels, rows, columns)
    return interpolate(tiles, size=(height, width), mode="bilinear", align_corners=False)


def pack(images: Tensor, factor: int) -> Tensor:
    """Images (factor^2 n, C, H, W), in the order of `decode`, made small and packed: (n, C, H, W).

    Rows and columns of tiles share the sides as evenly as whole pixels allow, the larger ones first. Images are made
    small by taking the nearest pixel. What `decode` gives of the packed ones are these small images, if factor divides.
    """
    if factor == 1:
        return images
    height, width = images.shape[2:]
    heights, widths = shares(height, factor), shares(width, factor)
    tiles = images.view(factor, factor, -1, *images.shape[1:])
    packed = images.new_empty(tiles.shape[2:])
    top = 0
    for row, tall in enumerate(heights):
        left = 0
        for column, wide in enumerate(widths):
            small = interpolate(tiles[row, column], size=(tall, wide), mode="nearest")
            packed[:, :, top : top + tall, left : left + wide] = small
            left += wide
        top += tall
    return packed


def shares(size: int, factor: int) -> list[int]:
    """Whole numbers that add up to `size`, one per tile, the larger first."""
    return [size // factor + (place < size % factor) for place in range(factor)]
