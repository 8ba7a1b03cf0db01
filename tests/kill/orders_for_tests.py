"""All tasks of a study in one process, in two orders, and of each kind one alone: ORDERS STUDY FOLDER.

Each process is forked from this one, which has torch loaded and has run nothing, as a worker is.
"""

import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable
from graphlib import TopologicalSorter
from pathlib import Path

from lmcspec.engine import pristine
from lmcspec.engine.context import Workplace
from lmcspec.engine.execute import job_of
from lmcspec.engine.logs import DescriptorLog
from lmcspec.engine.preload import preload
from lmcspec.engine.work import execute
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store


def main(study: Path, folder: Path) -> None:
    store = Store.open(folder / "forwards")
    job = job_of(outlook(compile_study(load(study, [])), store))
    made_by = {made: task.id for task in job.tasks.values() for made in (task.id, *task.byproducts)}
    needs = {task.id: {made_by[need] for need in task.needs} for task in job.tasks.values()}
    preload()
    in_a_process(lambda: work(store, job, ordered(needs, 1)))
    other = Store.open(folder / "backwards")
    in_a_process(lambda: work(other, job, ordered(needs, -1)))
    # The last of its kind, and so one that has all the inputs that its kind can have.
    last = {job.tasks[task].kind: task for task in ordered(needs, 1)}
    for kind, task in last.items():
        alone = Store.open(folder / kind)
        for need in job.tasks[task].needs:
            place = Path("objects", need[:2], need)
            shutil.copytree(store.root / place, alone.root / place)
        in_a_process(lambda alone=alone, task=task: work(alone, job, [task]))
    json.dump(last, sys.stdout)


def ordered(needs: dict[str, set[str]], direction: int) -> Iterable[str]:
    """Every task after what it needs; among those that are free the ones with the least, or greatest, id first."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        task = ready.pop(0 if direction > 0 else -1)
        yield task
        sorter.done(task)


def work(store: Store, job, tasks: Iterable[str]) -> None:
    """What a worker does."""
    pristine.first()
    clean = pristine.Pristine.here()
    place = Workplace(device="cpu", send=lambda message: None, stopping=lambda: False, open_log=DescriptorLog)
    for task in tasks:
        report = execute(store, task, job.payload(task), place)
        clean.restore()
        if report.status != "done":
            raise RuntimeError(f"{task} ended {report.status}: {report.failure}")


def in_a_process(act: Callable[[], None]) -> None:
    pid = os.fork()
    if not pid:
        try:
            act()
            os._exit(0)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        sys.exit("a process failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
