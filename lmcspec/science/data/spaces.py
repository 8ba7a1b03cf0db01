"""The spaces that there are: raw, standardised, or whitened (ZCA). No torch."""

from dataclasses import dataclass
from typing import Literal

SPACES = ("raw", "standardised", "zca")


@dataclass(frozen=True, slots=True)
class Space:
    """`raw`: x in [0, 1]. `standardised`: (x - mean) / std per channel. `zca`: W (x - m), whitened.

    m is the mean training image and W = U diag(1 / sqrt(s + eps)) U^T from the covariance U diag(s) U^T of the
    training images scaled to [0, 1] and flattened, divided by their number. Nothing is standardised before or after.
    """

    name: Literal["raw", "standardised", "zca"] = "raw"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    eps: float = 0.1

    def __post_init__(self) -> None:
        if self.name not in SPACES:
            raise ValueError(f"there is no space {self.name!r}; there are {', '.join(SPACES)}")
        if self.name == "standardised" and (not self.mean or len(self.mean) != len(self.std) or min(self.std) <= 0):
            raise ValueError("the space `standardised` needs a mean and a positive std per channel")

    def __str__(self) -> str:
        """Its name, with its numbers where it has some."""
        match self.name:
            case "standardised":
                return f"standardised (mean {self.mean}, std {self.std})"
            case "zca":
                return f"zca (eps {self.eps:g})"
            case _:
                return self.name

    @property
    def black(self) -> tuple[float, ...]:
        """What black is here, per channel or once for all. In `zca`, where it differs by pixel: 0, the mean image."""
        if self.name == "standardised":
            return tuple(-m / s for m, s in zip(self.mean, self.std, strict=True))
        return (0.0,)

    @property
    def white(self) -> tuple[float, ...]:
        """What white is here; in `zca`, where it differs by pixel, nothing is known of it."""
        if self.name == "standardised":
            return tuple((1 - m) / s for m, s in zip(self.mean, self.std, strict=True))
        return (1.0,)
