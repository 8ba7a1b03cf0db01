"""Landscapes as their tasks leave them."""

from itertools import combinations
from math import dist
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

PLACES = [
    {"x": 0.0, "y": 0.0, "residual": 0.0},
    {"x": 2.0, "y": 0.0, "residual": 0.0},
    {"x": 1.0, "y": 1.5, "residual": 0.0},
    {"x": 1.0, "y": 0.5, "residual": 0.75},
]


class Written:
    """A result with files."""

    outcome = "ok"
    record = {"seconds": 1}

    def __init__(self, out: Path, scalars, kept=True):
        self.out, self.scalars, self.has_outputs = out, scalars, kept


def values(level: int) -> np.ndarray:
    """Rows by y: other numbers in every corner."""
    return np.arange(16, dtype=np.float64).reshape(4, 4) + 100 * level


def landscape(out: Path, level: int, split: str = "train") -> Written:
    """Four by four values, other ones at each level, and four networks, of which one lies off the plane."""
    own = {f"{split}_loss": values(level), f"{split}_error": values(level) / 1000}
    save_file(own, out / "landscape.safetensors")
    x, y = [0.0, 1.0, 2.0, 3.0], [-1.0, 0.0, 1.0, 2.0]
    distances = [
        {"a": a, "b": b, "weights": apart(a, b) + (level + 1) * (b == 3), "plane": apart(a, b)}
        for a, b in combinations(range(4), 2)
    ]
    return Written(out, {"metrics": {"residual": 0.75}, "x": x, "y": y, "places": PLACES, "distances": distances})


def apart(a: int, b: int) -> float:
    """How far two of the networks are from each other in the plane."""
    return dist((PLACES[a]["x"], PLACES[a]["y"]), (PLACES[b]["x"], PLACES[b]["y"]))
