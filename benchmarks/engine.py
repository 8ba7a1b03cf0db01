"""What the engine costs a task: a study of small tasks, with and without tracking, beside a process for each task.

    uv run python benchmarks/engine.py [--sizes 10 40] [--rounds 3] [--workers 2] [--naive 20]

Sizes are replicates of 51 tasks of 4 updates: 510 and 2,040 tasks. A line for each size and way, in turn: seconds of a
task and slot (wall time x workers / tasks, start-up included), without what the tasks themselves take, processor of the
driver and all its workers, and the most memory of the driver and what it grew by from the first half of the run to the
second. Then the same of the tasks between the two sizes, so without start-up. The naive way is a process for each task
that imports torch and does nothing; the ceiling is what the tasks take. Exits with 1 where a task and slot takes more
than 0.03 s, or the driver grows by over 20 MiB for 1,000.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from startup import ENVIRONMENT, LMCSPEC, small

from lmcspec.store import Index, Store

BUDGET, GROWTH = 0.03, 20.0
WAYS = {"untracked": ("--no-tracking",), "tracked": ()}


class Ran(NamedTuple):
    """One run."""

    seconds: float
    processor: float
    memory: tuple[float, float]
    """MiB of the driver, at most: in the first half of the run, and in the second."""
    working: float
    """Seconds that the tasks say they took, in all."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs=2, default=[10, 40])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--naive", type=int, default=20)
    given = parser.parse_args()
    ran: dict[tuple[str, int], list[Ran]] = {}
    for _ in range(given.rounds):
        for size in given.sizes:
            for way, options in WAYS.items():
                ran.setdefault((way, size), []).append(one_run(size, given.workers, options))
    print(f"{'way':10} {'tasks':>6} {'n':>2}  s a task and slot    engine  processor a task  driver")
    over = False
    for (way, size), runs in ran.items():
        tasks = 51 * size
        each = sorted(given.workers * run.seconds / tasks for run in runs)
        engine = median((given.workers * run.seconds - run.working) / tasks for run in runs)
        processor, memory = median(run.processor / tasks for run in runs), max(max(run.memory) for run in runs)
        grown = median(run.memory[1] - run.memory[0] for run in runs)
        print(
            f"{way:10} {tasks:6,} {len(runs):2}  {median(each):.4f} ({each[0]:.4f} to {each[-1]:.4f})  {engine:.4f} s  "
            f"{1000 * processor:8.1f} ms  {memory:12.0f} MiB, {grown:+.1f} MiB in the second half"
        )
    few, many = given.sizes
    for way in WAYS:
        tasks = 51 * (many - few)
        seconds = median(run.seconds for run in ran[way, many]) - median(run.seconds for run in ran[way, few])
        grown = 1000 / tasks * (max(max(r.memory) for r in ran[way, many]) - max(max(r.memory) for r in ran[way, few]))
        marginal = given.workers * seconds / tasks
        growth = f"the driver grows by {grown:.1f} MiB for 1,000 tasks"
        print(f"{way}: {marginal:.4f} s a task and slot beyond start-up, {growth}")
        over = over or marginal > BUDGET or grown > GROWTH
    naive = [process_of_its_own() for _ in range(given.naive)]
    print(f"naive: {median(naive):.2f} s for a process that imports torch (n = {len(naive)})")
    sys.exit(over)


def one_run(replicates: int, workers: int, options: tuple[str, ...]) -> Ran:
    """Run the study in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        spec, store = Path(folder, "small.toml"), Path(folder, "store")
        spec.write_text(small(replicates))
        command = [LMCSPEC, "run", str(spec), "--store", str(store), "--workers", str(workers), *options]
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        seen: list[float] = []
        watch = threading.Thread(target=watched, args=(process.pid, seen))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.join()
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        with Index(Store.open(store, create=False)) as index:
            working = sum(entry.seconds or 0.0 for entry in index.entries())
    half = len(seen) // 2
    return Ran(seconds, usage.ru_utime + usage.ru_stime, (max(seen[:half]), max(seen[half:])), working)


def watched(pid: int, seen: list[float]) -> None:
    """Note the memory of a process ten times a second, while it lives."""
    try:
        driver = psutil.Process(pid)
        while driver.status() != psutil.STATUS_ZOMBIE:
            seen.append(driver.memory_info().rss / 2**20)
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return


def process_of_its_own() -> float:
    """Seconds of a process that imports torch."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env=ENVIRONMENT)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
