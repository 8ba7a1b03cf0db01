"""What does a checkpoint cost beside writing as many bytes? Of a model of 25 million parameters with its momentum.

`uv run python -m benchmarks.checkpoints [--folder DIR]`: seconds of wall time, both ways in turn, each with fsync on
the same disk. A checkpoint is what a training writes every so often (`lmcspec.tasks.checkpoint`): its tensors and a
digest of them, to another name first, which then takes the place of the last one.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.ways import Goal, ratio_line, seconds_line

PARAMETERS, LAYERS = 25_000_000, 50


def tensors(optimiser: str) -> dict[str, Any]:
    """Random weights, and of each a momentum (sgd) or two moments (adam)."""
    import torch

    draws = torch.Generator().manual_seed(0)
    parts = {"sgd": ("state", "optimiser/momentum"), "adam": ("state", "optimiser/exp_avg", "optimiser/exp_avg_sq")}
    shape = (PARAMETERS // LAYERS // 1000, 1000)
    return {
        f"{part}/layer{number}.weight": torch.randn(shape, generator=draws)
        for part in parts[optimiser]
        for number in range(LAYERS)
    }


def raw(folder: Path, held: dict[str, Any]) -> Callable[[], None]:
    """The same bytes, written one tensor after the other."""

    def write() -> None:
        with open(folder / "raw", "wb", buffering=0) as file:
            for tensor in held.values():
                file.write(tensor.numpy().data)
            os.fsync(file.fileno())

    return write


def checkpoint(folder: Path, held: dict[str, Any]) -> Callable[[], None]:
    """As a training writes it."""
    from lmcspec.tasks.checkpoint import Checkpoints

    context: Any = SimpleNamespace(partial=folder, task="0" * 64, stopping=lambda: False)
    checkpoints = Checkpoints(context, "update", "benchmark")
    return lambda: checkpoints.write(1, held)


def lines(folder: Path, rounds: int) -> list[str]:
    """The table."""
    table = []
    for optimiser in ("sgd", "adam"):
        held = tensors(optimiser)
        ways = {"raw write": raw(folder, held), "checkpoint": checkpoint(folder, held)}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for round in range(1 + rounds):
            for way, write in ways.items():
                began = time.perf_counter()
                write()
                if round:  # the first makes the files
                    seconds[way].append(time.perf_counter() - began)
        size = sum(tensor.numel() * 4 for tensor in held.values()) / 1e6
        what = f"{optimiser}, {size:.0f} MB"
        table += [seconds_line(what, way, seconds[way]) for way in ways]
        table.append(ratio_line(what, seconds, "checkpoint", Goal("raw write", 0.5)))
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is written")
    parser.add_argument("--folder", type=Path, help="a folder on the disk that is asked about; else a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for line in lines(Path(folder), given.rounds):
            print(line)


if __name__ == "__main__":
    main()
