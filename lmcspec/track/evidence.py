"""What a server has of a store, whatever a ledger believes: its runs, and a mark of the last time that it was told.

The mark is a tag of the experiment with a new value at the beginning and at the end of each telling. A database that
was deleted, or put back from yesterday's copy, has another one than the ledger, so that nothing in the ledger holds.
"""

import contextlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmcspec.base.databases import UNREADABLE
from lmcspec.store import Store
from lmcspec.track.database import connected

SUBJECT = "lmcspec.role"
"""The tag with what a run stands for, `series/…`, `task/…` or `invocation/…`, so that none is ever made twice."""

OWNER = "lmcspec.store"
"""The tag with the id of the store that a run is of."""

CURRENT = "lmcspec.current"

TWICE = "twice/"
"""How the subject of a run begins that was made twice and is about to be deleted."""


@dataclass(frozen=True, slots=True)
class ServerRun:
    """A run that a server has."""

    run: str
    deleted: bool
    """Whether a person deleted it: MLflow keeps it, and shows it to those who ask for what was deleted."""
    current: str
    """Whether the run of a series is the latest of its kind, "true" or "false"."""
    blank: bool = False
    """Whether it goes on and holds neither metrics nor params, as one that was made and never told anything."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a server has of a store in the experiment of a study."""

    experiment: str
    deleted: bool
    mark: str
    runs: Mapping[str, ServerRun]
    """The runs by subject."""
    surplus: tuple[str, ...] = ()
    """Runs that stand for what another one stands for, and were told nothing: the server made them and said nothing."""


def mark_of(store: Store) -> str:
    """The tag of an experiment that says when it was last told about this store."""
    return f"lmcspec.told.{store.id}"


def by_subject(runs: Iterable[tuple[str, ServerRun]], known: Container[str] = ()) -> dict[str, ServerRun]:
    """A run for each subject, from runs given latest first: one that nobody has deleted.

    Of these one that is `known`, else one that was told something, else the oldest.
    """

    def rank(run: ServerRun) -> tuple[bool, bool, bool]:
        return run.deleted, run.run not in known, run.blank

    chosen: dict[str, ServerRun] = {}
    for subject, run in runs:
        if subject.startswith(TWICE):
            continue
        if subject not in chosen or rank(run) <= rank(chosen[subject]):
            chosen[subject] = run
    return chosen


def surplus(runs: Iterable[tuple[str, ServerRun]], chosen: Mapping[str, ServerRun]) -> tuple[str, ...]:
    """The runs, of those of which some were `chosen`, that were made and never told anything."""
    return tuple(run.run for subject, run in runs if run.blank and not run.deleted and chosen.get(subject) != run)


def glance(database: Path, store: Store, study: str, known: Container[str] = ()) -> Evidence | None:
    """What MLflow's database has, read without MLflow; None where there is nothing of the study, or no telling.

    Of several runs that stand for the same, one that is `known` counts.
    """
    if not database.is_file() or database.is_symlink():
        return None
    # Whatever is not as it was with the versions that are known is found out by MLflow itself.
    with contextlib.suppress(*UNREADABLE), contextlib.closing(connected(database)) as connection:
        connection.execute("PRAGMA query_only = ON")
        row = connection.execute(
            "SELECT experiment_id, lifecycle_stage FROM experiments WHERE name = ?", (study,)
        ).fetchone()
        if row is None:
            return None
        mark = connection.execute(
            "SELECT value FROM experiment_tags WHERE experiment_id = ? AND key = ?", (row[0], mark_of(store))
        ).fetchone()
        runs = [
            (subject, ServerRun(run, stage != "active", current or "", bool(blank)))
            for subject, run, stage, current, blank in connection.execute(_RUNS, (store.id, row[0]))
        ]
        chosen = by_subject(runs, known)
        return Evidence(str(row[0]), row[1] != "active", mark[0] if mark else "", chosen, surplus(runs, chosen))
    return None


_RUNS = f"""
SELECT subject.value, runs.run_uuid, runs.lifecycle_stage, current.value, runs.status = 'RUNNING'
AND NOT EXISTS (SELECT 1 FROM latest_metrics WHERE latest_metrics.run_uuid = runs.run_uuid)
AND NOT EXISTS (SELECT 1 FROM params WHERE params.run_uuid = runs.run_uuid)
FROM tags AS owner
JOIN runs ON runs.run_uuid = owner.run_uuid
JOIN tags AS subject ON subject.run_uuid = runs.run_uuid AND subject.key = '{SUBJECT}'
LEFT JOIN tags AS current ON current.run_uuid = runs.run_uuid AND current.key = '{CURRENT}'
WHERE owner.key = '{OWNER}' AND owner.value = ? AND runs.experiment_id = ?
AND typeof(subject.value) = 'text' AND typeof(runs.run_uuid) = 'text'
ORDER BY runs.start_time DESC, runs.run_uuid DESC
"""
