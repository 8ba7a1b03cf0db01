"""How much of a run is tracking? A study of real trainings with it and without, in alternating rounds.

    uv run python benchmarks/tracked.py [--rounds 3] [--replicates 2] [--workers 2] [--data DIR]

The study is LeNet's of `benchmarks/costs.py`, a minute or two on two cores; without MNIST in DIR, one of perceptrons on
digits. Each run begins with an empty store, so that loading MLflow and making its tables count. Nothing but the driver
tells MLflow: the seconds of processor that its process takes more, beside all that the run without tracking takes, are
tracking's share, told round by round. Walls of two runs differ by more than that on most machines; they are told, too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from costs import STUDIES, spread
from startup import ENVIRONMENT, LMCSPEC, iterated

BUDGET = 0.02
"""Of what a run takes without tracking."""
WAYS: Mapping[str, tuple[str, ...]] = {"untracked": ("--no-tracking",), "tracked": ()}
DIGITS = iterated("tracked", 1, '"lenet-300-100"', "120ep", 60)


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds of a run: of the wall, of the processor in all, and in its driver alone."""

    wall: float
    processor: float
    driver: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", type=Path, default=os.environ.get("LMCSPEC_TEST_DATA"))
    given = parser.parse_args()
    lenet = STUDIES["lenet"]
    missing = lenet.missing(given.data)
    text = DIGITS if missing else lenet.spec(given.data)
    print(f"perceptrons on digits, for there is {missing}" if missing else "LeNet on MNIST", flush=True)
    rounds = [
        {way: ran(text, options, given.replicates, given.workers) for way, options in WAYS.items()}
        for _ in range(given.rounds)
    ]
    for way in WAYS:
        walls, processor, driver = (
            [getattr(each[way], what) for each in rounds] for what in ("wall", "processor", "driver")
        )
        print(f"{way:10} wall {spread(walls, 's')}, processor {spread(processor, 's')}, driver {spread(driver, 's')}")
    shares = [share(each["tracked"], each["untracked"]) for each in rounds]
    print(f"tracking of all processor time: {percent(shares)}: {'met' if median(shares) <= BUDGET else 'not met'}")
    walls = [each["tracked"].wall / each["untracked"].wall - 1 for each in rounds]
    print(f"tracking of the wall: {percent(walls)}: {'met' if median(walls) <= BUDGET else 'not met'}")


def share(tracked: Ran, untracked: Ran) -> float:
    """What the driver takes more, as a part of all that a run without tracking takes."""
    return (tracked.driver - untracked.driver) / untracked.processor


def percent(shares: list[float]) -> str:
    low, middle, high = (100 * each for each in (min(shares), median(shares), max(shares)))
    return f"{middle:.2f} % ({low:.2f} to {high:.2f}, n = {len(shares)}), goal {100 * BUDGET:g} %"


def ran(text: str, options: tuple[str, ...], replicates: int, workers: int) -> Ran:
    """Run the study in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        spec, store = Path(folder, "study.toml"), Path(folder, "store")
        spec.write_text(text)
        asked = [LMCSPEC, "run", str(spec), "--store", str(store), "--workers", str(workers)]
        asked += ["--set", f"replicates={replicates}", *options]
        begun = time.perf_counter()
        process = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        seen = [0.0]
        watch = threading.Thread(target=watched, args=(process.pid, seen))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.join()
        if process.returncode:
            sys.exit(f"{' '.join(asked)} ended with {process.returncode}")
    return Ran(wall, usage.ru_utime + usage.ru_stime, seen[-1])


def watched(pid: int, seen: list[float]) -> None:
    """Note the seconds of processor of a process, without its children, twenty times a second while it lives."""
    with suppress(psutil.NoSuchProcess):
        driver = psutil.Process(pid)
        while driver.status() != psutil.STATUS_ZOMBIE:
            times = driver.cpu_times()
            seen.append(times.user + times.system)
            time.sleep(0.05)


if __name__ == "__main__":
    main()
