"""The driver's loop: hand out tasks, collect what workers say, and tell the listeners."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from lmcspec.base import clock, faults
from lmcspec.base.errors import BlockedError, StoreError
from lmcspec.engine import events
from lmcspec.engine.companies import Companies
from lmcspec.engine.context import present
from lmcspec.engine.failures import Failure
from lmcspec.engine.forecast import Forecast
from lmcspec.engine.interrupts import Interrupts, RunInterrupted
from lmcspec.engine.limits import NO_LIMITS, Limits
from lmcspec.engine.lost import failure_of
from lmcspec.engine.planned import Job, PlannedTask, images_ahead
from lmcspec.engine.report import Report
from lmcspec.engine.runner import (
    Closed,
    Ended,
    Lost,
    Moved,
    Passed,
    Progressed,
    Ready,
    Replaced,
    Reported,
    Returned,
    Runner,
    RunnerEvent,
)
from lmcspec.engine.schedule import FINAL, Retries, TaskQueue
from lmcspec.engine.summary import Summary
from lmcspec.engine.watch import Watch
from lmcspec.store import Index, Store

Listener = Callable[[events.Event], None]


ENDINGS = ("done", "failed", "skipped", "interrupted", "reused")
TICK = 0.2
"""Longest wait for the workers, so that a signal is noticed soon."""


def run(
    job: Job,
    store: Store,
    runner: Runner,
    *,
    listeners: Sequence[Listener] = (),
    retries: Retries | None = None,
    limits: Limits = NO_LIMITS,
) -> Summary:
    """Run all tasks of a job and return what became of them; `runner` may have been started, and is closed here.

    What it makes is entered in the store's index. When running tasks have ended it raises RunInterrupted after Ctrl-C,
    StoreError once the store can't be written to any more, or data are not those that were planned; and BlockedError
    as soon as no slot is left for the rest.
    """
    with Index(store) as index:
        return _Run(job, store, runner, listeners, index, retries or Retries(), limits).all()


class _Run:
    def __init__(
        self,
        job: Job,
        store: Store,
        runner: Runner,
        listeners: Sequence[Listener],
        index: Index,
        retries: Retries,
        limits: Limits,
    ) -> None:
        self._job, self._store, self._runner = job, store, runner
        self._listeners = list(listeners)
        self._index, self._retries, self._limits = index, retries, limits
        self._unlisted: list[str] = []
        self._fatal: Failure | None = None
        self._devices = tuple(slot.device for slot in runner.slots)
        self._queue = TaskQueue(
            job.tasks,
            self._devices,
            skip_collapsed=job.on_collapse == "skip",
            retries=retries,
            max_parallel=limits.max_parallel,
        )
        self._forecast = Forecast(job.tasks.values(), self._devices, limits.max_parallel)
        self._ahead = images_ahead(
            job.tasks.values(), min(len(self._devices), limits.max_parallel or len(self._devices))
        )
        self._watch = Watch(runner, limits.patience)
        self._closed: Closed | None = None
        self._task_at: dict[int, str] = {}
        self._companies = Companies(job, runner)
        self._pid_at: dict[int, int] = {}
        self._began_at: dict[str, float] = {}
        self._looks: dict[str, int] = {}
        self._damaged: set[str] = set()
        self._ended: dict[str, list[str]] = {name: [] for name in ENDINGS}

    def all(self) -> Summary:
        begun = time.monotonic()
        every, most = tuple(self._job.tasks.values()), self._limits.max_parallel
        self._tell(events.RunStarted(clock.now(), every, self._devices, most))
        queue, seen = self._queue, 0
        with Interrupts(self._runner.stop, self._runner.kill) as interrupts:
            try:
                if not queue.over:
                    self._runner.start()
                while not queue.over:
                    if interrupts.times > seen:
                        seen = interrupts.times
                        queue.stopped = True
                        self._tell(events.Stopping(clock.now(), seen))
                    self._look_again()
                    self._hand_out()
                    if queue.over:
                        break
                    if queue.stuck and self._closed:
                        raise BlockedError(f"no slot is left for the rest: {self._closed.why}", help=self._closed.help)
                    for event in self._runner.poll(self._patience()):
                        self._take_in(event)
                    self._look_for_silence()
                    self._list()
            except KeyboardInterrupt:
                # The second Ctrl-C of a run in this very process.
                self._ended["interrupted"] += queue.running
            finally:
                self._runner.close()
                self._list()
        ended = {name: tuple(ids) for name, ids in self._ended.items()}
        left = frozenset(task for task, state in queue.state.items() if state not in FINAL)
        summary = Summary(**ended, seconds=time.monotonic() - begun, damaged=frozenset(self._damaged), left=left)
        counts = {name: len(ids) for name, ids in ended.items()}
        self._tell(events.RunEnded(clock.now(), **counts, seconds=summary.seconds))
        if interrupts.times:
            raise RunInterrupted(summary)
        if self._fatal:
            raise StoreError(self._fatal.message, help=self._fatal.help)
        return summary

    def _list(self) -> None:
        """Enter in the index what has come into the store."""
        if self._unlisted:
            self._index.add(self._unlisted)
            self._unlisted = []

    def _look_again(self) -> None:
        """Tasks whose time has come: another driver may have done them meanwhile."""
        for identifier in self._queue.due(time.monotonic()):
            if identifier in self._looks and (stored := present(self._store, identifier)):
                report = Report("reused", 0.0, stored.outcome, stored.scalars)
                self._finish(self._job.tasks[identifier], None, report)

    def _look_for_silence(self) -> None:
        """Name tasks that have said nothing for long, and end the workers of those that have for too long."""
        for silence in self._watch.look(self._task_at, time.monotonic()):
            self._tell(events.Silent(clock.now(), self._job.tasks[silence.task], silence.seconds, silence.limit))

    def _hand_out(self) -> None:
        assigned = self._queue.assign()
        joined = self._companies.join(self._queue, assigned)
        for identifier, slot in assigned:
            task = self._job.tasks[identifier]
            self._task_at[slot] = identifier
            along, room = joined.get(identifier, ([], None))
            payload = self._payload(task)
            if along:
                entries = [{"id": other, "payload": self._payload(self._job.tasks[other])} for other in along]
                payload |= {"together": entries, "room": room}
            now = time.monotonic()
            self._watch.began(identifier, self._forecast.seconds(task), now)
            pid = self._runner.submit(self._store, identifier, payload, slot)
            faults.reach("engine.dispatched", worker=pid)
            for each in (identifier, *along):
                self._began_at[each] = now
                self._tell(events.Started(clock.now(), self._job.tasks[each], slot, self._queue.attempts[each]))

    def _payload(self, task: PlannedTask) -> dict[str, Any]:
        return self._job.payload(task.id) | {"ahead": self._ahead[task.model]}

    def _patience(self) -> float:
        due = self._queue.wake()
        return TICK if due is None else min(TICK, max(0.0, due - time.monotonic()))

    def _take_in(self, event: RunnerEvent) -> None:
        slot = event.slot
        task = self._job.tasks[self._task_at[slot]] if slot in self._task_at else None
        match event:
            case Ready(pid=pid):
                self._pid_at[slot] = pid
                self._queue.open(slot)
            case Progressed(done=done, total=total, note=note) if task:
                self._watch.heard(task.id, time.monotonic())
                self._tell(events.Progress(clock.now(), task, slot, done, total, note))
            case Passed(byproduct=byproduct) if task:
                self._queue.committed(byproduct)
                self._unlisted.append(byproduct)
            case Reported(report=report) if task:
                faults.reach("engine.collected", worker=self._pid_at[slot])
                self._queue.close(slot)
                del self._task_at[slot]
                self._watch.ended(task.id)
                self._forecast.over(task, report.seconds if report.status == "done" else None)
                self._end(task, slot, report)
                self._send_back(self._companies.left(slot))
            case Ended(task=identifier, report=report) if beside := self._companies.ended(slot, identifier):
                if report.status == "apart":
                    if report.note:
                        self._companies.keep_apart(beside)
                    self._send_back([beside])
                else:
                    self._forecast.over(beside, report.seconds if report.status == "done" else None)
                    self._end(beside, slot, report)
            case Lost(task=had_task, why=why):
                self._queue.close(slot)
                self._tell(events.WorkerReplaced(clock.now(), slot, why))
                if had_task and task:
                    del self._task_at[slot]
                    along = self._companies.left(slot)
                    for each in (task, *along) if along else ():
                        # Of each alone it is known whose fault it is.
                        self._queue.part(each.id)
                    self._lose(task, event)
                    for beside in along:
                        self._lose(beside, replace(event, attempt=""))  # that is the first one's
            case Returned() if task:
                del self._task_at[slot]
                self._watch.ended(task.id)
                self._queue.put_back(task.id, time.monotonic())
                self._send_back(self._companies.left(slot))
            case Moved(device=device):
                self._queue.move(slot, device)
            case Closed():
                self._closed = event
                self._queue.retire(slot)
            case Replaced(why=why):
                self._queue.close(slot)
                self._tell(events.WorkerReplaced(clock.now(), slot, why))
            case _:
                pass

    def _send_back(self, tasks: Iterable[PlannedTask]) -> None:
        """Tasks that were handed over along with another one are to run by themselves."""
        for task in tasks:
            self._queue.put_back(task.id, time.monotonic())
            self._tell(events.WentBack(clock.now(), task))

    def _end(self, task: PlannedTask, slot: int, report: Report) -> None:
        """A worker has reported on a task."""
        now = time.monotonic()
        match report.status:
            case "done" | "reused":
                self._finish(task, slot, report)
            case "busy":
                first, most = self._retries.held_elsewhere
                looks = self._looks[task.id] = self._looks.get(task.id, 0) + 1
                self._queue.put_back(task.id, now + min(most, first * 2 ** (looks - 1)))
                if looks == 1:
                    self._tell(events.Waiting(clock.now(), task, report.holder))
            case "interrupted":
                self._interrupt(task)
            case "failed" if report.failure and report.failure.reason in ("store", "stale"):
                # What is left would fail the same way, one after the other.
                self._fatal = report.failure
                self._queue.stopped = True
                self._interrupt(task)
            case _:
                assert report.failure
                self._fail(task, report.failure)

    def _finish(self, task: PlannedTask, slot: int | None, report: Report) -> None:
        missing: set[str] = set()
        if report.status == "done":
            self._unlisted.append(task.id)
        else:
            missing = set(task.byproducts) - self._store.present(task.byproducts) - set(report.byproducts)
        skipped = self._queue.done(task.id, report.outcome, missing)
        self._ended["done" if report.status == "done" else "reused"].append(task.id)
        self._tell(
            events.Finished(
                clock.now(),
                task,
                slot,
                report.seconds,
                report.outcome,
                report.status == "reused",
                report.scalars,
                report.byproducts,
                report.note,
            )
        )
        self._skip(skipped)

    def _fail(self, task: PlannedTask, failure: Failure) -> None:
        now = time.monotonic()
        attempts = self._queue.attempts[task.id]
        consequence = self._queue.failed(task.id, failure.reason, now)
        if consequence.retry_at is not None:
            delay = consequence.retry_at - now
            self._tell(
                events.Retried(clock.now(), task, failure.reason, failure.message, attempts, delay, consequence.alone)
            )
            return
        self._ended["failed"].append(task.id)
        if self._limits.fail_fast and failure.reason != "damaged" and not self._queue.stopped:
            # What runs saves a checkpoint; what is damaged is made again.
            self._queue.stopped = True
            self._runner.stop()
        if failure.reason == "damaged":
            self._damaged.add(task.id)
        message = failure.message + (f"\nhelp: {failure.help}" if failure.help else "")
        self._tell(events.Failed(clock.now(), task, failure.reason, message, failure.log, failure.last_lines))
        self._skip(consequence.skipped)

    def _lose(self, task: PlannedTask, event: Lost) -> None:
        """A worker went away with its task. What it had got done may be in the store all the same."""
        hung = self._watch.ended(task.id)
        if stored := present(self._store, task.id):
            seconds = time.monotonic() - self._began_at[task.id]
            self._finish(task, event.slot, Report("done", seconds, stored.outcome, stored.scalars))
        elif self._queue.stopped:
            self._interrupt(task)
        else:
            self._fail(task, failure_of(event, hung, self._store))

    def _interrupt(self, task: PlannedTask) -> None:
        self._queue.interrupted(task.id)
        self._ended["interrupted"].append(task.id)
        self._tell(events.Interrupted(clock.now(), task))

    def _skip(self, skipped: Sequence[tuple[str, str]]) -> None:
        for identifier, why in skipped:
            self._ended["skipped"].append(identifier)
            self._tell(events.Skipped(clock.now(), self._job.tasks[identifier], why))

    def _tell(self, event: events.Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)
