"""How a result gets into the store: written to an attempt's folder, then made visible whole by one rename."""

import contextlib
import errno
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from lmcspec.base import beneath, clock, faults, ids
from lmcspec.base.errors import StoreError
from lmcspec.base.on_disk import sync_all
from lmcspec.store import layout
from lmcspec.store.checked import measured, signed
from lmcspec.store.lease import Lease
from lmcspec.store.process import this_process
from lmcspec.store.store import Store, clear, set_aside
from lmcspec.store.stored import DamagedError, Stored, read_commit

_log = logging.getLogger(__name__)
_OCCUPIED = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Race:
    """Somebody else committed the same object first; the digests of both results."""

    ours: str
    theirs: str

    @property
    def equal(self) -> bool:
        """Whether the two are bitwise the same."""
        return self.ours == self.theirs


@dataclass(slots=True)
class Attempt:
    """One try at making an object. Nothing of it can be seen in the store until `commit`."""

    store: Store
    task: str
    name: str
    race: Race | None = None
    """Set by `commit` where the object was there already."""

    @property
    def path(self) -> Path:
        """The attempt's folder, which becomes the object."""
        return layout.attempt_folder(self.store.root, self.task, self.name)

    @property
    def out(self) -> Path:
        """The folder for outputs: plain files, in folders too."""
        return self.path / layout.OUT

    @property
    def log_path(self) -> Path:
        """The file of the log. Nothing may write to it any more when `commit` is called."""
        return self.path / layout.LOG

    @property
    def metrics_path(self) -> Path:
        """The file of metrics, one JSON object a line."""
        return self.path / layout.METRICS

    def open_metrics(self) -> IO[str]:
        """The file of metrics, to add lines to; each is written when it ends."""
        descriptor = beneath.open_file(self.store.root, self.metrics_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)

    @property
    def partial(self) -> Path:
        """A folder that outlives the attempt, for a checkpoint to go on from; deleted when the object is committed."""
        folder = layout.partial_folder(self.store.root, self.task)
        beneath.make_folders(self.store.root, folder)
        return folder

    def commit(
        self, task: dict[str, Any], result: dict[str, Any], record: dict[str, Any]
    ) -> Literal["committed", "lost"]:
        """Make the object visible, for good; "lost" if another attempt was first, see `race`.

        `task` is the recipe. `result` is {"scalars": {...}, "outcome": "ok"}, free of clocks and hosts. `record` says
        how it came about: "seconds", "units" (such as images), "model", "numerics", "times", "events".
        """
        if extra := result.keys() - {"scalars", "outcome"}:
            raise ValueError(f"a result has scalars and an outcome, not {', '.join(sorted(extra))}")
        root = self.store.root
        with layout.writing(root):
            layout.write_json(root, self.path / layout.TASK, task, durable=False)
            files, folders = _outputs(root, self.path)
            content = {
                "files": files,
                "scalars": layout.spelled(result.get("scalars", {})),
                "outcome": result.get("outcome", "ok"),
            }
            beside = [
                name for name in (layout.TASK, layout.LOG, layout.METRICS) if beneath.look(root, self.path / name)
            ]
            faults.reach("commit.written")
            digest = ids.digest(content)
            document = {
                "version": layout.VERSION,
                "task": self.task,
                "result": {**content, "digest": digest},
                "record": {
                    "kind": task.get("kind", ""),
                    **asdict(this_process()),
                    "committed": clock.now(),
                    "attempt": self.name,
                    **record,
                    "files": {name: measured(root, self.path / name) for name in beside},
                },
            }
            layout.write_json(root, self.path / layout.COMMIT, signed(document), durable=False)
            # Nobody sees any of it before the folder is renamed, so that all may get to the disk at once.
            written = [self.path / name for name in (*files, *beside, layout.COMMIT)]
            sync_all(root, [*written, *folders, self.path])
            faults.reach("commit.marked")
            ending = self.publish(digest)
            beneath.remove_tree(root, layout.partial_folder(root, self.task))
            self.forget()
        return ending

    def fail(self, failure: dict[str, Any]) -> None:
        """Give up: keep the log and `failure` (in failure.json), drop the outputs. Never raises for a full disk."""
        root = self.store.root
        strip(root, self.path)
        document = {**failure, "task": self.task, "attempt": self.name, "at": time.time_ns()}
        try:
            layout.replace_json(root, self.path / layout.FAILURE, document)
        except OSError as error:
            _log.warning("can't keep the failure of %s: %s", ids.short(self.task), error)
        with contextlib.suppress(OSError):
            self.forget()

    def publish(self, digest: str) -> Literal["committed", "lost"]:
        """Move the folder, whole and synced, to the object's place; `digest` is that of its result."""
        root = self.store.root
        target = layout.object_folder(root, self.task)
        for _ in range(10):
            try:
                beneath.make_folder(root, target.parent)
                beneath.sync(root, target.parent.parent)
            except FileExistsError:
                pass
            try:
                # Onto a folder that holds anything this fails; that it doesn't onto an empty one does no harm.
                beneath.move(root, self.path, target)
            except OSError as error:
                if error.errno not in _OCCUPIED:
                    raise
            else:
                faults.reach("commit.renamed")
                beneath.sync(root, target.parent)
                return "committed"
            if (ending := self._meet(target, digest)) is not None:
                return ending
        raise StoreError(
            f"object {ids.short(self.task)} can't be put in its place: {target} keeps coming back",
            help="see what else writes there, delete it, and run the same command again",
        )

    def _meet(self, target: Path, digest: str) -> Literal["committed", "lost"] | None:
        """Deal with what is in the object's place; None if the place is free now."""
        root = self.store.root
        beneath.refuse_foreign(root, target, "a file or a folder")
        present = _readable(root, target, self.task)
        if present is None:
            # Not an object: what a copy or a deletion that was cut short has left.
            _log.warning("%s was in the place of an object and is removed", target)
            _clear_debris(self.store, target, self.task)
            return None
        self.race = Race(digest, present.digest)
        if not present.has_outputs and beneath.look(root, self.out):
            if not self.race.equal:
                _log.warning("%s, made again after its outputs were dropped, differs: %s", self.task, self.race)
                with contextlib.suppress(FileNotFoundError):
                    set_aside(root, target, self.task)
                return None
            self._give_back(present)
            return "committed"
        if self.race.equal:
            _log.info("%s was committed by another worker first, with an equal result", self.task)
            beneath.remove_tree(root, self.path)
        else:
            _log.warning("%s was committed by another worker first, with another result: %s", self.task, self.race)
            layout.replace_json(root, self.path / layout.LOST, asdict(self.race))
            beneath.remove_tree(root, self.out)
        return "lost"

    def _give_back(self, present: Stored) -> None:
        """Put our outputs, which are the same, in the place of those that were dropped."""
        root = self.store.root
        out = present.path / layout.OUT
        if beneath.look(root, out):
            set_aside(root, out, self.task)
        beneath.move(root, self.out, out)
        beneath.sync(root, present.path)
        mark = present.path / layout.DROPPED
        beneath.remove_tree(root, mark)  # on a full disk it was made of the outputs
        beneath.remove(root, mark)
        beneath.sync(root, present.path)
        beneath.remove_tree(root, self.path)

    def forget(self) -> None:
        """Let go of the attempt's name, once its folder is gone or its end is noted."""
        beneath.remove(self.store.root, owner_file(self.path))
        with contextlib.suppress(OSError):
            beneath.remove_empty(self.store.root, self.path.parent)


def open_attempt(store: Store, task: str, lease: Lease | None = None) -> Attempt:
    """Begin an attempt at an object; any number may be open at once, of the same object too.

    `lease` is the one it is made under, its own or (for a by-product) that of the task that makes it in passing.
    """
    for tries in range(10):
        leased = lease is not None and lease.task == task and not tries
        attempt = Attempt(store, task, lease.attempt if leased and lease else layout.new_name())
        with layout.writing(store.root):
            # What would stand in the way of the commit is better known before the work than after it.
            for path in (layout.object_folder(store.root, task), layout.partial_folder(store.root, task)):
                beneath.refuse_foreign(store.root, path, "a file or a folder")
            try:
                beneath.make_folders(store.root, attempt.path.parent)
                # The owner is known before the folder exists, so that nobody takes it for a dead worker's.
                owner = {**asdict(this_process()), "under": lease.task if lease else task}
                layout.create_json(store.root, owner_file(attempt.path), owner)
                beneath.make_folder(store.root, attempt.path)
                faults.reach("attempt.opened")
                beneath.make_folder(store.root, attempt.out)
            except FileExistsError:
                continue  # A second attempt under one lease.
            except FileNotFoundError:
                continue  # Another attempt ended just now and took the empty parent folder with it.
        return attempt
    raise StoreError(
        f"can't begin an attempt at {ids.short(task)}: "
        f"its folder {layout.attempts_folder(store.root, task)} disappears",
        help="see what else deletes there, and run the same command again",
    )


def strip(root: Path, attempt: Path) -> None:
    """Delete what an attempt that was given up doesn't keep: all but its log, its metrics and how it ended."""
    beneath.remove_tree(root, attempt / layout.OUT)
    for name in beneath.names(root, attempt):
        if name in (layout.TASK, layout.COMMIT) or layout.is_draft(name):
            with contextlib.suppress(OSError):
                beneath.remove(root, attempt / name)


def owner_file(attempt: Path) -> Path:
    """The file beside an attempt's folder that says which process it belongs to."""
    return attempt.with_name(f"{attempt.name}.json")


def _outputs(root: Path, attempt: Path) -> tuple[dict[str, dict[str, Any]], list[Path]]:
    """All files under out/ with their digests, by path from the attempt's folder; and all folders, innermost first."""
    files: dict[str, dict[str, Any]] = {}
    folders: list[Path] = []
    for path, kind in beneath.walk(root, attempt / layout.OUT):
        if kind == "a folder":
            folders.append(path)
        elif kind == "a file":
            files[path.relative_to(attempt).as_posix()] = measured(root, path)
        else:
            raise StoreError(
                f"the output {path.relative_to(attempt)} is not a plain file", help="write a copy instead of a link"
            )
    return files, folders


def _readable(root: Path, target: Path, task: str) -> Stored | None:
    with contextlib.suppress(DamagedError):
        return read_commit(root, target, task)
    return None


def _clear_debris(store: Store, target: Path, task: str) -> None:
    """Free an object's place of what is no object, without losing one that takes the place meanwhile."""
    root = store.root
    aside = layout.attempt_folder(root, task, layout.new_name())
    layout.create_json(root, owner_file(aside), {**asdict(this_process()), "under": task})
    try:
        beneath.move(root, target, aside)
        if _readable(root, aside, task) is not None:
            beneath.move(root, aside, target)
    except OSError as error:
        if error.errno not in (errno.ENOENT, *_OCCUPIED):
            raise
    clear(root, aside)
    beneath.remove(root, owner_file(aside))
