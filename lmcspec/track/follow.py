"""Following one invocation: its own run, a run for each task that it executes, and the points of its series."""

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lmcspec.base.ids import short
from lmcspec.store import Invocation, Store, layout, lines
from lmcspec.track import names
from lmcspec.track.series import PARENT, SeriesRuns
from lmcspec.track.server import ROLE, Point, RefusedError
from lmcspec.track.wanted import Memory, Rows, SeriesRun

_log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks at the numbers of all series while tasks are running."""


class Follower:
    """Where the sending of one invocation stands."""

    def __init__(self, invocation: Invocation, series: SeriesRuns, store: Store, memory: Memory, rows: Rows) -> None:
        self._invocation, self._series, self._store, self._memory, self._rows = invocation, series, store, memory, rows
        self._server, self._ledger, self._plan = series.server, series.ledger, series.plan
        self._journal = f"journal/{invocation.id}"
        self._running: dict[str, str] = {}
        """Task -> run."""
        self._begun = False
        self._ended: dict[str, Any] | None = None
        self._dirty, self._looked = True, 0.0

    def step(self, finish: bool = False) -> bool:
        """Send what has come since the last step; True once nothing more will come."""
        if not self._begun:
            self._begin()
        # Asked first: what is written after a process has gone is nothing.
        gone = self._invocation.is_over()
        for offset, event in self._invocation.events(self._ledger.offset(self._journal)):
            with _unless_refused(event.get("task", "")):
                self._take_in(event)
            self._ledger.move(self._journal, offset)
        for task, run in self._running.items():
            with _unless_refused(task):
                self._curves(task, run)
        over = self._ended is not None or gone
        if self._dirty and (over or finish or time.monotonic() - self._looked > EVERY):
            self._points(last=over)
        if over:
            self._end()
        return over

    # ------------------------------------------------------------ the invocation

    def _begin(self) -> None:
        role = f"invocation/{self._invocation.id}"
        self._run = self._ledger.run(role) or self._create(role)
        self._describe()
        self._series.cast(self._run, self._invocation.started)
        self._recover()
        if self._ended is None and not self._invocation.is_over():
            self._series.begin()
        self._begun = True

    def _create(self, role: str) -> str:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._invocation.started))
        tags = {ROLE: role, "lmcspec.kind": "invocation", "lmcspec.study": self._plan.study}
        run = self._server.create(self._series.experiment, f"run {moment}", self._invocation.started, tags)
        self._ledger.cast(role, run)
        return run

    def _describe(self) -> None:
        described = f"described/{self._run}"
        if not self._ledger.note(described):
            for name in ("plan.json", "spec.json"):
                if (path := self._invocation.path / name).exists():
                    self._server.file(self._run, path)
            self._ledger.write(described, "yes")

    def _recover(self) -> None:
        """Tasks that an earlier process of ours has seen begin and not end."""
        begun: dict[str, None] = {}
        offset = self._ledger.offset(self._journal)
        for after, event in self._invocation.events():
            if after > offset:
                break
            if event["event"] == "started":
                begun[event["task"]] = None
            elif "task" in event and event["event"] != "retried":
                begun.pop(event["task"], None)
            elif event["event"] == "run ended":
                self._ended = event
        for task in begun:
            if run := self._ledger.run(self._role(task)):
                self._running[task] = run

    def _end(self) -> None:
        """The invocation is over, or its process is gone: so are its tasks."""
        now = time.time()
        for task, run in self._running.items():
            with _unless_refused(task):
                if self._memory.find(task) is not None:
                    self._finished(task, run, now)
                else:
                    self._server.end(run, "KILLED", now)
        self._running.clear()
        if self._ended is None:
            status, at = "KILLED", now
        else:
            status = "FAILED" if self._ended["failed"] else "KILLED" if self._ended["interrupted"] else "FINISHED"
            at = self._ended["at"]
            counts = {name: self._ended[name] for name in ("done", "failed", "skipped", "interrupted", "reused")}
            self._server.log(self._run, [Point(f"tasks/{name}", n, 0, at) for name, n in counts.items()])
        self._name_shared()
        self._server.end(self._run, status, at)
        self._series.end(at)

    def _points(self, last: bool) -> None:
        rows = self._rows(self._plan, self._memory)
        points = self._series.wanted.points(rows, self._memory)
        self._series.send(points, last=last)
        self._series.show(points)
        self._dirty, self._looked = False, time.monotonic()

    # ------------------------------------------------------------ tasks

    def _take_in(self, event: dict[str, Any]) -> None:
        if event["event"] == "run ended":
            self._ended = event
            return
        task = str(event.get("task", ""))
        if task not in self._plan.tasks:
            return
        run = self._ledger.run(self._role(task))
        match event["event"]:
            case "started":
                self._running[task] = run = self._start(task, run, event)
            case "finished" if not event["reused"] and run:
                self._running.pop(task, None)
                self._finished(task, run, event["at"])
                self._dirty = True
            case "finished":
                self._running.pop(task, None)
                self._dirty = True
                if run:
                    self._server.log(run, tags={"lmcspec.reused": "another driver's worker was faster"})
                    self._server.end(run, "FINISHED", event["at"])
            case "retried" if run:
                self._server.log(run, tags={"lmcspec.retried": f"{event['reason']}: {event['message']}"})
            case "failed" if run:
                self._running.pop(task, None)
                self._log(task, run, tags={"lmcspec.failure": f"{event['reason']}: {event['message']}"})
                if event["log"] and Path(event["log"]).is_file():
                    self._server.file(run, Path(event["log"]))
                self._server.end(run, "FAILED", event["at"])
            case "interrupted" if run:
                self._running.pop(task, None)
                self._server.end(run, "KILLED", event["at"])
            case _:
                pass

    def _role(self, task: str) -> str:
        return f"task/{self._plan.study}/{task}"

    def _start(self, task: str, run: str | None, event: dict[str, Any]) -> str:
        attempt = {"lmcspec.attempt": str(event["attempt"]), "lmcspec.invocation": self._invocation.id}
        if run is not None:
            self._server.resume(run)
            self._server.log(run, tags=attempt)
            return run
        planned = self._plan.tasks[task]
        owners = self._series.wanted.owners.get(task, ())
        tags = {
            ROLE: self._role(task),
            "lmcspec.kind": planned.kind,
            "lmcspec.task_id": task,
            "lmcspec.label": planned.label,
            "lmcspec.study": self._plan.study,
            **attempt,
        }
        name = names.task(planned.label, owners[0].name) if owners else planned.label
        if owners:
            tags |= {PARENT: self._series.run(owners[0]), "lmcspec.group": owners[0].group}
        run = self._server.create(self._series.experiment, name, event["at"], tags)
        self._ledger.cast(self._role(task), run)
        return run

    def _log(
        self, task: str, run: str, points: Sequence[Point] = (), tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Send metrics and tags of a task's run, and with the first of them its params: a request less."""
        described = f"described/{run}"
        params = {} if self._ledger.note(described) else _params(self._plan.tasks[task])
        self._server.log(run, points, params, tags)
        if params:
            self._ledger.write(described, "yes")

    def _name_shared(self) -> None:
        """A task that several series share is under the first; the others say where it is."""
        shared: dict[SeriesRun, dict[str, str]] = {}
        for task in self._plan.tasks:
            owners = self._series.wanted.owners.get(task, ())
            if len(owners) > 1 and (run := self._ledger.run(self._role(task))):
                for owner in owners[1:]:
                    shared.setdefault(owner, {})[self._plan.tasks[task].label] = run
        for owner, named in shared.items():
            self._server.log(self._series.run(owner), tags={"lmcspec.shared": json.dumps(named)})

    def _finished(self, task: str, run: str, at: float) -> None:
        stored = self._memory.find(task)
        if stored is None:
            return
        curves, offsets = self._grown(task)
        at = stored.record["committed"]
        points = [Point(f"final/{names.key(name)}", value, 0, at) for name, value in _numbers(stored.scalars).items()]
        seconds = stored.record.get("seconds")
        if seconds is not None:
            points.append(Point("final/seconds", seconds, 0, at))
        for policy, curve in stored.scalars.get("paths", {}).items():
            points += _path(policy, curve, at)
        numerics = stored.record.get("numerics", {})
        tags = {"lmcspec.outcome": stored.outcome, "lmcspec.host": str(stored.record.get("host", ""))}
        tags["lmcspec.device"] = str(numerics.get("device", ""))
        self._log(task, run, [*curves, *points], tags)
        for name, offset in offsets.items():
            self._ledger.move(name, offset)
        if stored.log.is_file() and stored.log.stat().st_size:
            self._server.file(run, stored.log)
        self._server.end(run, "FINISHED", at)

    def _curves(self, task: str, run: str) -> None:
        """Send the lines that a running task's metrics have grown by."""
        points, offsets = self._grown(task)
        if points:
            self._log(task, run, points)
        for name, offset in offsets.items():
            self._ledger.move(name, offset)

    def _grown(self, task: str) -> tuple[list[Point], dict[str, int]]:
        """The points that have not been sent, and up to where they reach in each attempt's file."""
        stored = self._memory.find(task)
        if stored is not None:
            files = {str(stored.record.get("attempt", "")): stored.metrics}
        else:
            folder = layout.attempts_folder(self._store.root, task)
            files = {name: folder / name / layout.METRICS for name in layout.listed(folder)}
        points: list[Point] = []
        offsets: dict[str, int] = {}
        for attempt, path in files.items():
            name = f"metrics/{task}/{attempt}"
            for after, line in lines(path, self._ledger.offset(name)):
                points.append(Point(names.key(line["name"]), line["value"], line["step"], line["at"]))
                offsets[name] = after
        return points, offsets


def _params(planned: Any) -> dict[str, Any]:
    """What a task's run is compared by: kind, place, and the settings that it has of its own."""
    found: dict[str, Any] = {"kind": planned.kind, "task": short(planned.id), **dict(planned.seeds)}
    for name in ("begin", "until", "start", "restore", "scope", "fraction"):
        value = getattr(planned.params, name, None)
        if value is not None:
            found[name] = value
    if (recipe := getattr(planned.params, "recipe", None)) is not None:
        optimiser = recipe.value["optimiser"]
        found |= {"recipe.lr": optimiser["lr"], "recipe.batch": recipe.value["batch"]}
    return found


def _numbers(scalars: dict[str, Any]) -> dict[str, float]:
    """Errors, losses, densities: what was measured. Counts, which are whole numbers, are not."""
    return {name: value for name, value in scalars.items() if isinstance(value, float)}


def _path(policy: str, curve: dict[str, Any], at: float) -> list[Point]:
    """A curve along a path: the step is the number of the point, from 0 at one end."""
    section = "path" if policy == "average" else f"path {policy}"
    points = [
        Point(names.key(f"{section}/{name}"), value, step, at)
        for name, values in curve.items()
        if isinstance(values, list)
        for step, value in enumerate(values)
        if isinstance(value, int | float)
    ]
    summary = curve.get("summary", {})
    return points + [
        Point(names.key(f"final/{name.replace('/', ' ')} {policy}"), value, 0, at)
        for name, value in summary.items()
        if isinstance(value, int | float)
    ]


@contextlib.contextmanager
def _unless_refused(task: str) -> Iterator[None]:
    """Somebody may have deleted the run of a task; the others go on."""
    try:
        yield
    except RefusedError as error:
        _log.warning("%s: %s", short(task), error)
