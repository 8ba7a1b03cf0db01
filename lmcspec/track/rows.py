"""Whole runs as rows of the store's own database: one transaction for all that ended since the last one.

MLflow takes a run in ten statements and five transactions or more, one run at a time, and that takes longer than a
small task. Which rows come of it is its own affair. So it shows them: a run is told by its own means, and only where
what that made, in every table, is what would have been written here, the next ones of the kind are written here. Where
it is not, all runs are told by its means, as those of any other server.
"""

import contextlib
import math
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lmcspec.base.databases import UNREADABLE
from lmcspec.track.database import connected
from lmcspec.track.evidence import OWNER
from lmcspec.track.said import Point, WholeRun

FULL = 20_000
"""Points that wait to be written, at most."""

TAG, PARAM = 8000, 6000
"""Characters of a tag and of a param; more is cut off."""

LARGEST = 1.7976931348623157e308
"""What stands for infinity in a table."""

_UNFIT = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
"""What sqlite says of a value that it never takes."""

Rows = Mapping[str, list[dict[str, Any]]]
"""The rows of a run by table."""


def rows_of(identifier: str, run: WholeRun, home: str, owner: str) -> Rows:
    """What MLflow makes of a run that it is told whole, with artifacts in `home`, of the store called `owner`."""
    metrics = {_metric(point): None for point in run.points}
    latest: dict[str, tuple] = {}
    for metric in metrics:
        if metric[0] not in latest or metric[1:4] > latest[metric[0]][1:4]:
            latest[metric[0]] = metric
    tags = {**run.tags, OWNER: owner, "mlflow.runName": run.name}
    mine = {"run_uuid": identifier}
    return {
        "runs": [
            {
                **mine,
                "name": run.name,
                "source_type": "UNKNOWN",
                "source_name": "",
                "entry_point_name": "",
                "user_id": run.tags.get("mlflow.user", "unknown"),
                "status": run.status,
                "start_time": int(run.started * 1000),
                "end_time": int(run.ended * 1000),
                "deleted_time": None,
                "source_version": "",
                "lifecycle_stage": "active",
                "artifact_uri": f"{home}/{identifier}/artifacts",
                "experiment_id": int(run.experiment),
            }
        ],
        "tags": [{"key": name, "value": value[:TAG], **mine} for name, value in tags.items()],
        "params": [{"key": name, "value": str(value)[:PARAM], **mine} for name, value in run.params.items()],
        "metrics": [_row(metric) | mine for metric in metrics],
        "latest_metrics": [_row(metric) | mine for metric in latest.values()],
    }


def _metric(point: Point) -> tuple[str, int, int, float, bool]:
    """(key, step, timestamp, value, whether it is none): of these the largest is the latest."""
    value = float(point.value)
    if math.isnan(value):
        return point.metric, point.step, point.milliseconds, 0.0, True
    # Of the two zeros sqlite knows one.
    return point.metric, point.step, point.milliseconds, max(-LARGEST, min(LARGEST, value)) + 0.0, False


def _row(metric: tuple[str, int, int, float, bool]) -> dict[str, Any]:
    key, step, timestamp, value, is_none = metric
    return {"key": key, "step": step, "timestamp": timestamp, "value": value, "is_nan": int(is_none)}


def features(run: WholeRun) -> frozenset[str]:
    """What there is about a run that MLflow has to show first."""
    keys = [point.metric for point in run.points]
    told = {
        "run": True,
        "params": bool(run.params),
        "points": bool(keys),
        "steps": len(set(keys)) < len(keys),
        "none": any(math.isnan(point.value) for point in run.points),
        "infinite": any(math.isinf(point.value) for point in run.points),
        f"{run.status} in {run.experiment}": True,
    }
    return frozenset(name for name, there in told.items() if there)


class WholeRuns:
    """The runs that wait to be written into a database, and what MLflow has shown of the rows that it makes."""

    def __init__(self, database: Path, owner: str, refuse: Callable[[str, str], None]) -> None:
        """`refuse` is told of each run that the database does not take, and why."""
        self._database, self._owner, self._refuse = database, owner, refuse
        self._shown: frozenset[str] = frozenset()
        self._differs = False
        self._waiting: dict[str, WholeRun] = {}

    def take(self, run: WholeRun) -> str | None:
        """Have a run wait to be written; its id. None where MLflow has to be told, and `learn` after it."""
        if self._differs or not features(run) <= self._shown:
            return None
        identifier = uuid.uuid4().hex
        self._waiting[identifier] = run
        return identifier

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether those that wait should be written before more come."""
        return sum(len(run.points) for run in self._waiting.values()) > FULL

    def learn(self, identifier: str, run: WholeRun) -> None:
        """Look at what MLflow made of a run that it was told whole."""
        if self._differs:
            return
        self._differs = True
        with contextlib.suppress(*UNREADABLE), contextlib.closing(connected(self._database)) as connection:
            connection.row_factory = sqlite3.Row
            stage, home = _experiment(connection, run.experiment)
            made = _found(connection, identifier)
            rows = rows_of(identifier, run, home, self._owner)
            wanted = {name: of_table for name, of_table in rows.items() if of_table}
            if stage == "active" and not _steered(connection, rows) and _sorted(made) == _sorted(wanted):
                self._differs = False
                self._shown |= features(run)

    def write(self, connection: sqlite3.Connection) -> bool:
        """Write all that wait, in one transaction; whether there were any. If that fails, they are not there."""
        if not self._waiting:
            return False
        refused: dict[str, str] = {}
        connection.execute("BEGIN IMMEDIATE")
        try:
            homes: dict[str, tuple[str, str]] = {}
            for identifier, run in self._waiting.items():
                if run.experiment not in homes:
                    homes[run.experiment] = _experiment(connection, run.experiment)
                stage, home = homes[run.experiment]
                if stage != "active":
                    refused[identifier] = f"the experiment {run.experiment} is not active in MLflow"
                    continue
                connection.execute("SAVEPOINT of_run")
                try:
                    for table, rows in rows_of(identifier, run, home, self._owner).items():
                        _insert(connection, table, rows)
                except _UNFIT as error:
                    refused[identifier] = f"MLflow's database does not take it: {error}"
                    connection.execute("ROLLBACK TO of_run")
                connection.execute("RELEASE of_run")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._waiting.clear()
        for identifier, why in refused.items():
            self._refuse(identifier, why)
        return True


def _insert(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = list(rows[0])
        places = ", ".join("?" * len(columns))
        values = [tuple(row.values()) for row in rows]
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", values)


def _experiment(connection: sqlite3.Connection, experiment: str) -> tuple[str, str]:
    """(stage, where its artifacts lie) of an experiment; nothing of one that is not there."""
    row = connection.execute(
        "SELECT lifecycle_stage, artifact_location FROM experiments WHERE experiment_id = ?", (int(experiment),)
    ).fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")


def _found(connection: sqlite3.Connection, identifier: str) -> Rows:
    """All rows, of all tables, in which a run is named in a column that says so."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        spelled = _spelled(table)
        columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({spelled})")]
        naming = [_spelled(name) for name in columns if "run" in name and not name.startswith("run_name")]
        if naming:
            where = " OR ".join(f"{name} = ?" for name in naming)
            rows = connection.execute(f"SELECT * FROM {spelled} WHERE {where}", (identifier,) * len(naming)).fetchall()
            if rows:
                by_table[table] = [dict(row) for row in rows]
    return by_table


def _spelled(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _steered(connection: sqlite3.Connection, tables: Iterable[str]) -> bool:
    """Whether a row that is written into these tables makes others."""
    triggers = connection.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return any(row[0] in tables for row in triggers)


def _sorted(rows: Rows) -> dict[str, list[list[tuple[str, str]]]]:
    """Rows so that equal ones are equal, in whatever order they come, a value and its type."""
    return {table: sorted(_spelled_out(of_table)) for table, of_table in rows.items()}


def _spelled_out(rows: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    return [sorted((name, repr(value)) for name, value in row.items()) for row in rows]
