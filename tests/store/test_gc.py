"""What is set aside and deleted: on full disks, beside links, where the system refuses."""

import errno
import os

import pytest
from stores_for_tests import fail, interrupt, name_of, put

from lmcspec.base import beneath
from lmcspec.store import Index, Store, interrupted, layout, open_attempt, sweep, take, verify
from lmcspec.store.gc import Bin
from lmcspec.store.room import Piece, room

A, B, C, D = map(name_of, "abcd")


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def pieces(store):
    """Everything that could be deleted, all results whole."""
    held = room(store)
    return [*(result.whole for result in held.results.values()), *held.checkpoints, *held.dead, *held.ended]


def collect(store, some):
    rubbish = Bin(store)
    rubbish.set_aside(some)
    rubbish.empty()
    return rubbish


def test_all_of_it_goes_and_nothing_else(store, tree):
    before = tree(store.root)
    for identifier in (A, B):
        put(store, identifier)
    fail(store, C)
    interrupt(store, D)
    (store.root / "objects" / "notes.txt").write_text("mine")
    (store.root / "objects" / A[:2] / "mine").mkdir()
    rubbish = collect(store, pieces(store))
    assert len(rubbish.gone) == 4 and not rubbish.stuck
    left = tree(store.root) - before
    shelves = {f"objects/{identifier[:2]}" for identifier in (A, B)}
    assert {path for path in left if not path.startswith("index")} == shelves | {
        "objects/notes.txt",
        f"objects/{A[:2]}/mine",
    }


def test_the_room_of_a_store_is_what_lies_in_it(store):
    put(store, A, size=1000, kind="train", study="x", committed=5.0)
    put(store, B, size=2000, kind="prune", dropped=True)
    fail(store, C)
    interrupt(store, D)
    (store.root / "reports" / "x").mkdir(parents=True)
    (store.root / "reports" / "x" / "index.html").write_bytes(b"r" * 70)
    held = room(store)
    on_disk = {
        part: sum(path.stat().st_size for path in (store.root / part).rglob("*") if path.is_file())
        for part in ("objects", "attempts", "partial", "reports")
    }
    mark = len("{}")  # in DROPPED
    assert sum(result.bytes for result in held.results.values()) == on_disk["objects"] - mark
    assert sum(piece.bytes for piece in held.ended) == on_disk["attempts"] > 0
    assert sum(piece.bytes for piece in held.checkpoints) == on_disk["partial"] == 50
    assert held.others["reports"] == on_disk["reports"] == 70
    assert (held.results[A].files, held.results[B].files) == (1000, 0)
    assert (held.results[A].study, held.results[A].written, held.results[A].kind) == ("x", 5.0, "train")
    assert held.results[B].dropped and held.stored == {A, B}
    total = sum(
        path.stat().st_size
        for path in store.root.rglob("*")
        if path.is_file() and not path.name.startswith("index.sqlite")
    )
    other = {name: count for name, count in held.others.items() if name != "index"}
    assert held.bytes - held.others["index"] == total - mark - (store.root / "store.json").stat().st_size
    assert set(other) == {"journals", "MLflow", "reports", "studies and facts"}


def test_the_index_is_brought_up_to_date_whatever_was_killed(store):
    put(store, A)
    with Index(store) as index:
        assert index.ids() == {A}
    put(store, B)
    (layout.object_folder(store.root, A)).rename(store.root / "objects" / A[:2] / "elsewhere")
    assert set(room(store).results) == {B}
    with Index(store) as index:
        assert index.ids() == {B}


@pytest.fixture
def full(monkeypatch):
    """A disk that has no room for anything new."""

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill():
        for name in ("make_folders", "make_folder", "write", "link"):
            monkeypatch.setattr(beneath, name, refuse)

    return fill


def test_on_a_full_disk_nothing_has_to_be_written_first(store, full):
    for identifier in (A, B):
        put(store, identifier)
    fail(store, C)
    interrupt(store, D)
    kept = room(store).results[B].outputs
    some = [piece for piece in pieces(store) if piece.id != B]
    full()
    rubbish = collect(store, [kept, *some])
    assert not rubbish.stuck and len(rubbish.gone) == 4
    assert list(store.ids()) == [B]
    assert not store.find(B).has_outputs and verify(store) == []
    assert not list((store.root / "attempts").rglob("*.txt")) and not any((store.root / "partial").iterdir())
    assert room(store).results[B].files == 0


def test_outputs_that_were_dropped_on_a_full_disk_come_back(store, full, monkeypatch):
    with take(store, A) as lease:
        attempt = open_attempt(store, A, lease)
        (attempt.out / "x").write_bytes(b"again")
        attempt.commit({"kind": "train"}, {}, {})
    with monkeypatch.context():
        full()
        collect(store, [room(store).results[A].outputs])
    monkeypatch.undo()
    assert (store.find(A).path / "DROPPED").is_dir() and not store.find(A).has_outputs
    attempt = open_attempt(store, A)
    (attempt.out / "x").write_bytes(b"again")
    assert attempt.commit({"kind": "train"}, {}, {}) == "committed"
    assert store.find(A).has_outputs and verify(store) == []
    assert not (store.find(A).path / "DROPPED").exists()


def test_what_was_cut_off_while_it_was_dropped_is_gone_on_with(store):
    for identifier in (A, B, C):
        put(store, identifier, size=500)
    (layout.object_folder(store.root, A) / "DROPPED").write_text("{}")
    folder = layout.object_folder(store.root, B)
    (folder / "out").rename(folder / "DROPPED")
    held = room(store)
    assert [held.results[one].files for one in (A, B, C)] == [500, 500, 500]
    assert [held.results[one].dropped for one in (A, B, C)] == [True, True, False]
    collect(store, [held.results[A].outputs, held.results[B].outputs])
    assert [room(store).results[one].files for one in (A, B, C)] == [0, 0, 500]
    assert verify(store) == []


def test_links_are_neither_followed_nor_deleted_in_the_place_of_ours(store, tmp_path):
    victim = tmp_path / "victim"
    (victim / "out").mkdir(parents=True)
    for name in ("COMMIT", "out/precious", f"{'a' * 32}.json"):
        (victim / name).write_text("theirs")
    before = sorted((path, path.lstat().st_mtime) for path in victim.rglob("*"))
    put(store, A)
    put(store, B)
    inside = layout.object_folder(store.root, B) / "out"
    (inside / "link").symlink_to(victim)
    some = pieces(store)
    place = layout.object_folder(store.root, A)
    place.rename(tmp_path / "moved")
    place.symlink_to(victim)
    (store.root / "partial" / C).symlink_to(victim)
    (store.root / "objects" / "zz").symlink_to(victim)
    rubbish = collect(store, some)
    assert [piece.id for piece in rubbish.gone] == [B], "with the link in it, not with what that leads to"
    assert [(one.piece.id, "is a symbolic link" in one.why) for one in rubbish.stuck] == [(A, True)]
    assert place.is_symlink() and not layout.object_folder(store.root, B).exists()
    assert sorted((path, path.lstat().st_mtime) for path in victim.rglob("*")) == before
    assert not room(store).results.keys() & {A, C}
    outputs = put(store, D) / "out"
    whole = room(store).results[D].outputs
    outputs.rename(tmp_path / "out")
    outputs.symlink_to(victim / "out")
    assert collect(store, [whole]).stuck
    assert sorted((path, path.lstat().st_mtime) for path in victim.rglob("*")) == before


def test_what_the_system_refuses_is_told_and_the_rest_goes(store, monkeypatch):
    for identifier in (A, B):
        put(store, identifier)
    real = beneath.move

    def refuse(root, old, new):
        if old.name == A:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(root, old, new)

    monkeypatch.setattr(beneath, "move", refuse)
    rubbish = collect(store, pieces(store))
    assert [piece.id for piece in rubbish.gone] == [B]
    assert [(one.piece.id, one.why) for one in rubbish.stuck] == [(A, "Permission denied")]
    assert list(store.ids()) == [A] and verify(store) == []


def test_attempts_in_progress_stay(store):
    with take(store, A) as lease:
        attempt = open_attempt(store, A, lease)
        (attempt.out / "x").write_bytes(b"12345")
        held = room(store)
        assert (held.dead, held.ended, held.held) == ((), (), 5)
        collect(store, [Piece("attempt", A, 5, 0.0, name=attempt.name)])
        assert (attempt.out / "x").exists()
    fail(store, B)
    collect(store, list(room(store).ended))
    assert not (store.root / "attempts" / B).exists()


def test_a_bin_that_was_not_emptied_is_swept_and_makes_no_task_interrupted(store):
    put(store, A)
    rubbish = Bin(store)
    rubbish.set_aside(pieces(store))
    assert not interrupted(store, A)
    assert room(store).dead and room(store).dead[0].id != A
    assert sweep(store).attempts == 1
    assert not any((store.root / "attempts").iterdir())
