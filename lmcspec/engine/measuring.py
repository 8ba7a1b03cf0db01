"""`lmcspec doctor --measure`: how fast a device trains small networks, in a minute."""

import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.plan import speeds
from lmcspec.plan.speeds import Speed

if TYPE_CHECKING:
    from torch import nn

MARGIN = 1.25
"""Other networks than those measured lie this much beyond them, on either side."""
QUICK = 0.02
"""Seconds of an update below which one alone is too short to be timed."""
LEAST_LAYER, MOST_FLOPS = 1e-7, 1e16
"""Where a device is so even that one of the two parts of an update does not show."""


class Point(NamedTuple):
    """An update of one network: its layers, its floating-point operations, and the seconds that it takes."""

    layers: int
    flops: float
    seconds: float


def measure(device: str, seconds: float = 60.0) -> list[Point]:
    """Train networks from narrow to wide on random images for so long in all, on `cpu` (one thread) or `cuda:0`.

    Of a CPU its own time counts, not that of other work on it.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        networks = _networks()
        return [_point(network, shape, batch, device, seconds / len(networks)) for network, shape, batch in networks]
    finally:
        torch.set_num_threads(threads)


def _networks() -> "list[tuple[nn.Module, tuple[int, int, int], int]]":
    from torch import nn

    def convolutions(first: int, *widths: int) -> nn.Module:
        layers: list[nn.Module] = []
        for before, after in pairwise((first, *widths)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 10))

    def perceptron(*widths: int) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    return [
        (perceptron(784, 300, 100, 10), (1, 28, 28), 60),
        (perceptron(784, 1024, 1024, 10), (1, 28, 28), 128),
        (convolutions(3, 16, 16, 16, 16), (3, 32, 32), 128),
        (convolutions(3, 64, 64), (3, 32, 32), 32),
    ]


def _point(network: "nn.Module", shape: tuple[int, int, int], batch: int, device: str, seconds: float) -> Point:
    import torch
    from torch.nn.functional import cross_entropy

    from lmcspec.science.summary import model_facts

    facts = model_facts(network, shape)
    network = network.to(device).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(batch, *shape, device=device), torch.randint(10, (batch,), device=device)

    def update() -> None:
        optimiser.zero_grad(set_to_none=True)
        cross_entropy(network(x), y).backward()
        optimiser.step()

    def done() -> None:
        if device != "cpu":
            torch.cuda.synchronize(device)

    # What else runs on the cores is no part of their speed.
    clock = time.process_time if device == "cpu" else time.perf_counter
    end = time.monotonic() + seconds
    update()
    done()
    bursts: list[float] = []
    many = 1
    while not bursts or time.monotonic() < end:
        begun = clock()
        for _ in range(many):
            update()
        done()
        bursts.append((clock() - begun) / many)
        # Short updates are timed several at once; the first is of a process that has to warm up.
        many = 10 if bursts[-1] < QUICK else 1
    took = median(bursts)
    return Point(len(facts.prunable), 6.0 * facts.macs * batch, took)


def fitted(points: list[Point]) -> dict[str, Any]:
    """{"layer", "flops"}, each low, middle and high: seconds are layers times the one and operations over the other.

    The middle is that of least squares of relative errors, both parts at least 0; the range has all points in it.
    """
    import numpy as np
    from scipy.optimize import nnls

    rows = np.array([[point.layers / point.seconds, point.flops / point.seconds] for point in points])
    scale = rows.max(axis=0)
    by_layer, by_flop = nnls(rows / scale, np.ones(len(points)))[0] / scale
    by_layer, by_flop = max(float(by_layer), LEAST_LAYER), max(float(by_flop), 1 / MOST_FLOPS)
    ratios = [point.seconds / (by_layer * point.layers + by_flop * point.flops) for point in points]
    low, high = min(*ratios, 1.0) / MARGIN, max(*ratios, 1.0) * MARGIN
    return {
        "layer": [by_layer * low, by_layer, by_layer * high],
        "flops": [1 / (by_flop * high), 1 / by_flop, 1 / (by_flop * low)],
    }


def keep(model: str, points: list[Point], memory: int = 0, where: Path | None = None) -> Speed:
    """Fit and keep what was measured of a device model, for all plans of this user."""
    document = {**fitted(points), "model": model, "memory": memory, "points": [point._asdict() for point in points]}
    speeds.remember(model, document, where)
    kept = speeds.speed(model, where)
    assert kept is not None, "it was written just now"
    return kept
