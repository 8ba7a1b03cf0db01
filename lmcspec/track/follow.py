"""Following one invocation: its own run, a run for each task that it executes, and the points of its series."""

import json
import time
from collections.abc import Iterable
from typing import Any

from lmcspec.base import beneath, clock
from lmcspec.store import Invocation, Store, layout
from lmcspec.track import described, notes
from lmcspec.track.about import by_invocation
from lmcspec.track.begun import SOON, Begun, unfinished
from lmcspec.track.evidence import SUBJECT
from lmcspec.track.executed import TaskRuns
from lmcspec.track.looks import CURVES_EVERY, Looks
from lmcspec.track.memory import Memory
from lmcspec.track.noted import NOTE
from lmcspec.track.reporter import REPORT, Reporter
from lmcspec.track.runs import task_runs
from lmcspec.track.said import Point
from lmcspec.track.series import SeriesRuns
from lmcspec.track.troubles import unless_refused, unless_unmade


class Follower:
    """Sends one invocation's journal to the server, line by line."""

    def __init__(
        self, invocation: Invocation, series: SeriesRuns, store: Store, memory: Memory, reporter: Reporter
    ) -> None:
        self._invocation, self._series, self._store, self._memory = invocation, series, store, memory
        self._reporter = reporter
        self._source = described.sources(invocation.origin)
        self._server, self._ledger, self.plan = series.server, series.ledger, series.plan
        self._said = by_invocation(invocation, self._ledger)
        self._tasks = TaskRuns(invocation, self._said, series, store, memory, reporter)
        self._journal = f"journal/{invocation.id}"
        self._running: dict[str, str] = {}
        """Task -> run."""
        self._new = Begun()
        self._read_to = self._told_to = self._ledger.offset(self._journal)
        self._begun = False
        self._ended: dict[str, Any] | None = None
        self._dirty, self._looks = True, Looks()
        self._looks_at_curves = Looks(CURVES_EVERY)
        self._passed: dict[str, list[str]] = {}
        """Task -> those that it commits in passing."""
        for passed, host in self.plan.byproducts.items():
            self._passed.setdefault(host, []).append(passed)
        self._latest = invocation.started

    def step(self, finish: bool = False) -> bool:
        """Send what has come since the last step; True once nothing more will come."""
        if not self._begun:
            self._begin()
        # Asked first: what is written after a process has gone is nothing.
        gone = self._invocation.is_over()
        self._read()
        over = self._ended is not None or gone
        self._tell_begun(self._new.all() if over else self._new.older(clock.now() - SOON))
        if self._running and (over or finish or self._looks_at_curves.due(time.monotonic())):
            self._curves()
        if self._dirty and (over or finish or self._looks.due(time.monotonic())):
            self._points(last=over)
        if over:
            self._end()
        return over

    def _read(self) -> None:
        """Take in what has been written since."""
        for after, event in self._invocation.events(self._read_to):
            with unless_refused(event.get("task", "")):
                self._take_in(event, self._read_to)
            self._read_to, self._latest = after, max(self._latest, event["at"])
            self._new.read()
            self._tell_begun(self._new.behind())

    def _tell_begun(self, tasks: Iterable[str]) -> None:
        """Have a run of each of these tasks there, which goes on, and note how far the journal has been told."""
        for task in tasks:
            if (event := self._new.take(task)) is not None:
                with unless_refused(task):
                    self._running[task] = self._tasks.start(task, None, event)
        if (
            told_to := self._new.told_to(self._read_to)
        ) != self._told_to:  # else each look would be a wait for the disk
            self._ledger.move(self._journal, told_to)
            self._told_to = told_to
        self._ledger.commit_seldom()

    # ------------------------------------------------------------ the invocation

    def _begin(self) -> None:
        subject = f"invocation/{self._invocation.id}"
        self._run = self._ledger.run(subject) or self._create(subject)
        self._describe()
        self._series.introduce(self._said)
        self._series.assign(self._run, self._invocation.started, self._source)
        self._recover()
        if self._ended is None and not self._invocation.is_over():
            self._series.begin()
        self._begun = True

    def _create(self, subject: str) -> str:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._invocation.started))
        tags = {
            SUBJECT: subject,
            "lmcspec.kind": "invocation",
            "lmcspec.study": self.plan.study,
            "lmcspec.plan": self._series.plan_id,
            NOTE: notes.of_invocation(self.plan, self._said, self._series.experiment),
            **self._source,
        }
        run = self._server.create(self._series.experiment, f"run {moment}", self._invocation.started, tags)
        self._ledger.assign(subject, run)
        return run

    def _describe(self) -> None:
        note = f"described/{self._run}"
        if not self._ledger.note(note):
            for name in ("plan.json", "spec.json"):
                if beneath.is_file(self._store.root, path := self._invocation.path / name):
                    self._server.file(self._run, path)
            self._ledger.write(note, "yes")

    def _recover(self) -> None:
        """Tasks that an earlier process of ours has seen begin and not end."""
        begun, self._ended = unfinished(self._invocation, self._read_to)
        for task in begun:
            if run := self._ledger.run(self._tasks.subject(task)):
                self._running[task] = run

    def _end(self) -> None:
        """The invocation is over, or its process is gone: so are its tasks."""
        # The clock may have been set back since.
        now = max(clock.now(), self._latest)
        for task, run in self._running.items():
            with unless_refused(task):
                if self._memory.find(task) is not None:
                    self._tasks.finished(task, run, now)
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
        self._report()
        self._server.end(self._run, status, at)
        self._series.end(at)

    def _report(self) -> None:
        """Results and figures as they are at its end. What can't be drawn is no reason to stop."""
        self._ledger.commit()  # from whose file is read which run did a task
        runs = task_runs(self.plan, self._store, self._server.uri)
        with unless_refused(self._invocation.id), unless_unmade("the report"):
            spec = self._invocation.spec or {}
            for path, content in self._reporter.of_invocation(self.plan, self._memory, runs, spec, self._said.command):
                is_kept = self._server.keep(self._run, path, content)
                if is_kept and path == REPORT:
                    self._ledger.write(f"report/{self.plan.study}", self._run)
        self._series.introduce(self._said)

    def _name_shared(self) -> None:
        """A task that several series share is under the first; the others say where it is."""
        shared = self._series.wanted.shared(lambda task: self._ledger.run(self._tasks.subject(task)))
        for owner, named in shared.items():
            self._server.log(self._series.run(owner), tags={"lmcspec.shared": json.dumps(named)})

    def _curves(self) -> None:
        begun = time.monotonic()
        for task, run in self._running.items():
            with unless_refused(task):
                self._tasks.curves(task, run)
        self._looks_at_curves.looked(begun, time.monotonic())

    def _points(self, last: bool) -> None:
        begun = time.monotonic()
        rows = self._reporter.rows(self.plan, self._memory)
        points = self._series.wanted.points(rows, self._memory)
        self._series.send(points, last=last)
        self._series.show(points)
        self._dirty = False
        self._looks.looked(begun, time.monotonic())

    # ------------------------------------------------------------ tasks

    def _take_in(self, event: dict[str, Any], offset: int) -> None:
        if event["event"] == "run ended":
            self._ended = event
            return
        task = event.get("task", "")
        if task not in self.plan.tasks:
            return
        if event["event"] in ("started", "finished"):
            self._memory.forget([task, *self._passed.get(task, ())])
        run = self._ledger.run(self._tasks.subject(task))
        start = self._new.take(task)
        if start is not None:
            stored = self._memory.find(task) if event["event"] == "finished" and not event["reused"] else None
            if stored is not None:
                self._dirty = True
                self._tasks.whole(task, stored, start, event["at"])
                return
            self._running[task] = run = self._tasks.start(task, None, start)
        match event["event"]:
            case "started" if run is None:
                self._new.add(task, event, offset)
            case "started":
                self._running[task] = run = self._tasks.start(task, run, event)
            case "finished" if not event["reused"] and run:
                self._running.pop(task, None)
                self._tasks.finished(task, run, event["at"])
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
                self._tasks.curves(task, run)
                self._tasks.log(task, run, tags={"lmcspec.failure": f"{event['reason']}: {event['message']}"})
                if (log := layout.attempt_log(self._store.root, event["log"])) is not None:
                    self._server.file(run, log)
                self._server.end(run, "FAILED", event["at"])
            case "interrupted" if run:
                self._running.pop(task, None)
                self._tasks.curves(task, run)
                self._server.end(run, "KILLED", event["at"])
            case _:
                pass
