"""What does it cost to load images? `uv run python benchmarks/loading.py DATA [--rounds 3]`: the table of docs/data.md.

DATA holds `cifar10` and `tinyimagenet10` (image folders) and `MNIST/raw` (idx files). Each line is a process of its own
with one thread, whose imports aren't timed and whose peak of memory is counted whole: Python, libraries and mapped
pages. Lines of a first time begin with an empty cache; whitening is fitted once only, for it takes the longest.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

FIRST, LATER = "first time", "later"


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is loaded: which of the STEPS, in which state of the cache."""

    what: str
    step: str
    state: str = LATER
    once: bool = False


LINES = (
    Line("CIFAR-10, JPEG files: list, decode, hash, keep", "listed", FIRST),
    Line("CIFAR-10, JPEG files: list, compare stamps, map", "listed"),
    Line("CIFAR-10 ready for training, standardised", "standardised"),
    Line("CIFAR-10 in zca: fit and whiten", "zca", FIRST, once=True),
    Line("CIFAR-10 in zca", "zca"),
    Line("ten classes of Tiny ImageNet", "tiny", FIRST),
    Line("ten classes of Tiny ImageNet", "tiny"),
    Line("MNIST from its idx files", "mnist"),
)


def listed(data: Path) -> Callable[[], Any]:
    from lmcspec.catalog.datasets.folder import Folder
    from lmcspec.science.data.sets import folder

    return lambda: folder.load(Folder(), data / "cifar10")


def tiny(data: Path) -> Callable[[], Any]:
    from lmcspec.catalog.datasets.folder import Folder
    from lmcspec.science.data.sets import folder

    return lambda: folder.load(Folder(), data / "tinyimagenet10")


def standardised(data: Path) -> Callable[[], Any]:
    from lmcspec.science.data.loading import load

    return lambda: load("cifar10-jpeg", data / "cifar10", "standardised")


def zca(data: Path) -> Callable[[], Any]:
    from lmcspec.science.data.loading import load

    return lambda: load("cifar10-jpeg", data / "cifar10", "zca")


def mnist(data: Path) -> Callable[[], Any]:
    from lmcspec.science.data.loading import load

    return lambda: load("mnist", data)


STEPS = {one.__name__: one for one in (listed, tiny, standardised, zca, mnist)}


def here(step: str, data: Path) -> None:
    """Print the seconds of a step and the peak of this process in MiB."""
    loaded = STEPS[step](data)
    begun = time.perf_counter()
    loaded()
    seconds = time.perf_counter() - begun
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def apart(step: str, data: Path, cache: str) -> tuple[float, float]:
    """The same of a process of its own."""
    surroundings = os.environ | {"LMCSPEC_CACHE": cache, "OMP_NUM_THREADS": "1"}
    command = (sys.executable, __file__, str(data), "--step", step)
    done = subprocess.run(command, env=surroundings, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed")
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def measure(line: Line, data: Path, rounds: int, kept: str) -> None:
    """Print a line of the table. `kept` is a cache that the lines before have filled."""
    found = []
    for left in reversed(range(1 if line.once else rounds)):
        if line.state == FIRST and left:
            with tempfile.TemporaryDirectory() as empty:
                found.append(apart(line.step, data, empty))
        else:
            found.append(apart(line.step, data, kept))
    seconds, peaks = zip(*found, strict=True)
    spread = f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f}, n = {len(found)})"
    print(f"{line.what}, {line.state}: {spread} s, {max(peaks):,.0f} MiB at most", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        here(given.step, given.data)
        return
    with tempfile.TemporaryDirectory() as kept:
        for line in LINES:
            measure(line, given.data, given.rounds, kept)


if __name__ == "__main__":
    main()
