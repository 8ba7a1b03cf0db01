"""What telling MLflow costs: processor, wall time, transactions and syncs for each task, beside a plain MLflow client.

    uv run python benchmarks/tracking.py [--replicates 6] [--rounds 3] [--syncs] [--store STORE]

Runs N replicates of 51 small tasks without tracking, then tells copies of that store, in turn: as `lmcspec sync` does;
the same with each run told by MLflow (`plain`); and the same numbers by a loop that calls MLflow's client one by one
(`naive`): create_run, log_param for each param, set_tag for each tag, log_metric for each point, set_terminated. A way
is a process of its own on a database whose tables are there; what is counted comes after MLflow is loaded. Ratios are
of medians. --syncs counts waits for the disk and pages written with strace, in runs of their own.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from startup import LMCSPEC, run, small

WAYS = ("lmcspec", "plain", "naive")


def tell(way: str, folder: str) -> None:
    """Tell the store in this folder, and print what that took."""
    from lmcspec.report import tracked
    from lmcspec.store import Store
    from lmcspec.track import Tracker, default_uri
    from lmcspec.track.rows import WholeRuns
    from lmcspec.track.server import Server

    store = Store.open(folder, create=False)
    # Loads MLflow and makes its connections.
    Server(default_uri(store), store).held("small")
    if way == "plain":
        WholeRuns.take = lambda self, run: None
    tasks = len(finished(store))
    act: Callable[[], object] = Tracker(store, default_uri(store), tracked).sync
    if way == "naive":
        act = naive(store, default_uri(store))
    begun, used = time.perf_counter(), processor()
    print("BEGIN", flush=True)
    act()
    print("END", flush=True)
    print(json.dumps({"tasks": tasks, "wall": time.perf_counter() - begun, "processor": processor() - used}))


def finished(store) -> list:
    """The tasks that runs of the store have finished, each study's once: of these there are runs in MLflow."""
    from lmcspec.plan.document import recorded
    from lmcspec.store import invocations

    tasks = {}
    for invocation in invocations(store):
        plan = recorded(invocation.plan)
        for _, event in invocation.events():
            if event["event"] == "finished" and not event["reused"] and event["task"] in plan.tasks:
                tasks[plan.study, event["task"]] = plan.tasks[event["task"]]
    return list(tasks.values())


def naive(store, uri: str) -> Callable[[], None]:
    """The loop that a script would have, with the numbers of each task at hand: only MLflow's part is timed."""
    from mlflow import MlflowClient

    from lmcspec.track import described
    from lmcspec.track.curves import grown
    from lmcspec.track.ledger import Ledger

    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("naive")
    told = []
    with tempfile.TemporaryDirectory() as place, Ledger(Path(place, "none.sqlite")) as none:
        for task in finished(store):
            if (stored := store.find(task.id)) is not None:
                curves = [point for piece in grown(task.id, stored, store, none) for point in piece.points]
                points = [*curves, *described.points(stored)]
                tags = described.tags(task) | described.outcome_tags(stored)
                told.append((task.label, described.params(task), tags, points))

    def act() -> None:
        for label, params, tags, points in told:
            made = client.create_run(experiment, run_name=label).info.run_id
            for name, value in params.items():
                client.log_param(made, name, value)
            for name, value in tags.items():
                client.set_tag(made, name, value)
            for point in points:
                client.log_metric(made, point.metric, point.value, point.milliseconds, point.step)
            client.set_terminated(made)

    return act


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def child(way: str, store: Path, *before: str) -> str:
    command = [*before, sys.executable, __file__, "--tell", way, str(store)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return done.stdout


def measured(way: str, made: Path, place: Path) -> dict[str, float]:
    """Milliseconds for each task of telling a copy of a store."""
    copy = shutil.copytree(made, place / "copy")
    found = json.loads(child(way, copy).splitlines()[-1])
    shutil.rmtree(copy)
    return {name: 1000 * found[name] / found["tasks"] for name in ("wall", "processor")} | {"tasks": found["tasks"]}


def counted(way: str, made: Path, place: Path) -> dict[str, float]:
    """Of each task: times that a file was synced, and writes to the database's log, between BEGIN and END."""
    copy, trace = shutil.copytree(made, place / "copy"), place / "trace"
    calls = "trace=fsync,fdatasync,write,pwrite64"
    child(way, copy, "strace", "-f", "-y", "-e", calls, "-o", str(trace))
    text = trace.read_text(errors="replace")
    text = text[text.index('"BEGIN') : text.index('"END')]
    tasks = len(list((copy / "objects").glob("*/*")))
    shutil.rmtree(copy)
    syncs = re.findall(r"(?:fsync|fdatasync)\(\d+<([^>]*)>", text)
    pages = re.findall(r"pwrite64\(\d+<[^>]*mlflow\.db-wal>.*, 4096, ", text)
    return {
        "syncs": len(syncs) / tasks,
        "of which the database's": sum("mlflow.db" in file for file in syncs) / tasks,
        "pages written to its log": len(pages) / tasks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", type=Path, help="one in which something has run untracked, in place of small tasks")
    parser.add_argument("--syncs", action="store_true")
    parser.add_argument("--tell", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tell:
        tell(*given.tell)
        return
    with tempfile.TemporaryDirectory() as folder:
        place, spec = Path(folder), Path(folder, "small.toml")
        made = place / "made"
        if given.store:
            shutil.copytree(given.store, made)
        else:
            spec.write_text(small(given.replicates))
            run(LMCSPEC, "run", str(spec), "--store", str(made), "--no-tracking")
        # With tables, and nothing told.
        from lmcspec.store import Store
        from lmcspec.track.database import prepare
        from lmcspec.track.where import own_database

        prepare(own_database(Store.open(made, create=False)), replaceable=True)
        if given.syncs:
            for way in WAYS:
                print(way, {name: round(value, 2) for name, value in counted(way, made, place).items()})
            return
        found = [{way: measured(way, made, place) for way in WAYS} for _ in range(given.rounds)]
    for what in ("processor", "wall"):
        middle = {way: median(one[way][what] for one in found) for way in WAYS}
        for way in WAYS:
            of_way = [one[way][what] for one in found]
            print(
                f"{what} a task, {way}: {min(of_way):.2f} to {max(of_way):.2f} ms, median {middle[way]:.2f} ms, "
                f"{middle[way] / middle['naive']:.3f} x of naive (n = {len(found)}, {found[0][way]['tasks']:.0f} tasks)"
            )


if __name__ == "__main__":
    main()
