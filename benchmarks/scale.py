"""What a task costs beside its own work, and how that grows: seconds a task of each part of the engine, by size.

    uv run python benchmarks/scale.py [--sizes 1000 10000] [--repeats 3] [--parts queue …] [--wall]

Each part is fed tasks that do nothing, alone, in this process: the queue (in virtual time, chains of ten on 1,000
slots), the journal, commits (lease, attempt, two small files, COMMIT), the index, and a look whether objects are there.
The tracker tells the store's own database of small tasks that have run, as `lmcspec sync` does: replicates of 51, as
many as come nearest to a size, which run once before anything is measured. Prints milliseconds of processor a task
(with --wall those of the wall, where disks are waited for, too) as median, least and most of the repeats, and the
slope: a task of the largest size against one of the smallest.
"""

import argparse
import hashlib
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from startup import LMCSPEC, run, small

from lmcspec.engine import PlannedTask, events
from lmcspec.engine.devices import Device
from lmcspec.engine.journal import journal
from lmcspec.engine.provenance import NOWHERE
from lmcspec.engine.simulation import simulate
from lmcspec.report import tracked
from lmcspec.store import Index, Store, open_attempt, take
from lmcspec.track import Tracker, default_uri
from lmcspec.track.server import Server

PER_REPLICATE = 51
"""Tasks of a replicate of the small study."""

PARTS = ("queue", "journal", "commit", "index", "look", "tracker")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--wall", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        measure(given, Path(place))
    print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def measure(given: argparse.Namespace, place: Path) -> None:
    print(f"{'part':10} {'tasks':>9} {'ms a task':>10} {'least':>8} {'most':>8}")
    for part in given.parts:
        middles = []
        sizes = [counted(part, size) for size in given.sizes]
        for size in sizes:
            values = sorted(1000 * one_run(part, size, given.wall, place) / size for _ in range(given.repeats))
            middles.append(median(values))
            print(f"{part:10} {size:9,} {middles[-1]:10.4f} {values[0]:8.4f} {values[-1]:8.4f}", flush=True)
        if len(middles) > 1 and middles[0]:
            ends = f"from {sizes[0]:,} to {sizes[-1]:,} tasks"
            print(f"{part:10} {ends}: {middles[-1] / middles[0]:.2f} x a task")


def counted(part: str, size: int) -> int:
    """How many tasks of a part are measured in the place of so many."""
    return PER_REPLICATE * max(1, round(size / PER_REPLICATE)) if part == "tracker" else size


def one_run(part: str, size: int, wall: bool, place: Path) -> float:
    """Seconds of a part for so many tasks: of processor, or on the wall. What is made for all runs is in `place`."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        work = PREPARED[part](Path(folder), size)
        clock = time.perf_counter if wall else time.process_time
        begun = clock()
        work()
        return clock() - begun


def tasks_of(size: int) -> dict[str, PlannedTask]:
    """Chains of ten."""
    tasks = {}
    for number in range(size):
        name = identifier(number)
        before = (identifier(number - 1),) if number % 10 else ()
        tasks[name] = PlannedTask(name, "train", f"network/{number}", before, 1.0 + number % 7)
    return tasks


def identifier(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def queue(folder: Path, size: int) -> Callable[[], object]:
    tasks = tasks_of(size)
    devices = [Device(f"gpu-{number}", "gpu") for number in range(1000)]
    return lambda: simulate(tasks, devices)


def journalled(folder: Path, size: int) -> Callable[[], object]:
    store, tasks = Store.open(folder / "store"), tasks_of(size)

    def work() -> None:
        with journal(store, "scale", {}, None, NOWHERE) as written:
            for task in tasks.values():
                written(events.Started(time.time(), task, 0, 1))
                written(events.Finished(time.time(), task, 0, 1.0, "ok", False, {}))

    return work


def commit(store: Store, number: int) -> None:
    name = identifier(number)
    lease = take(store, name)
    assert lease is not None
    attempt = open_attempt(store, name, lease)
    (attempt.out / "state").write_bytes(b"x" * 1000)
    document = {"kind": "train", "version": 1, "params": {"n": number}, "inputs": {}, "seeds": {}}
    record = {"seconds": 1.0, "units": 1.0, "model": "m", "numerics": {"device": "cpu"}, "memory": {"host": 1}}
    attempt.commit(document, {"scalars": {"error": 0.5}, "outcome": "ok"}, record)
    lease.release()


def committing(folder: Path, size: int) -> Callable[[], object]:
    store = Store.open(folder / "store")
    return lambda: [commit(store, number) for number in range(size)]


def filled(folder: Path, size: int) -> Store:
    store = Store.open(folder / "store")
    for number in range(size):
        commit(store, number)
    return store


def indexing(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder, size)

    def work() -> None:
        with Index(store) as index:
            for first in range(0, size, 100):
                index.add(identifier(number) for number in range(first, min(first + 100, size)))

    # The file is there already, as it is in a store that has been used.
    Index(store).close()
    return work


def looking(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder, size)
    names = [identifier(number) for number in range(size)]
    return lambda: store.present(names)


def ran(place: Path, size: int) -> Path:
    """A store in which so many small tasks have run, untracked."""
    store, spec = place / f"ran-{size}", place / f"small-{size}.toml"
    if not store.exists():
        spec.write_text(small(size // PER_REPLICATE))
        run(LMCSPEC, "run", str(spec), "--store", str(store), "--no-tracking")
    return store


def tracking(folder: Path, size: int) -> Callable[[], object]:
    store = Store.open(shutil.copytree(ran(folder.parent, size), folder / "store"), create=False)
    # Loads MLflow and makes its tables, so that what is measured is the telling.
    with closing(Server(default_uri(store), store)) as server:
        server.held("small")
    return Tracker(store, default_uri(store), tracked).sync


PREPARED: dict[str, Callable[[Path, int], Callable[[], object]]] = {
    "queue": queue,
    "journal": journalled,
    "commit": committing,
    "index": indexing,
    "look": looking,
    "tracker": tracking,
}


if __name__ == "__main__":
    main()
