"""What a run says of itself: a line with the time for each event, and now and then how far it is."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from lmcspec.base.ids import short
from lmcspec.base.loudness import Loudness
from lmcspec.engine import events
from lmcspec.engine.forecast import Forecast, Left
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.said import number

SUMMARY_EVERY = 5.0
"""Seconds between two plain lines that say how far the run is."""

FORECAST_EVERY = 1.0, 10.0
"""Seconds for which an estimate of the time left is kept, at least and at most."""


class Tally:
    """How far a run is: counts, what runs now, and the time left."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._counts: dict[str, int] = dict.fromkeys(("done", "reused", "failed", "skipped", "interrupted"), 0)
        self._forecast = Forecast((), ())
        self._left: tuple[float, Left, float] = (0.0, Left(None, Counter()), 0.0)
        self.total = 0
        self.began = clock()
        self.running: dict[str, tuple[events.Started, events.Progress | None]] = {}
        self.stopping = False

    def on_event(self, event: events.Event) -> None:
        """Take an event in."""
        match event:
            case events.RunStarted(tasks=tasks):
                self.total, self.began = len(tasks), event.at
                self._forecast = Forecast(tasks, event.devices, event.max_parallel)
            case events.Started(task=task):
                self.running[task.id] = (event, None)
                self._forecast.started(task, event.at)
            case events.Progress(task=task) if task.id in self.running:
                self.running[task.id] = (self.running[task.id][0], event)
            case events.Finished(task=task):
                self._end(task, "reused" if event.reused else "done", None if event.reused else self._taken(event))
            case events.Failed(task=task):
                self._end(task, "failed")
            case events.Skipped(task=task):
                self._end(task, "skipped")
            case events.Interrupted(task=task):
                self._end(task, "interrupted")
            case events.Retried(task=task) | events.Waiting(task=task) | events.WentBack(task=task):
                self.running.pop(task.id, None)
                self._forecast.stopped(task)
            case events.Stopping():
                self.stopping = True
            case _:
                pass

    def line(self) -> str:
        """Counts, time, and time left."""
        now = self._clock()
        parts = [f"{self._counts['done'] + self._counts['reused']}/{self.total} done", f"{len(self.running)} running"]
        parts += [f"{self._counts[name]} {name}" for name in ("failed", "skipped", "interrupted") if self._counts[name]]
        parts.append(f"{clock_time(now - self.began)} elapsed")
        if self.stopping:
            parts.append("stopping at the next checkpoint, Ctrl-C again to stop at once")
        elif (left := self.left(now)).seconds is not None:
            unknown = ", ".join(_tasks(count, kind) for kind, count in sorted(left.unknown.items()))
            beside = f" and {unknown} of unknown length" if unknown else ""
            parts.append(f"about {clock_time(left.seconds)} left{beside}")
        return ", ".join(parts)

    def left(self, now: float) -> Left:
        """The time left, computed anew only now and then: it takes a walk over all tasks."""
        made, left, cost = self._left
        least, most = FORECAST_EVERY
        if now - made >= min(most, max(least, 20 * cost)):
            # The processor's time: on a machine with much else to do the clock says nothing of what a walk costs.
            began = time.thread_time()
            left = self._forecast.left(now)
            self._left = (now, left, time.thread_time() - began)
            return left
        return left if left.seconds is None else replace(left, seconds=max(0.0, left.seconds - (now - made)))

    def _taken(self, event: events.Finished) -> float:
        """Seconds for which its slot was taken: inputs are fetched and the result is committed beside the work."""
        started = self.running.get(event.task.id)
        return event.seconds if started is None else max(event.seconds, event.at - started[0].at)

    def _end(self, task: PlannedTask, how: str, seconds: float | None = None) -> None:
        self._counts[how] += 1
        self.running.pop(task.id, None)
        self._forecast.over(task, seconds)


class Plain:
    """Lines of text. The first failure comes with the end of its log."""

    def __init__(
        self,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        *,
        times: bool = True,
        loudness: Loudness = Loudness.USUAL,
    ) -> None:
        self._write, self._clock, self._times, self._loudness = write, clock, times, loudness
        self.tally = Tally(clock)
        self._summed = 0.0
        self._failures = 0
        self._skipped: dict[str, list[str]] = {}

    def on_event(self, event: events.Event) -> None:
        """Say what has happened."""
        self.tally.on_event(event)
        if self._loudness is Loudness.QUIET and not isinstance(event, events.Failed):
            return
        if isinstance(event, events.Skipped):
            # A failure may bring down thousands: one line for all of them.
            self._skipped.setdefault(event.why, []).append(event.task.label)
            return
        for why, labels in self._skipped.items():
            what = labels[0] if len(labels) == 1 else f"{len(labels)} tasks, {labels[0]} and what follows"
            self._say(event.at, f"skipped   {what}: {why}")
        self._skipped.clear()
        for line in self._lines(event):
            self._say(event.at, line)
        if self._times and self._clock() - self._summed >= SUMMARY_EVERY and self.tally.running:
            self._summed = self._clock()
            self._say(event.at, self.tally.line())

    def _lines(self, event: events.Event) -> list[str]:
        match event:
            case events.RunStarted():
                self._summed = event.at
                slots = "1 slot" if event.slots == 1 else f"{event.slots} slots"
                if not event.tasks:
                    return []
                return [f"{_tasks(len(event.tasks))} to run on {slots}{self._first_estimate(event)}; starting workers"]
            case events.Started(task=task) if self._loudness is Loudness.VERBOSE:
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                return [f"start     {task.label} on slot {event.slot}{again}"]
            case events.Finished(task=task):
                outcome = "" if event.outcome == "ok" else f", {event.outcome}"
                word, spent = ("reused", "") if event.reused else ("done", f" in {event.seconds:.1f} s")
                said = ", ".join(filter(None, (number(task.kind, event.scalars), event.note)))
                note = f": {said}" if said else ""
                return [f"{word:9} {task.label}{spent}{outcome}{note}"]
            case events.Failed(task=task):
                return [f"failed    {task.label} ({event.reason}): {event.message}", *self._evidence(event)]
            case events.Retried(task=task):
                how = " alone on its device" if event.alone else ""
                when = f" in {event.delay:.1f} s" if event.delay else ""
                return [f"retry     {task.label}{when}{how}, after {event.reason}: {event.message}"]
            case events.Waiting(task=task):
                return [f"waiting   {task.label}: {event.holder} is doing it"]
            case events.Silent(task=task):
                silent, limit = clock_time(event.seconds), clock_time(event.limit)
                return [
                    f"silent    {task.label} has said nothing for {silent}; at {limit} its worker is ended (--patience)"
                ]
            case events.Interrupted(task=task):
                return [f"stopped   {task.label}"]
            case events.WorkerReplaced():
                return [f"worker    {event.slot} replaced: {event.why}"]
            case events.Stopping():
                return [
                    "stopping: tasks save a checkpoint; Ctrl-C again stops them at once"
                    if event.times == 1
                    else "stopping at once"
                ]
            case events.RunEnded():
                names = ("done", "reused", "failed", "skipped", "interrupted")
                counts = [f"{count} {name}" for name in names if (count := getattr(event, name))]
                return [f"{', '.join(counts) or 'nothing to run'} in {clock_time(event.seconds)}"]
            case _:
                return []

    def _first_estimate(self, event: events.RunStarted) -> str:
        left = self.tally.left(event.at)
        if not left.seconds:
            return ""
        return f", {'at least' if left.unknown else 'about'} {clock_time(left.seconds)}"

    def _evidence(self, event: events.Failed) -> list[str]:
        self._failures += 1
        lines = [f"  log: {event.log}"] if event.log else [f"  task: {short(event.task.id)}"]
        if self._failures == 1:
            lines += [f"  | {line}" for line in event.last_lines]
        return lines

    def _say(self, at: float, line: str) -> None:
        stamp = time.strftime("%H:%M:%S ", time.localtime(at)) if self._times else ""
        self._write(stamp + line)


def clock_time(seconds: float) -> str:
    """`4.2 s`, `1:05` or `2:01:05`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if whole < 60:
        return f"{whole} s"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _tasks(count: int, kind: str = "") -> str:
    what = f"{kind} task".strip()
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
