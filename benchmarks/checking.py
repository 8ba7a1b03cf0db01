"""What does it cost that whatever is read was checked? `uv run python benchmarks/checking.py [--store STORE]`.

Commands with and without `--trust-store`, in turn, compared by their medians: the quickstart's rerun, in which all is
reused and every COMMIT behind a printed number is read, and a study of 2,040 small tasks: made, where each task reads
its inputs, and rerun. And in one process: how long it takes to read and check every COMMIT and every file of that
study, as a share of the seconds that its tasks took. STORE is a folder in which the quickstart has run; without it,
it is run into a temporary one first. Exits with 1 when a budget is exceeded.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from startup import LMCSPEC, QUICKSTART, Cost, Result, in_turn, middle, run, small, table

from lmcspec.store import Store

TRUST = "--trust-store"


def pair(what: str, checked: Sequence[Cost], trusted: Sequence[Cost], budget: float) -> list[Result]:
    """A line for each way; that with checks has its ratio to the other in the last."""
    return [
        Result(f"{what}, trusted", trusted, middle(trusted), budget, "s"),
        Result(f"{what}, checked", checked, middle(checked), budget, "s"),
        Result(f"{what}, checked to trusted", checked, middle(checked) / middle(trusted), 1.5, "x"),
    ]


def reruns(what: str, command: Sequence[str], rounds: int, budget: float) -> list[Result]:
    checked, trusted = in_turn([command, (*command, TRUST)], rounds)
    return pair(what, checked, trusted, budget)


def made(spec: str, folder: Path, rounds: int) -> list[Result]:
    """The small study into empty stores, both ways in turn; the last checked one is left in `folder`/store."""
    costs: dict[bool, list[Cost]] = {False: [], True: []}
    for _ in range(rounds):
        for trust in (True, False):
            store = folder / ("trusted" if trust else "store")
            shutil.rmtree(store, ignore_errors=True)
            costs[trust].append(run(LMCSPEC, "run", spec, "--no-tracking", "--store", str(store), *[TRUST] * trust))
    return pair("2,040 small tasks", costs[False], costs[True], float("inf"))


def timed(act: Callable[[], object]) -> float:
    """Seconds of processor, the system's for this process included: others may be at work."""
    began = time.process_time()
    act()
    return time.process_time() - began


def in_one_process(root: Path) -> Iterable[str]:
    """Each COMMIT and each file read once, in seconds of processor, beside the seconds of the tasks themselves."""
    trusting, store = Store.open(root, trusted=True), Store.open(root)
    names = list(store.ids())
    timed(lambda: [trusting.find(name) for name in names])  # the first who reads waits for the disk
    plain = timed(lambda: [trusting.find(name) for name in names])
    commits = timed(lambda: [store.find(name) for name in names])
    stored = [found for name in names if (found := store.find(name)) is not None]
    files = timed(lambda: [found.out for found in stored])
    worked = sum(float(found.record["seconds"]) for found in stored)
    size = sum(found.bytes for found in stored)
    yield f"{len(names):,} objects of {size / 2**20:.1f} MiB; their tasks took {worked:.1f} s"
    yield f"COMMITs read: {plain:.3f} s; read and checked: {commits:.3f} s ({commits / plain:.2f} x)"
    share = f"{1000 * files / len(names):.2f} ms an object, {files / worked:.2%} of the work"
    yield f"every file checked once: {files:.3f} s, {share}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", help="a store in which the quickstart has run")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--made", type=int, default=3, help="how often the small study is made, each way")
    parser.add_argument("--replicates", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        again = (LMCSPEC, "run", QUICKSTART, "--store", given.store or str(folder / "quickstart"))
        run(*again)
        results = reruns("quickstart, all reused", again, given.rounds, 5.0)
        (folder / "small.toml").write_text(small(given.replicates))
        results += made(str(folder / "small.toml"), folder, given.made)
        rerun = (LMCSPEC, "run", str(folder / "small.toml"), "--no-tracking", "--store", str(folder / "store"))
        results += reruns("2,040 small tasks, all reused", rerun, given.rounds, 10.0)
        lines = list(in_one_process(folder / "store"))
    screen = Console(width=120)
    screen.print(table(results))
    for line in lines:
        screen.print(line, highlight=False)
    sys.exit(any(result.measured > result.budget for result in results))


if __name__ == "__main__":
    main()
