"""What it costs to hold the ledger against MLflow's database, before a run of which nothing is left to do ends.

    uv run python benchmarks/evidence.py                    2,000 small tasks: as many runs in a database of MLflow's
    uv run python benchmarks/evidence.py --made N           51 small tasks a replicate, N of these, run and tracked
    uv run python benchmarks/evidence.py STORE SPEC         a store in which the study has run, with tracking

Prints medians: of the question whether anything is unsent, of which the look into the database is a part, and of asking
MLflow itself. The budget is that of a reused run: 5 s in all, and a tenth of it for this. With --made, which takes some
minutes for 40 replicates, also what a rerun costs as a command: as it is, without tracking, and with --trust-store.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from startup import LMCSPEC, in_turn, run, small

from lmcspec.plan.planned_study import read_study
from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Ledger, Tracker, default_uri
from lmcspec.track.database import connected, prepare
from lmcspec.track.evidence import OWNER, SUBJECT, glance, mark_of
from lmcspec.track.server import Server
from lmcspec.track.where import ledger_path, own_database

RUNS = 2000
BUDGET = 0.5


def main() -> None:
    match sys.argv[1:]:
        case []:
            told = filled_and_asked()
        case ["--made", replicates]:
            told = made_and_asked(int(replicates))
        case [store, spec]:
            told = asked(Store.open(store, create=False), Path(spec))
        case _:
            sys.exit(__doc__)
    if told > BUDGET:
        sys.exit(f"over the budget of {BUDGET} s")


def filled_and_asked() -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder, "store"))
        tracker = Tracker(store, default_uri(store), reporter)
        assert not tracker.unsent(), "all of it is known"
        told = shown(f"is anything of {RUNS:,} runs unsent", tracker.unsent, 9)
        look(store, "small")
    return told


def made_and_asked(replicates: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        spec, path = Path(folder, "small.toml"), Path(folder, "store")
        spec.write_text(small(replicates))
        command = (LMCSPEC, "run", str(spec), "--store", str(path))
        first = run(*command)
        print(
            f"{51 * replicates:,} tasks made and tracked: {first.seconds:.1f} s, {first.processor:.1f} s of processor"
        )
        ways = ("", "--trust-store", "--no-tracking")
        for way, costs in zip(ways, in_turn([(*command, *filter(None, [way])) for way in ways], 5), strict=True):
            seconds = [cost.seconds for cost in costs]
            processor = median(cost.processor for cost in costs)
            print(
                f"rerun {way or 'checked and tracked'}: {min(seconds):.2f} to {max(seconds):.2f} s, "
                f"median {median(seconds):.2f} s, of processor {processor:.2f} s (n = {len(costs)})"
            )
        return asked(Store.open(path, create=False), spec)


def asked(store: Store, spec: Path) -> float:
    tracker = Tracker(store, default_uri(store), reporter)
    plan = read_study(spec, [], store).plan
    assert not tracker.unsent(plan), "run it first"
    told = shown("is anything of the plan unsent", lambda: tracker.unsent(plan), 9)
    look(store, plan.study)
    return told


def look(store: Store, study: str) -> None:
    shown("of which the look into the database", lambda: glance(own_database(store), store, study), 9)
    server = Server(default_uri(store), store)
    shown("asking MLflow what it has", lambda: server.held(study), 5)


def shown(what: str, act: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    low, middle, high = (1000 * one for one in (min(seconds), median(seconds), max(seconds)))
    print(f"{what}: {low:.1f} to {high:.1f} ms, median {middle:.1f} ms (n = {times})")
    return median(seconds)


def filled(path: Path) -> Store:
    """A store all of whose tasks are known to its database, by the tags and the ledger that tracking leaves."""
    store = Store.open(path)
    prepare(own_database(store), replaceable=True)
    subjects = {f"task/small/{number:064x}": f"{number:032x}" for number in range(RUNS)}
    with Ledger(ledger_path(store, default_uri(store))) as ledger:
        for subject, run in subjects.items():
            ledger.assign(subject, run)
        ledger.write("mark/small", "now")
    database = connected(own_database(store))
    database.execute("BEGIN")
    database.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, workspace) "
        "VALUES (7, 'small', 'file:///nowhere', 'active', 'default')"
    )
    database.execute("INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, 'now', 7)", (mark_of(store),))
    for number, (subject, run) in enumerate(subjects.items()):
        database.execute(
            "INSERT INTO runs (run_uuid, name, status, lifecycle_stage, experiment_id, start_time, source_type, "
            "user_id, artifact_uri) VALUES (?, ?, 'FINISHED', 'active', 7, ?, 'LOCAL', 'me', 'file:///nowhere')",
            (run, f"l{number} train", number),
        )
        tags = {SUBJECT: subject, OWNER: store.id, **{f"lmcspec.tag{n}": "a value" for n in range(12)}}
        database.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", [(*tag, run) for tag in tags.items()]
        )
    database.execute("COMMIT")
    database.close()
    return store


if __name__ == "__main__":
    main()
