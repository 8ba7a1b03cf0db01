"""What tasks that make masks have in common: writing one, and counting it."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.tasks import read
from lmcspec.tasks.kind import Finished

if TYPE_CHECKING:
    from torch import Tensor


def write_mask(out: Path, mask: "Mapping[str, Tensor]", exclude: Collection[str] = ()) -> Finished:
    """The mask's file; its density over all prunable weights, and over those that were not excluded."""
    from lmcspec.science import masks

    read.write(out / read.MASK, mask)
    counts = {name: int(tensor.count_nonzero()) for name, tensor in mask.items()}
    eligible = len(exclude) < len(mask)
    scalars = {
        "density": masks.density(mask),
        "eligible_density": masks.density(mask, exclude) if eligible else 1.0,
        "surviving": sum(counts.values()),
        "prunable": sum(tensor.numel() for tensor in mask.values()),
        "layers": {name: [count, mask[name].numel()] for name, count in counts.items()},
    }
    return Finished(scalars, "ok" if all(counts.values()) else "dead-layer")


def weight_of(layer: str, names: Collection[str]) -> str:
    """The parameter that an excluded layer means: its `weight`, or itself, as attention's `in_proj_weight`."""
    return layer if layer in names and not layer.endswith(".weight") else f"{layer}.weight"
