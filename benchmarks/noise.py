"""What do the draws of the noise floor cost? `uv run python benchmarks/noise.py [--images 10000 50000]`.

For each number of test images, in one process on one thread: walking the path between two LeNet-300-100 on images of
MNIST's size, 30 points and the midpoint, and the draws that its task makes of what it saw. Seconds of processor, in
turn; medians, and the draws' share of both together. Exits with 1 where that share is over the budget.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

POINTS = 30
BUDGET = 0.05
"""The draws' share of the time of a path."""


def ways(images: int) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """The walk, and the draws of what it found: test errors and losses, as the task `path` makes them."""
    import numpy as np
    import torch

    from lmcspec.catalog.models.mlp import Mlp
    from lmcspec.science import curves, noise, paths
    from lmcspec.science.data.resident import Split
    from lmcspec.science.initial import initial_state
    from lmcspec.science.models import mlp

    draw = torch.Generator().manual_seed(0)
    test = Split(torch.rand(images, 1, 28, 28, generator=draw), torch.randint(0, 10, (images,), generator=draw))
    module = mlp.build(Mlp(widths=(300, 100)), (1, 28, 28), 10)
    ends = [initial_state(module, "default", ("init", seed)) for seed in (0, 1)]
    alphas = curves.alphas(POINTS)

    def walk() -> Any:
        found = paths.curves(module, paths.Ends(*ends), alphas, paths.Evaluated(test, each=True), ("average",))
        return found["average"].images["test"]

    def draws(seen: Any) -> Any:
        drawn = noise.fluctuations(np.concatenate([seen.wrong, seen.losses]), ("benchmark", "test", images))
        return [noise.numbers(own, alphas, POINTS) for own in np.split(drawn, 2, axis=1)]

    return walk, draws


def measure(images: int, times: int) -> float:
    """Print a line for each way; the draws' share."""
    from lmcspec.engine import pristine

    pristine.first()
    pristine.prepare(1)
    walk, draws = ways(images)
    seconds: dict[str, list[float]] = {"the path": [], "its draws": []}
    for _ in range(times):
        begun = time.process_time()
        seen = walk()
        between = time.process_time()
        draws(seen)
        seconds["the path"].append(between - begun)
        seconds["its draws"].append(time.process_time() - between)
    for what, own in seconds.items():
        print(
            f"{images:,} images, {what}: {min(own):.2f} to {max(own):.2f} s, median {median(own):.2f} s (n = {times})"
        )
    path, drawn = map(median, seconds.values())
    print(f"{images:,} images, the draws' share: {drawn / (path + drawn):.1%} of {BUDGET:.0%}")
    return drawn / (path + drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    if max([measure(images, given.times) for images in given.images]) > BUDGET:
        sys.exit("over the budget")


if __name__ == "__main__":
    main()
