"""A study that is killed at random moments, and begun again each time: does it end as an undisturbed run?

    uv run python benchmarks/killed.py SPEC [--set PATH=VALUE …] [--kills 10] [--workers 2] [--seed 0] [--keep FOLDER]

Runs the study undisturbed, then in another store with SIGKILL to the driver or to a worker (a coin says which), at
moments drawn uniformly from what the undisturbed run took; where the driver was killed the same command begins again.
At the end every result is compared by its digest, every file with COMMIT, and what is left behind is counted. With
--keep both stores stay in that folder, and an undisturbed run that is there is not made again. Exits with 1 where
anything differs.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from lmcspec.store import Store, sweep, verify
from lmcspec.store.attempts import Swept


class Kill(NamedTuple):
    """One SIGKILL."""

    after: float
    """Seconds since the study's first start, spent running."""
    whom: str
    done: int
    """Results that were in the store."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        calm, killed = folder / "undisturbed", folder / "killed"
        command = [shutil.which("lmcspec") or "lmcspec", "run", str(given.spec), "--workers", str(given.workers)]
        command += ["--no-tracking", *(word for setting in given.set for word in ("--set", setting))]
        begun = time.monotonic()
        if subprocess.run([*command, "--store", str(calm)], stdout=subprocess.DEVNULL).returncode:
            sys.exit("the undisturbed run failed")
        seconds = time.monotonic() - begun
        timed = folder / "seconds"
        if not timed.exists():
            timed.write_text(f"{seconds:.1f}")
        seconds = float(timed.read_text())
        shutil.rmtree(killed, ignore_errors=True)
        kills, runs, took = disturbed([*command, "--store", str(killed)], killed, seconds, given)
        wrong = differences(calm, killed)
    print(f"\nundisturbed: {seconds:.0f} s; killed {len(kills)} times: {took:.0f} s in {runs} runs")
    for kill in kills:
        print(f"  after {kill.after:6.0f} s: {kill.whom}, with {kill.done:,} results")
    for what, count in wrong.items():
        print(f"{what}: {count}")
    sys.exit(1 if any(wrong[what] for what in WRONG) else 0)


def disturbed(
    command: list[str], store: Path, seconds: float, given: argparse.Namespace
) -> tuple[list[Kill], int, float]:
    """Run until all is done, killing at random moments: (kills, how often the command began, seconds)."""
    dice = random.Random(given.seed)
    moments = sorted(dice.uniform(0.02, 0.98) * seconds for _ in range(given.kills))
    kills: list[Kill] = []
    runs, spent = 0, 0.0
    while True:
        runs += 1
        begun = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as driver:
            while driver.poll() is None:
                at = spent + time.monotonic() - begun
                if len(kills) < given.kills and at >= moments[len(kills)]:
                    whom = strike(driver.pid, dice)
                    if whom:
                        kills.append(Kill(at, whom, len(list(store.glob("objects/*/*/COMMIT")))))
                time.sleep(0.01)
        spent += time.monotonic() - begun
        if driver.returncode == 0:
            return kills, runs, spent
        if driver.returncode != -signal.SIGKILL:
            sys.exit(f"a run ended with {driver.returncode}")


def strike(driver: int, dice: random.Random) -> str:
    """Kill the driver, or a worker of its that is at a task; whom, nothing where there is none yet."""
    workers = [process for process in psutil.Process(driver).children(recursive=True) if process.ppid() != driver]
    if dice.random() < 0.5:
        os.kill(driver, signal.SIGKILL)
        return "the driver"
    if not workers:
        return ""
    with contextlib.suppress(psutil.NoSuchProcess):
        dice.choice(workers).kill()
        return "a worker"
    return ""


WRONG = ("missing", "too many", "differing", "damaged", "left behind")


def differences(calm: Path, killed: Path) -> dict[str, int]:
    """How many results of the two stores differ, and in what way."""
    first, second = (Store.open(path, create=False) for path in (calm, killed))
    ours, theirs = (
        {task: stored.digest for task in store.ids() if (stored := store.find(task))} for store in (second, first)
    )
    return {
        "equal, bit for bit": sum(ours[task] == theirs[task] for task in ours.keys() & theirs.keys()),
        "missing": len(theirs.keys() - ours.keys()),
        "too many": len(ours.keys() - theirs.keys()),
        "differing": sum(ours[task] != theirs[task] for task in ours.keys() & theirs.keys()),
        "damaged": len(verify(second, full=True)),
        "left behind": int(sweep(second) != Swept()),
    }


if __name__ == "__main__":
    main()
