"""How soon is a worker ready, and what does another one cost then? Seconds until workers of `local` can take tasks.

`uv run python -m benchmarks.workers [--rounds 5]`: each round is a process of its own, which starts two workers, waits
until both are ready, ends one, and waits for the one in its place: forked from a server that has imported torch.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

BUDGET = 3.0
"""Seconds until the first is ready."""
STAGES = ("first worker", "both workers", "another in its place")


def once() -> list[float]:
    """Seconds of each stage, in this process."""
    from lmcspec.catalog.runners.local import Local
    from lmcspec.engine.runner import Lost, Ready
    from lmcspec_runners.local import LocalRunner

    runner = LocalRunner(Local(workers=2))
    began = time.perf_counter()
    ready: list[float] = []

    def wait_for(enough: Callable[[], bool]) -> None:
        while not enough():
            for event in runner.poll(0.2):
                if isinstance(event, Ready):
                    ready.append(time.perf_counter() - began)
                assert not isinstance(event, Lost) or not event.task

    try:
        runner.start()
        wait_for(lambda: len(ready) == 2)
        ended = time.perf_counter() - began
        runner.end(0)
        wait_for(lambda: len(ready) == 3)
    finally:
        runner.close()
    return [ready[0], ready[1], ready[2] - ended]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often workers are started")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(*once())
        return
    rounds = []
    for _ in range(given.rounds):
        order = [sys.executable, "-m", "benchmarks.workers", "--one"]
        answer = subprocess.run(order, stdout=subprocess.PIPE, check=True, text=True).stdout
        rounds.append([float(word) for word in answer.split()])
    for stage, seconds in zip(STAGES, zip(*rounds, strict=True), strict=True):
        print(f"{stage:22} {median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, n = {len(seconds)})")
    first = median(seconds[0] for seconds in rounds)
    print(f"budget {BUDGET:g} s for the first: {'met' if first <= BUDGET else 'not met'}")


if __name__ == "__main__":
    main()
