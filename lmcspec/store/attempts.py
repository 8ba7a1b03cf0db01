"""What is left of attempts that did not become objects: failures, interruptions, and what may be swept away."""

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmcspec.store import layout
from lmcspec.store.commit import owner_file
from lmcspec.store.lease import Clock, clear_dead, is_dead
from lmcspec.store.process import is_gone, read_process
from lmcspec.store.store import Store

_STALE_DRAFT = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed: its folder, with the log, and what was noted of it."""

    attempt: str
    path: Path
    document: dict[str, Any]

    @property
    def log(self) -> Path:
        """What the task wrote; may not exist."""
        return self.path / layout.LOG


@dataclass(frozen=True, slots=True)
class Swept:
    """How much `sweep` removed."""

    attempts: int = 0
    leases: int = 0
    partials: int = 0


def failures(store: Store, task: str) -> list[Failure]:
    """The failed attempts at an object, newest first."""
    found = []
    folder = layout.attempts_folder(store.root, task)
    for name in layout.listed(folder):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            document = layout.read_json(folder / name / layout.FAILURE)
            if isinstance(document, dict):
                found.append(Failure(name, folder / name, document))
    return sorted(found, key=lambda failure: failure.document.get("at", 0), reverse=True)


def interrupted(store: Store, task: str, clock: Clock = time.monotonic) -> bool:
    """Whether work on an object that is not committed was begun and cut short, and nobody is at it now.

    True where a dead worker's attempt or a checkpoint is left; so it still is after a sweep if there was a checkpoint.
    """
    if (layout.object_folder(store.root, task) / layout.COMMIT).exists():
        return False
    states = [_state(store, task, name, clock) for name in _attempts(store, task)]
    if "live" in states or not is_dead(store, task, clock):
        return False
    return "dead" in states or bool(layout.listed(store.root / "partial" / task))


def sweep(store: Store, clock: Clock = time.monotonic) -> Swept:
    """Remove what dead workers left: attempts without failure.json, leases, checkpoints of committed objects.

    Whatever belongs to a process that lives, or may live on another host, stays; safe to run at any time, by several.
    """
    attempts = leases = partials = 0
    with layout.writing(store.root):
        for task in filter(layout.is_id, layout.listed(store.root / "attempts")):
            attempts += sum(_sweep_attempt(store, task, name, clock) for name in _attempts(store, task))
            with contextlib.suppress(OSError):
                layout.attempts_folder(store.root, task).rmdir()
        for name in layout.listed(store.root / "leases"):
            if layout.is_id(task := name.removesuffix(".json")):
                leases += clear_dead(store, task, clock)
        for task in filter(layout.is_id, layout.listed(store.root / "partial")):
            if (layout.object_folder(store.root, task) / layout.COMMIT).exists():
                shutil.rmtree(layout.partial_folder(store.root, task), ignore_errors=True)
                partials += 1
        for folder in (store.root / name for name in ("leases", "studies", "facts")):
            for name in filter(layout.is_draft, layout.listed(folder)):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - (folder / name).stat().st_mtime > _STALE_DRAFT:
                        (folder / name).unlink()
    return Swept(attempts, leases, partials)


def _attempts(store: Store, task: str) -> list[str]:
    """Names of attempts of which a folder or an owner's file is there."""
    names = layout.listed(layout.attempts_folder(store.root, task))
    return sorted({name.removesuffix(".json") for name in names if not layout.is_draft(name)})


def _sweep_attempt(store: Store, task: str, name: str, clock: Clock) -> bool:
    folder = layout.attempts_folder(store.root, task) / name
    state = _state(store, task, name, clock)
    if state == "dead":
        shutil.rmtree(folder, ignore_errors=True)
    if state != "live":
        owner_file(folder).unlink(missing_ok=True)
    return state == "dead"


def _state(store: Store, task: str, name: str, clock: Clock) -> str:
    """Is it "live", "dead", or "ended"? The last stands for an attempt that was given up in order and keeps its log."""
    folder = layout.attempts_folder(store.root, task) / name
    # First the owner, then the ending: an attempt that ends meanwhile has written its ending before it lets go.
    owned = _is_owned(store, task, owner_file(folder), clock)
    if (folder / layout.FAILURE).exists() or (folder / layout.LOST).exists():
        return "ended"
    if owned:
        return "live"
    return "dead" if folder.exists() else "ended"


def _is_owned(store: Store, task: str, owner: Path, clock: Clock) -> bool:
    try:
        document = layout.read_json(owner)
        gone = is_gone(read_process(document))
        under = document["under"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
    if gone is not None:
        return not gone
    # Another host's: its worker lives as long as it beats, for this task or the one it makes this one in passing for.
    leases = {task, under} if layout.is_id(under) else {task}
    return not all(is_dead(store, one, clock) for one in sorted(leases))
