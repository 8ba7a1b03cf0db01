"""Does a real run take what `plan --simulate` says? The same plan both ways, again and again in one store.

    uv run python benchmarks/forecast.py [SPEC] [--rounds 4] [--workers 2] [--replicates 2]

Runs the study (the quickstart) with so many replicates, so that its kinds of task have a past; then each round adds as
many replicates, asks what the rest takes on so many slots of the CPU, runs it without tracking, and compares with the
seconds that its journal says. Prints predicted, its range, taken, their ratio, and what the whole command took, with
Python's start, the plan and the tables at the end, which no forecast counts; exits with 1 where the median ratio is
off by over 15 %. Other work on the machine between the two spoils it: it is said how much of the processors the
command had.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from startup import ENVIRONMENT, LMCSPEC, QUICKSTART

from lmcspec.store import Store, invocations

ALLOWED = 0.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", default=QUICKSTART)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--replicates", type=int, default=2)
    given = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        run(given.spec, store, given.replicates, given.workers)
        print("tasks  predicted (range)  taken  predicted / taken  command  processors")
        for number in range(2, given.rounds + 2):
            replicates = number * given.replicates
            tasks, (low, middle, high) = simulated(given.spec, store, replicates, given.workers)
            seconds, whole, share = run(given.spec, store, replicates, given.workers)
            ratios.append(middle / seconds)
            predicted = f"{middle:6.1f} s ({low:.1f} to {high:.1f})"
            print(
                f"{tasks:5,}  {predicted}  {seconds:6.1f} s  {ratios[-1]:.2f}  {whole:6.1f} s  {share:.2f}", flush=True
            )
    off = abs(median(ratios) - 1)
    print(f"median of {len(ratios)}: {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")
    sys.exit(off > ALLOWED)


def command(verb: str, spec: str, store: Path, replicates: int) -> list[str]:
    return [LMCSPEC, verb, spec, "--store", str(store), "--set", f"replicates={replicates}"]


def simulated(
    spec: str, store: Path, replicates: int, workers: int, environment: Mapping[str, str] = ENVIRONMENT
) -> tuple[int, tuple[float, float, float]]:
    """How many tasks are to run, and the seconds of that: low, middle, high."""
    asked = [*command("plan", spec, store, replicates), "--simulate", f"{workers} x cpu", "--format", "json"]
    said = json.loads(subprocess.run(asked, check=True, capture_output=True, env=environment).stdout)["data"]
    if said["simulated"]["unknown"] or said["simulated"]["guessed"]:
        sys.exit("tasks of unknown length are left: more replicates at first have all kinds run")
    return sum(task["state"] == "run" for task in said["tasks"]), tuple(said["simulated"]["seconds"])


def run(
    spec: str, store: Path, replicates: int, workers: int, environment: Mapping[str, str] = ENVIRONMENT
) -> tuple[float, float, float]:
    """Seconds of the run by its journal, those of the command, and the processors that it used on average."""
    asked = [*command("run", spec, store, replicates), "--workers", str(workers), "--no-tracking"]
    begun = time.perf_counter()
    process = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(asked)} ended with {process.returncode}")
    return took(Store.open(store, create=False)), seconds, (usage.ru_utime + usage.ru_stime) / seconds


def took(store: Store) -> float:
    """Seconds of the latest run in a store, as its journal says."""
    *_, latest = invocations(store)
    (ended,) = [event for _, event in latest.events() if event["event"] == "run ended"]
    return ended["seconds"]


if __name__ == "__main__":
    main()
