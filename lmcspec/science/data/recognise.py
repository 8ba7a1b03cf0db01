"""In which space images are, told from their pixels."""

import numpy as np

from lmcspec.science.data.spaces import Space

LOW, HIGH, MOST = -0.05, 1.05, 0.95
"""Between these lies at least that share of the pixels of images that are neither standardised nor whitened.

Not all of them: IDC's code cuts off at 0 and 1 before a network's steps, not after the last ones.
"""
ENOUGH = 100
"""Images to look at, about, evenly spaced."""
ENDS = 0.02
"""How near to -1 and 1 the darkest and the brightest pixel are where these are black and white."""
UNSCALED = 2.0
"""Images without negative pixels and with some beyond this were never divided by what white is."""


def recognise_space(images: np.ndarray) -> str:
    """`raw`, `standardised` or `zca`, from the pixels (n, C, H, W) alone.

    Raw images lie in [-0.05, 1.05], but for a twentieth of their pixels; of others about half are negative. Whitened
    ones have means per image near 0 (root mean square under a quarter of the pixels' std), horizontal neighbours that
    correlate less than 0.75, and a std below 0.8, since whitening with eps shrinks. All others are standardised.
    """
    x = _some(images)
    if ((x >= LOW) & (x <= HIGH)).mean() >= MOST:
        return "raw"
    if not (deviation := x.std()):  # whitening leaves no image of one grey
        return "standardised"
    off = np.sqrt(np.square(x.mean((1, 2, 3))).mean()) / deviation
    left, right = x[..., :-1].ravel(), x[..., 1:].ravel()
    scale = np.linalg.norm(left) * np.linalg.norm(right)
    correlation = (left @ right) / scale if scale else 1.0
    return "zca" if off < 0.25 and correlation < 0.75 and deviation < 0.8 else "standardised"


def misscaled(images: np.ndarray, study: Space | None = None) -> tuple[str, str]:
    """Which range the pixels have that is no space's, and how they come to [0, 1]; two empty words if none.

    0 to 255 (or to 16, or to 65,535): 95 % of them are not negative, some lie beyond 2, and fewer than 95 % of them in
    [0, 1]. -1 to 1: they come within a fiftieth of both ends, and none lies beyond. A `study` whose space has such a
    range itself is taken at its word.
    """
    x = _some(images)
    most = float(x.max())
    black, white = (min(study.black), max(study.white)) if study is not None else (-1.5, 1.5)
    bright, dark = (x > HIGH).mean(), (x < LOW).mean()
    if most > UNSCALED and dark <= 1 - MOST and bright > 1 - MOST and not (black >= LOW and most <= 2 * white):
        for top in (255, 65_535):
            if 16 < most <= 1.05 * top:
                return f"0 to {top:,}", f"divide by {top}"
        return f"0 to {most:,.4g}", "divide by what white is in them"
    touches = -1 - ENDS / 100 <= x.min() <= -1 + ENDS and 1 - ENDS <= most <= 1 + ENDS / 100
    within = -1.2 <= black <= -0.8 and 0.8 <= white <= 1.2
    if touches and not within:
        return "-1 to 1", "take (x + 1) / 2"
    return "", ""


def _some(images: np.ndarray) -> np.ndarray:
    return images[:: max(1, len(images) // ENOUGH)].astype(np.float64)
