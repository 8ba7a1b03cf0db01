"""In which space images are, told from their pixels."""

from torch import Tensor, float64

LOW, HIGH = -0.05, 1.05
"""Between these lie images that are neither standardised nor whitened; optimised pixels may leave [0, 1] a little."""


def recognise_space(images: Tensor) -> str:
    """`raw`, `standardised` or `zca`, from the pixels (n, C, H, W) alone.

    Raw images lie in [-0.05, 1.05]. Whitened ones have means per image near 0 (root mean square under a quarter of
    the pixels' std), horizontal neighbours that correlate less than 0.75, and a std below 0.8, since whitening with
    eps shrinks. All others are standardised.
    """
    x = images.detach().to(float64)
    if x.min() >= LOW and x.max() <= HIGH:
        return "raw"
    deviation = x.std()
    off = x.mean((1, 2, 3)).square().mean().sqrt() / deviation
    left, right = x[..., :-1].flatten(), x[..., 1:].flatten()
    correlation = (left @ right) / (left.norm() * right.norm())
    return "zca" if off < 0.25 and correlation < 0.75 and deviation < 0.8 else "standardised"
