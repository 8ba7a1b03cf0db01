"""Which run of MLflow did a task: read from the ledger alone, without MLflow and without writing anything."""

import contextlib
import sqlite3

from lmcspec.base.databases import UNREADABLE, refuse_strange
from lmcspec.plan import Plan
from lmcspec.store import Store
from lmcspec.track import uris, view
from lmcspec.track.ledger import EXPERIMENT
from lmcspec.track.where import ledger_path, shown


def task_runs(plan: Plan, store: Store, uri: str) -> dict[str, str]:
    """Task -> id of its run on that server. Tasks that no run is known of are left out: all where there is no ledger.

    A task that another study ran first has its run there. What a longer training commits in passing is in that
    training's run.
    """
    return {task: run for task, (_, run) in _known(plan, store, uri).items()}


def task_links(plan: Plan, store: Store, uri: str) -> dict[str, str]:
    """Task -> the page of its run on a server. A database has no pages, an old ledger no experiments."""
    if not uri.startswith(("http://", "https://")):
        return {}
    server = shown(uri).rstrip("/")
    experiments = dict(_rows(store, uri, _EXPERIMENTS))
    return {
        task: f"{server}/{view.page_of(experiments[study], run)}"
        for task, (study, run) in _known(plan, store, uri).items()
        if study in experiments
    }


def runs_of(task: str, store: Store, uri: str, passed_by: str = "") -> dict[str, str]:
    """Study -> id of the run that did a task for it on that server, or of the training that committed it in passing."""
    runs = {}
    for subject, run in _subjects(store, uri):
        study, _, task_of_subject = subject.removeprefix("task/").rpartition("/")
        if task_of_subject in (task, passed_by):
            runs.setdefault(study, run)
    return runs


_TASKS = """
SELECT role, run FROM runs WHERE typeof(role) = 'text' AND typeof(run) = 'text' AND substr(role, 1, 5) = 'task/'
"""


_EXPERIMENTS = f"""
SELECT substr(name, {len(EXPERIMENT) + 1}), value FROM notes
WHERE typeof(name) = 'text' AND typeof(value) = 'text' AND substr(name, 1, {len(EXPERIMENT)}) = '{EXPERIMENT}'
"""


def _known(plan: Plan, store: Store, uri: str) -> dict[str, tuple[str, str]]:
    """Task -> (study, run) of a plan's tasks: its own study's run where there is one."""
    ours, others = {}, {}
    for subject, run in _subjects(store, uri):
        study, _, task = subject.removeprefix("task/").rpartition("/")
        (ours if study == plan.study else others)[task] = study, run
    known = others | ours
    passing = {task: known[host] for task, host in plan.byproducts.items() if host in known}
    return {task: run for task, run in (passing | known).items() if task in plan.tasks}


def _subjects(store: Store, uri: str) -> list[tuple[str, str]]:
    """(subject, run) of all runs of tasks."""
    return _rows(store, uri, _TASKS)


def _rows(store: Store, uri: str, query: str) -> list[tuple[str, str]]:
    """What the ledger answers. One that can't be read is as good as none: it is a cache."""
    path = ledger_path(store, uri)
    if not path.is_file():
        return []
    with contextlib.suppress(*UNREADABLE):
        database = sqlite3.connect(uris.opened(path, "ro"), uri=True, timeout=2)
        with contextlib.closing(database):
            refuse_strange(database)
            return database.execute(query).fetchall()
    return []
