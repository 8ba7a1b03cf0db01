"""What a task costs beside its own work, and how that grows: seconds of each part of lmcspec, by the number of tasks.

    uv run python benchmarks/scale.py [--sizes 300 1000 3000 10000] [--repeats 3] [--parts queue …] [--wall]

The compiler plans small studies, replicates of 51 tasks, as many as come nearest to a size; the engine runs them on two
workers into a new store, untracked, as a command of its own; and the tracker tells the store's own database of them, as
`lmcspec sync` does. All other parts are fed tasks that do nothing, alone, in this process: the queue (in virtual time,
chains of ten on 1,000 slots), the journal, commits (lease, attempt, two small files, COMMIT), and of a store that holds
so many the index, made anew, its list of them, a look whether they are there, and reading each of them.

Prints milliseconds of processor a task (with --wall those of the wall, where disks are waited for, too) as median,
least and most of the repeats, and the power of the number of tasks as which seconds grow, by least squares on
logarithms: over all sizes, and from the last but one to the largest, where what each start takes weighs less.
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
from unittest.mock import patch

from fits import grown
from startup import LMCSPEC, run, small

from lmcspec.engine import PlannedTask, events
from lmcspec.engine.devices import Device
from lmcspec.engine.journal import journal
from lmcspec.engine.provenance import NOWHERE
from lmcspec.engine.simulation import simulate
from lmcspec.plan.compile import compile_study
from lmcspec.report import tracked
from lmcspec.spec import load
from lmcspec.store import Index, Store, open_attempt, take
from lmcspec.store.index import index_path
from lmcspec.track import Tracker, default_uri
from lmcspec.track.server import Server

PER_REPLICATE = 51
"""Tasks of a replicate of the small study."""
OF_ALL = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

PARTS = ("compile", "queue", "journal", "commit", "index", "list", "look", "read", "engine", "tracker")
OF_REPLICATES = ("compile", "engine", "tracker")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1_000, 3_000, 10_000])
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
        sizes = [counted(part, size) for size in given.sizes]
        one_run(part, sizes[0], given.wall, place)  # imports, and files that later runs are to find
        repeats = [{size: one_run(part, size, given.wall, place) for size in sizes} for _ in range(given.repeats)]
        for size in sizes:
            each = [1000 * seconds[size] / size for seconds in repeats]
            print(f"{part:10} {size:9,} {median(each):10.4f} {min(each):8.4f} {max(each):8.4f}")
        if len(sizes) > 1:
            print(f"{part:10} {grown(repeats)}", flush=True)


def counted(part: str, size: int) -> int:
    """How many tasks of a part are measured in the place of so many."""
    return PER_REPLICATE * max(1, round(size / PER_REPLICATE)) if part in OF_REPLICATES else size


def one_run(part: str, size: int, wall: bool, place: Path) -> float:
    """Seconds of a part for so many tasks: of processor, or on the wall. What is made for all runs is in `place`."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        work = PREPARED[part](Path(folder), size)
        clock = time.perf_counter if wall else processor
        begun = clock()
        work()
        return clock() - begun


def processor() -> float:
    """Seconds of processor of this process and of those that it waited for."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, OF_ALL))


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


def filled(place: Path, size: int) -> Store:
    """A store that holds so many results, made once."""
    folder = place / f"filled-{size}"
    there = folder.exists()
    store = Store.open(folder)
    if not there:
        with patch("os.fsync"):  # what is lost with the machine's power is made again
            for number in range(size):
                commit(store, number)
    return store


def indexing(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder.parent, size)
    index_path(store).unlink(missing_ok=True)

    def work() -> None:
        with Index(store) as index:
            for first in range(0, size, 100):
                index.add(identifier(number) for number in range(first, min(first + 100, size)))

    # The file is there already, as it is in a store that has been used.
    Index(store).close()
    return work


def listing(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder.parent, size)
    with Index(store) as index:
        index.bring_up_to_date(set(store.ids()))

    def work() -> None:
        with Index(store) as index:
            index.bring_up_to_date(set(store.ids()))
            assert len(index.entries()) == size

    return work


def looking(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder.parent, size)
    names = [identifier(number) for number in range(size)]
    return lambda: store.present(names)


def reading(folder: Path, size: int) -> Callable[[], object]:
    store = filled(folder.parent, size)
    return lambda: [store.find(identifier(number)) for number in range(size)]


def compiling(folder: Path, size: int) -> Callable[[], object]:
    spec = folder / "small.toml"
    spec.write_text(small(size // PER_REPLICATE))

    def work() -> None:
        assert len(compile_study(load(spec)).tasks) == size

    return work


def running(folder: Path, size: int) -> Callable[[], object]:
    spec = folder / "small.toml"
    spec.write_text(small(size // PER_REPLICATE))
    words = ("--store", str(folder / "store"), "--workers", "2", "--no-tracking")
    return lambda: run(LMCSPEC, "run", str(spec), *words)


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
    "compile": compiling,
    "queue": queue,
    "journal": journalled,
    "commit": committing,
    "index": indexing,
    "list": listing,
    "look": looking,
    "read": reading,
    "engine": running,
    "tracker": tracking,
}


if __name__ == "__main__":
    main()
