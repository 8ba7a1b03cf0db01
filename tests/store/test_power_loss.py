"""The power goes at any moment of a commit: what was never synced may be there or not, and nothing half is believed.

The disk is a model: contents of files and lists of names last once they were synced, each by itself, and not before.
At every call that changes the disk the states that a power loss could leave are built in another folder and looked at.
"""

import shutil
import threading
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from system_calls_for_tests import watched

from lmcspec.base import beneath
from lmcspec.store import Store, open_attempt, sweep, take, verify


@dataclass
class Disk:
    """What is under a folder now, and what of it is there to stay."""

    root: Path
    uids: dict[int, int] = field(default_factory=dict)
    """Inode -> a number that is never used again."""
    contents: dict[int, bytes] = field(default_factory=dict)
    names: dict[int, dict[str, int]] = field(default_factory=dict)
    lasting_contents: dict[int, bytes] = field(default_factory=dict)
    lasting_names: dict[int, dict[str, int]] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    def look(self) -> None:
        """Take in what is there now."""
        seen = {self.root.stat().st_ino, *(path.lstat().st_ino for path in self.root.rglob("*"))}
        self.uids = {inode: uid for inode, uid in self.uids.items() if inode in seen}
        for inode in seen - self.uids.keys():
            self.uids[inode] = next(self.numbers)
        for path in (self.root, *self.root.rglob("*")):
            uid = self.uid(path)
            if path.is_dir():
                self.names[uid] = {below.name: self.uid(below) for below in path.iterdir()}
            else:
                self.contents[uid] = path.read_bytes()

    def uid(self, path: Path) -> int:
        return self.uids[path.lstat().st_ino]

    def synced(self, path: Path) -> None:
        uid = self.uid(path)
        if uid in self.names:
            self.lasting_names[uid] = self.names[uid]
        else:
            self.lasting_contents[uid] = self.contents[uid]

    def settle(self) -> None:
        """All that is there now lasts."""
        self.look()
        self.lasting_names.update(self.names)
        self.lasting_contents.update(self.contents)

    def after_a_loss(self, target: Path, *, names: bool, contents: bool, folder: int | None = None) -> None:
        """Build what is left where unsynced lists of `names`, or unsynced `contents`, got to the disk all the same."""
        folder = self.uid(self.root) if folder is None else folder
        target.mkdir()
        # A folder that was made and never synced is there with nothing in it.
        for name, uid in (self.names[folder] if names else self.lasting_names.get(folder, {})).items():
            if uid in self.names:
                self.after_a_loss(target / name, names=names, contents=contents, folder=uid)
            else:
                (target / name).write_bytes((self.contents if contents else self.lasting_contents).get(uid, b""))


STATES = [(names, contents) for names in (False, True) for contents in (False, True)]


def trouble(disk, place, reported, expected):
    """What is wrong after a power loss now, in each of the states that it could leave."""
    wrong = []
    for number, (listed, written) in enumerate(STATES):
        target = place / f"{number}"
        disk.after_a_loss(target, names=listed, contents=written)
        left = Store.open(target, create=False)
        damage = [piece for piece in verify(left) if piece.part == "result"]
        there = {task for task in expected if left.find(task) is not None}
        if damage or not reported <= there:
            wrong.append((listed, written, damage, reported - there))
        sweep(left)
        for task in expected - there:
            again = open_attempt(left, task)
            if again.commit({"kind": "train"}, {}, {}) != "committed":
                wrong.append((listed, written, "can't be done again"))
        shutil.rmtree(target)
    return wrong


def moments(store, tasks):
    """(what was done, the disk then, what was reported by then) after each call of two tasks' lives."""
    disk, reported, kept = Disk(store.root), set(), []
    disk.settle()
    one_at_a_time = threading.Lock()

    def watcher(moment, said):
        if moment == "before":
            return
        with one_at_a_time:  # the disk's own threads
            disk.look()
            call, _, path = said.partition(" ")
            if call == "fsync":
                disk.synced(Path(path))
            then = {name: dict(getattr(disk, name)) for name in COPIED}
            kept.append((said, replace(disk, **then), frozenset(reported)))

    with watched(watcher), take(store, tasks[0]) as lease:
        attempt = open_attempt(store, tasks[0], lease)
        (attempt.out / "deep").mkdir()
        (attempt.out / "deep" / "state.bin").write_bytes(b"weights")
        attempt.log_path.write_text("log")
        attempt.metrics_path.write_text("{}\n")
        inner = open_attempt(store, tasks[1], lease)
        (inner.out / "snapshot.bin").write_bytes(b"snapshot")
        inner.commit({"kind": "train"}, {"scalars": {"a": 1}}, {})
        reported.add(tasks[1])
        attempt.commit({"kind": "train"}, {"scalars": {"error": 0.5}}, {})
        reported.add(tasks[0])
    return kept


COPIED = ("uids", "contents", "names", "lasting_contents", "lasting_names")


def losses(store, tmp_path, tasks):
    """(after what, what is wrong) for all states that a power loss could leave."""
    for number, (said, disk, reported) in enumerate(moments(store, tasks)):
        place = tmp_path / f"after{number}"
        place.mkdir()
        for wrong in trouble(disk, place, reported, set(tasks)):
            yield said, wrong


@pytest.mark.slow
def test_what_was_reported_is_there_and_nothing_half_is_believed(store, name, tmp_path):
    assert list(losses(store, tmp_path, (name(1), name(2)))) == []
    assert len(list(tmp_path.glob("after*"))) > 60


@pytest.mark.slow
@pytest.mark.parametrize("left_out", ["state.bin", "COMMIT", "deep", "out", "shelf"])
def test_a_sync_that_is_left_out_shows(store, name, tmp_path, monkeypatch, left_out):
    """Each of them is needed, and the model would tell."""
    sync = beneath.sync

    def careless(root, path):
        if (path.parent.name if left_out == "shelf" else path.name) != ("objects" if left_out == "shelf" else left_out):
            sync(root, path)

    monkeypatch.setattr(beneath, "sync", careless)
    assert next(losses(store, tmp_path, (name(1), name(2))), None)
