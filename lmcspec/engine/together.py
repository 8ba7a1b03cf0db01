"""Several tasks of a worker as one program: one, and those that were handed over along with it.

Each has a lease, an attempt, a log and a result of its own. What is not run along with the first goes back.
"""

import time
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lmcspec.engine.attempted import Attempted
from lmcspec.engine.attend import HEARTBEAT
from lmcspec.engine.context import Workplace, present
from lmcspec.engine.logs import FileLog
from lmcspec.engine.report import Report, busy, reused
from lmcspec.store import Lease, Store, take
from lmcspec.tasks import Finished
from lmcspec.tasks.kind import Interrupted, Kind, Member

APART = Report("apart", 0.0)
NEVER = replace(APART, note="as one program such tasks are no quicker here")


class Leased(NamedTuple):
    """A task as it was handed over, and its lease."""

    id: str
    payload: dict[str, Any]
    lease: Lease


def attempt_together(store: Store, first: Leased, place: Workplace) -> Report | None:
    """Do a task, and with it as many of its `payload["together"]` as one program is the quickest of.

    `place.send` gets {"ended": id, "report": document} of each of those; the report of the first is returned. None
    where the program failed: then the first is to be done alone, and the others go back.
    """
    begun = time.monotonic()
    with ExitStack() as leases:
        companions = _taken(store, first.payload["together"], place, leases)
        program = _Program(store, place)
        try:
            finished = program.run(first, companions)
        except BaseException as error:
            if program.together and not isinstance(error, Interrupted | KeyboardInterrupt):
                # Whatever it is, of each alone it is known whose it is.
                program.give_up(error)
                _send_back(companions, place, NEVER)
                return None
            reports = [attempted.fail(error) for attempted in program.attempts]
            if isinstance(error, KeyboardInterrupt) or not reports:
                raise
        else:
            reports = [_committed(*each) for each in zip(program.attempts, finished, strict=True)]
        share = (time.monotonic() - begun) / len(reports)
        for companion, report in zip(companions, reports[1:], strict=False):
            _say(place, companion.id, replace(report, seconds=share))
        return replace(reports[0], seconds=share)


def _committed(attempted: Attempted, finished: Finished) -> Report:
    """Of several that are done each is committed, or fails, for itself."""
    try:
        return attempted.commit(finished)
    except Exception as error:  # noqa: BLE001 (its report says what it was)
        return attempted.fail(error)


@dataclass(slots=True)
class _Program:
    """The attempts at tasks that are done as one."""

    store: Store
    place: Workplace
    attempts: list[Attempted] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    together: bool = False
    """Whether it is, or was to be, more than one."""

    def run(self, first: Leased, companions: Sequence[Leased]) -> list[Finished]:
        """Results of the first and of as many companions as pay; the rest has gone back."""
        with ExitStack() as logs:
            task = self._begin(first, self.place, logs)
            log = self.attempts[0].log
            # What it takes to find out may take a minute, in which nobody is to take any of them for left.
            with HEARTBEAT.attending([(leased.lease, log) for leased in (first, *companions)]):
                size = task.together.size(self.members[0], 1 + len(companions)) if task.together and companions else 1
            _send_back(companions[size - 1 :], self.place, NEVER if size == 1 else APART)
            self.together = size > 1
            beside = replace(self.place, send=self._pass_on, open_log=FileLog)
            for companion in companions[: size - 1]:
                self._begin(companion, beside, logs)
            for attempted in self.attempts:
                attempted.beside = size - 1
            attended = [(attempted.lease, attempted.log) for attempted in self.attempts]
            with HEARTBEAT.attending(attended), warnings.catch_warnings():
                if size > 1 and task.together:
                    try:
                        return task.together.run(self.members)
                    finally:
                        for attempted in self.attempts:
                            attempted.close()
                with self.attempts[0].running():
                    return [task.run(*self.members[0])]

    def give_up(self, error: BaseException) -> None:
        """End all attempts, as tasks that are done anew by themselves."""
        for attempted in self.attempts:
            attempted.give_up(f"as one program with {len(self.attempts) - 1} others: {error}")

    def _begin(self, leased: Leased, place: Workplace, logs: ExitStack) -> Kind:
        attempted = Attempted(self.store, leased.id, leased.payload, place, leased.lease)
        self.attempts.append(attempted)
        logs.enter_context(attempted.doing())
        task, member = attempted.prepare()
        self.members.append(member)
        return task

    def _pass_on(self, message: dict[str, Any]) -> None:
        """What a companion says: of its attempt and progress the driver hears nothing, those are the first's."""
        if "byproduct" in message:
            self.place.send(message)


def _taken(store: Store, offered: Sequence[dict[str, Any]], place: Workplace, leases: ExitStack) -> list[Leased]:
    """Those that nobody has done or is doing, under their leases; of the others it is said."""
    free = []
    for entry in offered:
        identifier = entry["id"]
        lease = None if (stored := present(store, identifier)) else take(store, identifier)
        if lease is not None:
            leases.callback(lease.release)
            # It may have been committed between the look and the lease.
            stored = present(store, identifier)
        if stored is not None:
            _say(place, identifier, reused(stored))
        elif lease is None:
            _say(place, identifier, busy(store, identifier))
        else:
            free.append(Leased(identifier, entry["payload"], lease))
    return free


def _send_back(companions: Sequence[Leased], place: Workplace, how: Report) -> None:
    for companion in companions:
        companion.lease.release()
        _say(place, companion.id, how)


def _say(place: Workplace, identifier: str, report: Report) -> None:
    place.send({"ended": identifier, "report": report.document()})
