"""What a tracking server has been told about a store. A cache: where it is lost, everything can be sent again.

What is noted stands in a transaction until `commit`, which first has the server's side of it on disk: a power failure
may take what was noted last, and never leaves a note of what the server has lost.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from lmcspec.base import beneath
from lmcspec.base.databases import UNREADABLE, is_damage, refuse_strange

_TABLES = """
BEGIN;
CREATE TABLE IF NOT EXISTS runs (role TEXT PRIMARY KEY, run TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS points (run TEXT, metric TEXT, step INTEGER, value REAL, PRIMARY KEY (run, metric, step));
CREATE TABLE IF NOT EXISTS offsets (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
COMMIT;
"""
"""In one transaction, for each waits for the disk four times."""

_STRANGE = (
    "SELECT 1 FROM runs WHERE typeof(role) != 'text' OR typeof(run) != 'text' LIMIT 1",
    "SELECT 1 FROM points WHERE typeof(run) != 'text' OR typeof(metric) != 'text' OR typeof(step) != 'integer' "
    "OR typeof(value) NOT IN ('real', 'integer', 'null') LIMIT 1",
    "SELECT 1 FROM offsets WHERE typeof(name) != 'text' OR typeof(bytes) != 'integer' OR bytes < 0 LIMIT 1",
    "SELECT 1 FROM notes WHERE typeof(name) != 'text' OR typeof(value) != 'text' "
    "OR (name LIKE 'generation/%' AND (value GLOB '*[^0-9]*' OR length(value) NOT BETWEEN 1 AND 9)) LIMIT 1",
)
"""Rows that a sound one gives none of."""


_OF_STUDIES = ("view", "note", "about", "report")
"""Notes of what an experiment was told of itself."""

EXPERIMENT = "experiment/"
"""What notes of the ids of studies' experiments begin with: links to their runs take both."""

SELDOM = 1.0
"""Seconds from one commit to the next while much is told."""


class Ledger:
    """The ledger in this file; made if there is none. Use it in a `with`, whose end commits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._first: Callable[[], None] = lambda: None
        self._committed = time.monotonic()
        try:
            self._open()
        except UNREADABLE as error:
            if not is_damage(error):
                raise
            # Damaged: what is in it can be found out again.
            for suffix in ("", "-wal", "-shm", "-journal"):
                beneath.remove(path.parent, path.with_name(f"{path.name}{suffix}"))
            self._open()

    def _open(self) -> None:
        self._database = sqlite3.connect(self.path, timeout=20, isolation_level=None, check_same_thread=False)
        try:
            refuse_strange(self._database)
            self._database.executescript(_TABLES)
            # sqlite puts anything into any column, and lets others have other tables of these names.
            for definitions in map(self._database.execute, _STRANGE):
                if definitions.fetchone():
                    raise sqlite3.DatabaseError("it holds what no ledger does")
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self._database.close()

    @contextlib.contextmanager
    def committing(self, first: Callable[[], None]) -> Iterator[None]:
        """Commit what the block notes, in whatever way it ends, and before each commit do what comes `first`."""
        self._first = first
        try:
            yield
        except Exception:
            # Why telling stopped says more than that the rest could not be noted, which is told again.
            with contextlib.suppress(Exception):
                self.commit()
            raise
        self.commit()

    def commit(self) -> None:
        """Have what was noted on disk, and first what the server was told. If that fails, none of it was noted."""
        if self._database.in_transaction:
            try:
                self._first()
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        self._committed = time.monotonic()

    def commit_seldom(self) -> None:
        """Commit if the last one was a while ago."""
        if time.monotonic() - self._committed > SELDOM:
            self.commit()

    def run(self, subject: str) -> str | None:
        """The id of the run that stands for this subject."""
        return self._value("SELECT run FROM runs WHERE role = ?", subject)

    def runs(self, prefix: str) -> dict[str, str]:
        """Subject -> id of the run, of all subjects that begin like this."""
        rows = self._database.execute("SELECT role, run FROM runs WHERE substr(role, 1, ?) = ?", (len(prefix), prefix))
        return dict(rows.fetchall())

    def assign(self, subject: str, run: str) -> None:
        """Note that this run stands for this subject."""
        self._change("INSERT OR REPLACE INTO runs VALUES (?, ?)", (subject, run))

    def points(self, run: str) -> dict[tuple[str, int], float]:
        """(metric, step) -> value that a run has."""
        rows = self._database.execute("SELECT metric, step, value FROM points WHERE run = ?", (run,))
        return {(metric, step): float("nan") if value is None else value for metric, step, value in rows}

    def add_points(self, run: str, points: Mapping[tuple[str, int], float]) -> None:
        """Note that a run has these points."""
        rows = [(run, metric, step, value) for (metric, step), value in points.items()]
        for row in rows:
            self._change("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)", row)

    def offset(self, name: str) -> int:
        """How many bytes of a file have been sent."""
        return self._value("SELECT bytes FROM offsets WHERE name = ?", name) or 0

    def move(self, name: str, offset: int) -> None:
        """Note how many bytes of a file have been sent."""
        self._change("INSERT OR REPLACE INTO offsets VALUES (?, ?)", (name, offset))

    def move_all(self, offsets: Mapping[str, int]) -> None:
        """Note the same of several files."""
        for name, offset in offsets.items():
            self.move(name, offset)

    def note(self, name: str) -> str:
        """The text that was noted under a name; empty where none was."""
        return self._value("SELECT value FROM notes WHERE name = ?", name) or ""

    def write(self, name: str, value: str) -> None:
        """Note a text under a name."""
        self._change("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def notes(self, prefix: str) -> dict[str, str]:
        """Name -> what was noted, of all names that begin like this."""
        rows = self._database.execute(
            "SELECT name, value FROM notes WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
        )
        return dict(rows.fetchall())

    def erase(self, name: str) -> None:
        """Forget the text under a name."""
        self._change("DELETE FROM notes WHERE name = ?", (name,))

    def known(self, study: str, invocations: Iterable[str]) -> dict[str, str]:
        """Subject -> id of all runs of a study: its series, its tasks, and these invocations."""
        of_study = self.runs(f"series/{study}/") | self.runs(f"task/{study}/")
        of_invocations = ((subject, self.run(subject)) for subject in map("invocation/{}".format, invocations))
        return of_study | {subject: run for subject, run in of_invocations if run is not None}

    def forget(self, study: str, invocations: Collection[str]) -> None:
        """Forget what was believed about a study and these invocations, which are all of it."""
        known = self.known(study, invocations)
        tasks = {subject.rpartition("/")[2] for subject in known if subject.startswith("task/")}
        # In one transaction as all changes are: half of it would be a ledger that is wrong.
        for subject, run in known.items():
            self._change("DELETE FROM runs WHERE role = ?", (subject,))
            self._change("DELETE FROM points WHERE run = ?", (run,))
            for note in ("described", "current", "status", "colour"):
                self.erase(f"{note}/{run}")
        for task in tasks:
            # By the key's order, of which "0" is what comes after "/": else all offsets are looked at for each task.
            self._change("DELETE FROM offsets WHERE name >= ? AND name < ?", (f"metrics/{task}/", f"metrics/{task}0"))
        for invocation in invocations:
            self._change("DELETE FROM offsets WHERE name = ?", (f"journal/{invocation}",))
            self.erase(f"invocation/{invocation}")
        for name in (*self.notes(f"generation/series/{study}/"), *(f"{note}/{study}" for note in _OF_STUDIES)):
            self.erase(name)

    def _value(self, query: str, argument: str):
        row = self._database.execute(query, (argument,)).fetchone()
        return row[0] if row else None

    def _change(self, statement: str, arguments: tuple) -> None:
        if not self._database.in_transaction:
            self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute(statement, arguments)
        except sqlite3.Error:
            # What led up to it may be half of something.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
