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
BEYOND = 2.0
"""Ranges from black to white below black or above white where no pixels lie that were divided by what white is."""
LARGEST = 16.0
"""How far from 0 such pixels may be where black and white aren't known; whitened ones of MTT's go to 4.1."""


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

    0 to 255 (or to 16, or to 65,535): 95 % of them are not negative, some lie beyond 2, and either fewer than 95 % of
    all lie in [0, 1], or fewer than 95 % of those that aren't 0 below 2. -128 to 127, and others that lost a mean but
    were never divided: of those that aren't their channel's median, which may be a background, over 5 % are two ranges
    outside the black and white of `study`, or beyond 16 where it is not `standardised`. -1 to 1: they come within a
    fiftieth of both ends, and none lies beyond. A `study` whose space has such a range itself is taken at its word.
    """
    x = _some(images)
    least, most = float(x.min()), float(x.max())
    black, white = (min(study.black), max(study.white)) if study is not None else (-1.5, 1.5)
    bright, dark = (x > HIGH).mean(), (x < LOW).mean()
    if most > UNSCALED and dark <= 1 - MOST and not (black >= LOW and most <= 2 * white):
        drawn = x[x != 0]
        if bright > 1 - MOST or ((drawn > UNSCALED).mean() > 1 - MOST and (drawn < LOW).mean() <= 1 - MOST):
            for least_white, top in ((16, 255), (4096, 65_535)):
                if least_white < most <= 1.05 * top:
                    return f"0 to {top:,}", f"divide by {top}"
            return f"0 to {most:,.4g}", "divide by what white is in them"
    if _outside(x, study):
        top = next((f"{top}" for top in (255, 65_535) if top / 2 < most - least <= 2 * top), "what white is in them")
        extent = f"{least:,.4g} to {most:,.4g}, and were never divided by {top}"
        return extent, f"add the mean that was taken off, and divide by {top}"
    touches = -1 - ENDS / 100 <= least <= -1 + ENDS and 1 - ENDS <= most <= 1 + ENDS / 100
    within = -1.2 <= black <= -0.8 and 0.8 <= white <= 1.2
    if touches and not within:
        return "-1 to 1", "take (x + 1) / 2"
    return "", ""


def _outside(x: np.ndarray, study: Space | None) -> bool:
    """Whether over 5 % of the pixels (n, C, H, W), but for their backgrounds, are far from all that a space has."""
    low, high = np.array(-LARGEST), np.array(LARGEST)
    if study is not None and study.name == "standardised":
        black, white = (np.array(ends).reshape(-1, 1, 1) for ends in (study.black, study.white))
        low, high = black - BEYOND * (white - black), white + BEYOND * (white - black)
    far = (x < low) | (x > high)
    if not far.any():
        return False
    drawn = x != np.median(x, axis=(0, 2, 3), keepdims=True)
    return bool((drawn & far).sum() > (1 - MOST) * drawn.sum())


def _some(images: np.ndarray) -> np.ndarray:
    return images[:: max(1, len(images) // ENOUGH)].astype(np.float64)
