"""What is left of attempts that did not become objects: failures, interruptions, and what may be swept away."""

import contextlib
import logging
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lmcspec.base import beneath
from lmcspec.base.beneath import ForeignError
from lmcspec.store import layout, shapes
from lmcspec.store.commit import Attempt, owner_file, strip
from lmcspec.store.lease import Clock, clear_dead, is_dead
from lmcspec.store.process import is_gone, read_process
from lmcspec.store.store import Store, clear

_STALE_DRAFT = 24 * 3600.0
_log = logging.getLogger(__name__)


class FailedAttempt(NamedTuple):
    """An attempt that failed: its folder, with the log, and what was noted of it."""

    attempt: str
    path: Path
    document: dict[str, Any]

    @property
    def log(self) -> Path:
        """What the task wrote; may not exist."""
        return self.path / layout.LOG


class Ending(NamedTuple):
    """How the last attempt at an object that isn't there came to its end."""

    how: Literal["failed", "interrupted"]
    message: str = ""
    log: Path | None = None
    """What it wrote, where that was kept."""


class Swept(NamedTuple):
    """How much `sweep` removed."""

    attempts: int = 0
    leases: int = 0
    partials: int = 0


def failed_attempts(store: Store, task: str) -> list[FailedAttempt]:
    """The failed attempts at an object, newest first."""
    failed = []
    folder = layout.attempts_folder(store.root, task)
    for name in attempts_at(store, task):
        with contextlib.suppress(OSError, ValueError):
            document = layout.read_json(store.root, folder / name / layout.FAILURE, shapes.Failed)
            if isinstance(document, dict):
                failed.append(FailedAttempt(name, folder / name, document))
    return sorted(failed, key=lambda attempt: attempt.document.get("at", 0), reverse=True)


def note_lost(store: Store, path: Path, failure: dict[str, Any]) -> None:
    """End an attempt in the place of its process, which is gone: keep its log and the failure, drop its outputs."""
    task, name = path.parent.name, path.name
    if layout.is_id(task) and layout.is_attempt(name) and beneath.is_folder(store.root, path):
        Attempt(store, task, name).fail(failure)


def interrupted(store: Store, task: str, clock: Clock = time.monotonic) -> bool:
    """Whether work on an object that is not committed was begun and cut short, and nobody is at it now.

    True where a dead worker's attempt or a checkpoint is left; so it still is after a sweep if there was a checkpoint.
    """
    if store.present([task]):
        return False
    states = [attempt_state(store, task, name, clock) for name in attempts_at(store, task)]
    if "live" in states or not is_dead(store, task, clock):
        return False
    return "dead" in states or bool(_names(store.root, layout.partial_folder(store.root, task)))


def last_ending(store: Store, task: str, clock: Clock = time.monotonic) -> Ending | None:
    """How the last attempt at an object ended; None where there was none, or where somebody is at work on it.

    One that was stopped on request, or whose process was killed with its driver, was interrupted. A checkpoint written
    after the last failure is of such a one.
    """
    past = failed_attempts(store, task)
    last = past[0] if past else None
    if last is None or last.document.get("reason") == INTERRUPTED:
        if last is None and not interrupted(store, task, clock):
            return None
        return Ending(INTERRUPTED, str(last.document.get("message", "")) if last else "", last.log if last else None)
    if interrupted(store, task, clock):
        states = {attempt_state(store, task, name, clock) for name in attempts_at(store, task)}
        at = last.document.get("at", 0)
        if "dead" in states or (isinstance(at, int) and _checkpointed(store, task) > at):
            return Ending(INTERRUPTED)
    return Ending("failed", str(last.document.get("message", "")), last.log)


INTERRUPTED: Literal["interrupted"] = "interrupted"
"""The reason in failure.json of an attempt that was stopped on request."""


def _checkpointed(store: Store, task: str) -> int:
    """When the newest checkpoint of a task was written, in nanoseconds since 1970; 0 where there is none."""
    folder = layout.partial_folder(store.root, task)
    files = (beneath.look(store.root, folder / name) for name in _names(store.root, folder))
    return max((file.st_mtime_ns for file in files if file is not None), default=0)


def sweep(store: Store, clock: Clock = time.monotonic) -> Swept:
    """Remove what dead workers left: attempts without failure.json, outputs of others, leases, used checkpoints.

    Whatever belongs to a process that lives, or may live on another host, stays, and so does whatever is no plain
    file or folder under a name of ours. Safe to run at any time, by several.
    """
    attempts = leases = partials = 0
    root = store.root
    with layout.writing(root):
        for task in filter(layout.is_id, folders(root, root / "attempts")):
            _sweep_drafts(root, layout.attempts_folder(root, task))
            attempts += sum(_sweep_attempt(store, task, name, clock) for name in attempts_at(store, task))
            with contextlib.suppress(OSError):
                beneath.remove_empty(root, layout.attempts_folder(root, task))
        for name in beneath.names(root, root / "leases"):
            if name.endswith(".json") and layout.is_id(task := name.removesuffix(".json")):
                leases += clear_dead(store, task, clock)
        kept = [task for task in folders(root, root / "partial") if layout.is_id(task)]
        for task in store.present(kept):
            beneath.remove_tree(root, layout.partial_folder(root, task))
            partials += 1
        for folder in (root, *(root / name for name in ("leases", "studies", "facts", "invocations"))):
            _sweep_drafts(root, folder)
    return Swept(attempts, leases, partials)


def folders(root: Path, path: Path) -> list[str]:
    """The names of the folders in a folder. Where a link has such a name, a line says that it is left alone."""
    names = []
    for name in beneath.names(root, path):
        if beneath.is_folder(root, path / name):
            names.append(name)
        elif layout.is_id(name):
            _log.warning("%s is no folder, and is left alone", path / name)
    return names


def _names(root: Path, path: Path) -> list[str]:
    """The names in a folder. Where it may not be read, as a colleague's, a line says that it is left alone."""
    try:
        return beneath.names(root, path)
    except PermissionError:
        _log.warning("%s may not be read by you, and is left alone", path)
        return []


def attempts_at(store: Store, task: str) -> list[str]:
    """Names of attempts of which a folder or an owner's file is there."""
    names = _names(store.root, layout.attempts_folder(store.root, task))
    return sorted(filter(layout.is_attempt, {name.removesuffix(".json") for name in names}))


def _sweep_attempt(store: Store, task: str, name: str, clock: Clock) -> bool:
    root, folder = store.root, layout.attempts_folder(store.root, task) / name
    state = attempt_state(store, task, name, clock)
    if state == "dead":
        beneath.remove_tree(root, folder)
    elif state == "ended":
        strip(root, folder)
    if state != "live":
        with contextlib.suppress(ForeignError):
            beneath.remove(root, owner_file(folder))
    return state == "dead"


def _sweep_drafts(root: Path, folder: Path) -> None:
    """Delete the drafts of processes that are gone, and old ones of which nobody here can tell."""
    for name in filter(layout.is_draft, _names(root, folder)):
        left = layout.draft_is_left(name)
        if left is None:
            status = beneath.look(root, folder / name)
            left = status is not None and time.time() - status.st_mtime > _STALE_DRAFT
        if left:
            clear(root, folder / name)


def attempt_state(store: Store, task: str, name: str, clock: Clock = time.monotonic) -> str:
    """Is it "live", "dead", or "ended"? The last stands for an attempt that was given up in order and keeps its log."""
    root, folder = store.root, layout.attempts_folder(store.root, task) / name
    # First the owner, then the ending: an attempt that ends meanwhile has written its ending before it lets go.
    if _is_owned(store, task, owner_file(folder), clock):
        return "live"
    if any(beneath.is_file(root, folder / ending) for ending in (layout.FAILURE, layout.LOST)):
        return "ended"
    return "dead" if beneath.is_folder(root, folder) else "ended"


def _is_owned(store: Store, task: str, owner: Path, clock: Clock) -> bool:
    try:
        document = layout.read_json(store.root, owner, shapes.Owner)
        gone = is_gone(read_process(document))
        under = document["under"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if gone is not None:
        return not gone
    # Another host's: its worker lives as long as it beats, for this task or the one it makes this one in passing for.
    leases = {task, under} if layout.is_id(under) else {task}
    return not all(is_dead(store, held, clock) for held in sorted(leases))
