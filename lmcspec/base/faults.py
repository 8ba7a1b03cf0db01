"""Places in a task's life at which tests kill processes, to show that a real kill there loses nothing.

A fault point is a name in FAULTS and one call `reach(name)` in the code. It does nothing unless the environment
arms it, so it costs a dictionary look-up:

    LMCSPEC_FAULT=commit.renamed      the point
    LMCSPEC_FAULT_KILL=worker         or driver, or both
    LMCSPEC_FAULT_MARK=/some/file     made on arrival; a point whose mark exists is spent, so the rerun goes through
    LMCSPEC_FAULT_AFTER=1             how many arrivals of a process are let through first; none by default

The mark holds the pids that are killed, one a line.
"""

import itertools
import os
import signal

FAULTS = {
    "engine.plan-recorded": "driver: the plan is written down, nothing is dispatched yet",
    "engine.dispatched": "driver: a task was handed to a worker",
    "distill.checkpoint": "worker: a checkpoint of a distillation is half written",
    "engine.collected": "driver: a finished task was received, the index does not know it yet",
    "lease.taken": "worker: holds the lease, has no attempt yet",
    "attempt.opened": "worker: the attempt's folder exists and is empty",
    "train.update": "worker: in the middle of a training, between two updates",
    "train.snapshot": "worker: at a by-product's step, before it is committed",
    "train.checkpoint": "worker: a checkpoint of a training is half written",
    "train.finished": "worker: trained and evaluated, nothing written",
    "commit.written": "worker: outputs are written, COMMIT is not",
    "commit.marked": "worker: outputs and COMMIT are synced in the attempt's folder",
    "commit.renamed": "worker: the object is visible, its parent folder not synced",
    "lease.kept": "worker: committed, the lease is still held",
}
"""Every fault point. The kill tests run a case for each and fail on one that is never reached.

They also kill one study at one after the other, in this order: what only its first tasks reach stands early.
"""

RARER = {
    "expert.checkpoint": "worker: a checkpoint of an expert's training is half written",
    "match.checkpoint": "worker: a checkpoint of a matching is half written",
    "landscape.checkpoint": "worker: a checkpoint of a landscape is half written",
    "hessian.checkpoint": "worker: a checkpoint of a Hessian is half written",
}
"""Fault points of kinds of task that the small study of the kill tests has not; another one has them."""

UPKEEP = {
    "gc.first-aside": "one of several pieces is out of sight",
    "gc.marked": "a result is marked as one without outputs, which are still there",
    "gc.unmarked": "a result on a full disk has lost its COMMIT, and all its files are there",
    "gc.all-aside": "everything is out of sight, the index knows of none of it",
    "gc.unlisted": "the index knows, nothing is deleted for good",
    "gc.first-deleted": "one of several pieces is deleted for good",
    "gc.emptied": "everything is deleted",
    "track.half-moved": "of MLflow's database some rows say where the store lies now, and some where it lay",
}
"""Fault points of what no run does: of `lmcspec gc`, and of a store that was moved."""

_ARMED = os.environ.get("LMCSPEC_FAULT")
_arrivals = itertools.count()


def reach(point: str, worker: int = 0) -> None:
    """Kill as the environment says if this point is armed; otherwise do nothing.

    `worker` is the process that does the task, where the caller is not that process itself.
    """
    if _ARMED is not None and point == _ARMED and next(_arrivals) >= int(os.environ.get("LMCSPEC_FAULT_AFTER", "0")):
        _strike(point, worker or os.getpid())


def _strike(point: str, worker: int) -> None:
    if not any(point in points for points in (FAULTS, RARER, UPKEEP)):
        raise ValueError(f"no fault point is called {point!r}")
    driver = int(os.environ["LMCSPEC_DRIVER_PID"])
    named = {"worker": {worker}, "driver": {driver}, "both": {driver, worker}}[os.environ["LMCSPEC_FAULT_KILL"]]
    # Who kills itself kills nobody afterwards.
    victims = sorted(named, key=lambda pid: (pid == os.getpid(), pid))
    try:
        with open(os.environ["LMCSPEC_FAULT_MARK"], "x", encoding="ascii") as mark:
            mark.writelines(f"{pid}\n" for pid in victims)
    except FileExistsError:
        return
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
