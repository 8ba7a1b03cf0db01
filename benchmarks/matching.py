"""Is weight matching quick? `uv run python benchmarks/matching.py [--networks resnet-20-16 …] [--times 5] [--solvers]`.

Two networks of independent initialisations, layer norm over channels, in one process on one thread, in turn:

- *lmcspec*: `lmcspec.science.permute.weight_matching`.
- *plain loop*: as the reference code of the literature does it, every Gram from scratch at every visit, in float64.
- *plain loop, float32*: the same in single precision.

All take the groups in the same orders. Seconds of processor, preparation included; each repetition is another pair.
`--solvers` times solvers of the assignment instead, of those that can be imported, on Grams of the last network.
Exits with 1 where a network takes longer than its budget.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

BUDGET = {"resnet-20-16": 0.1, "vgg-16-64": 12.0}
"""Seconds of a run of lmcspec."""
RESTARTS, RESTARTS_BUDGET = 10, 1.0
"""Of ResNet-20 of width 16, and their seconds."""
MOST = 100
NETWORKS = ("resnet-20-16", "resnet-20-64", "vgg-16-64")


def network(name: str) -> tuple[Any, Any]:
    """The module of such a name for images of 32x32, and its groups."""
    from lmcspec.catalog.models.resnet import CifarResNet
    from lmcspec.catalog.models.vgg import CifarVgg
    from lmcspec.science.models import resnet, vgg
    from lmcspec.science.permute.tracing import groups_of

    family, depth, width = name.split("-")
    build, config = (resnet.build, CifarResNet) if family == "resnet" else (vgg.build, CifarVgg)
    module = build(config(depth=int(depth), width=int(width), norm="layer"), (3, 32, 32), 10)
    return module, groups_of(module, (3, 32, 32))


def pair_of(module: Any, pair: int) -> list[dict]:
    """Two initial states."""
    from lmcspec.science.initial import initial_state

    return [initial_state(module, "default", ("init", 2 * pair + end)) for end in range(2)]


def lmcspec(groups: Any, a: dict, b: dict, pair: int) -> tuple[list[float], float]:
    """Seconds of each sweep, the first with all preparation, and F."""
    from lmcspec.science.permute.weight_matching import match_weights

    times = [time.process_time()]
    matched = match_weights(groups, a, b, pair=pair, after_sweep=lambda _: times.append(time.process_time()))
    times[-1] = time.process_time()
    return [after - before for before, after in itertools.pairwise(times)], matched.objective


def plain_loop(groups: Any, a: dict, b: dict, pair: int, single: bool = False) -> tuple[list[float], float]:
    """The same of weight matching as it is usually written."""
    import torch
    from scipy.optimize import linear_sum_assignment

    from lmcspec.base import streams
    from lmcspec.science.permute.objective import objective

    seconds, names = [], list(groups.sizes)
    dtype = torch.float32 if single else torch.float64
    begun = time.process_time()
    permutation = {group: torch.arange(size) for group, size in groups.sizes.items()}
    places: dict[str, list] = {group: [] for group in groups.sizes}
    for name in groups.counted:
        for axis, (block,) in enumerate(groups.axes[name]):
            if block.group is not None:
                places[block.group].append((name, axis))
    for sweep in range(MOST):
        gained = False
        for number in streams.permutation(len(names), "match", pair, 0, sweep):
            group = names[number]
            size = groups.sizes[group]
            gram = torch.zeros(size, size, dtype=dtype)
            for name, axis in places[group]:
                moved = b[name].to(dtype)
                for other, (block,) in enumerate(groups.axes[name]):
                    if other != axis and block.group is not None:
                        moved = moved.index_select(other, permutation[block.group])
                x, y = (w.to(dtype).movedim(axis, 0).reshape(size, -1) for w in (a[name], moved))
                gram += x @ y.T
            rows, columns = linear_sum_assignment(gram.numpy(), maximize=True)
            gain = float(gram[rows, columns].sum() - gram[rows, permutation[group]].sum())
            if gain > (1e-4 if single else 1e-9):
                permutation[group], gained = torch.from_numpy(columns), True
        seconds.append(time.process_time() - begun)
        begun = time.process_time()
        if not gained:
            break
    return seconds, objective(groups, permutation, a, b)


WAYS: dict[str, Callable] = {
    "lmcspec": lmcspec,
    "plain loop": plain_loop,
    "plain loop, float32": lambda *given: plain_loop(*given, single=True),
}


def spread_of(seconds: list[float]) -> str:
    digits = 1 if median(seconds) > 10 else 2 if median(seconds) > 0.5 else 3
    spread = f"{min(seconds):.{digits}f} to {max(seconds):.{digits}f} s"
    return f"{spread}, median {median(seconds):.{digits}f} s (n = {len(seconds)})"


def measure(name: str, times: int, plain: int) -> float:
    """Print a line for each way; lmcspec's median."""
    module, groups = network(name)
    runs: dict[str, list] = {way: [] for way in WAYS}
    for pair in range(-1, times):  # the first warms up, and does not count
        a, b = pair_of(module, max(pair, 0))
        for way, run in WAYS.items():
            if way == "lmcspec" or 0 <= pair < plain:
                result = run(groups, a, b, max(pair, 0))
                runs[way] += [result] if pair >= 0 else []
    for way, results in runs.items():
        if results:
            totals = [sum(sweeps) for sweeps, _ in results]
            counts = [len(sweeps) for sweeps, _ in results]
            later = [seconds for sweeps, _ in results for seconds in sweeps[1:]]
            values = ", ".join(f"{value:.3f}" for _, value in results)
            print(f"{name}, {way}: a run {spread_of(totals)}")
            print(f"    first sweep {spread_of([sweeps[0] for sweeps, _ in results])}; others {spread_of(later)}")
            print(f"    {min(counts)} to {max(counts)} sweeps; F {values}", flush=True)
    return median(sum(sweeps) for sweeps, _ in runs["lmcspec"])


def restarts(name: str, times: int) -> float:
    """The same with ten restarts, of which the best is kept."""
    from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

    module, groups = network(name)
    seconds, best = [], []
    for pair in range(times):
        a, b = pair_of(module, pair)
        begun = time.process_time()
        best.append(match_weights(groups, a, b, WeightMatching(restarts=RESTARTS), pair=pair).objective)
        seconds.append(time.process_time() - begun)
    print(f"{name}, {RESTARTS} restarts: {spread_of(seconds)}, F {', '.join(f'{value:.3f}' for value in best)}")
    return median(seconds)


def grams(name: str) -> Iterator[tuple[str, Any]]:
    """The similarities of the largest group at the first visit, and at the end of a matching."""
    from lmcspec.science.permute.algebra import identity
    from lmcspec.science.permute.gram import terms, updated
    from lmcspec.science.permute.weight_matching import match_weights

    module, groups = network(name)
    a, b = pair_of(module, 0)
    group = max(groups.sizes, key=lambda label: groups.sizes[label])
    size, members = groups.sizes[group], terms(groups, a, b)[group]
    for when, permutation in (("first", identity(groups)), ("last", match_weights(groups, a, b).permutation)):
        yield f"{name}, {size} units, {when} visit", updated(None, members, permutation, size).matrix.numpy()


def solvers() -> dict[str, Callable]:
    """Whatever solves an assignment and can be imported, by name: similarity to columns."""
    from scipy.optimize import linear_sum_assignment

    ways: dict[str, Callable] = {"scipy": lambda gram: linear_sum_assignment(gram, maximize=True)[1]}
    try:
        import lap  # of the package lap, or lapx

        ways["lap.lapjv"] = lambda gram: lap.lapjv(-gram)[1]
    except ImportError:
        pass
    try:
        import lapjv

        ways["lapjv.lapjv"] = lambda gram: lapjv.lapjv(-gram)[0]
    except ImportError:
        pass
    try:
        import fastlap

        ways["fastlap.lapjv"] = lambda gram: fastlap.lapjv(-gram)[1]
    except ImportError:
        pass
    return ways


def measure_solvers(name: str, times: int) -> None:
    import numpy as np

    for what, gram in grams(name):
        for way, solve in solvers().items():
            seconds, value = [], 0.0
            for _ in range(times):
                begun = time.process_time()
                columns = solve(gram)
                seconds.append(1000 * (time.process_time() - begun))
                value = float(gram[np.arange(len(gram)), columns].sum())
            spread = f"{min(seconds):.2f} to {max(seconds):.2f} ms, median {median(seconds):.2f} ms"
            print(f"{what}, {way}: {spread} (n = {times}), sum {value:.6f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--plain", type=int, help="times that the plain loops run; all, if not given")
    parser.add_argument("--solvers", action="store_true")
    given = parser.parse_args()

    from lmcspec.engine import pristine

    pristine.first()
    pristine.prepare(1)
    late = []
    for name in given.networks:
        if given.solvers:
            measure_solvers(name, given.times)
            continue
        plain = given.times if given.plain is None else given.plain
        late += [name] if measure(name, given.times, plain) > BUDGET.get(name, float("inf")) else []
    if NETWORKS[0] in given.networks and not given.solvers and restarts(NETWORKS[0], given.times) > RESTARTS_BUDGET:
        late.append(f"{RESTARTS} restarts")
    if late:
        sys.exit(f"over the budget: {', '.join(late)}")


if __name__ == "__main__":
    main()
