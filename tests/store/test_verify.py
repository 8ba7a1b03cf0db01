import json
import os

import pytest

from lmcspec.store import layout, verify
from lmcspec.store.checked import signed
from lmcspec.store.verify import Damage


def _same_size_and_time(path, content):
    before = path.stat()
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def stored(store, put, name):
    put(store, name(0))
    put(store, name(1), files={"state.bin": b"weights", "deep/x.json": b"{}"})
    return store.find(name(1))


def test_a_sound_store(store, stored, name):
    seen = []
    assert verify(store, progress=seen.append) == verify(store, full=False) == []
    assert seen == sorted([name(0), name(1)])


def test_an_edit_of_equal_size_and_time_is_caught_by_reading(store, stored):
    _same_size_and_time(stored.path / "out" / "state.bin", b"weighty")
    assert verify(store) == [Damage(stored.id, "corrupt", "result", "out/state.bin")]
    assert verify(store, full=False) == []


@pytest.mark.parametrize("full", [True, False])
def test_sizes_and_missing_files_are_caught_by_both(store, stored, full):
    (stored.path / "out" / "state.bin").write_bytes(b"weight")
    (stored.path / "out" / "deep" / "x.json").unlink()
    stored.log.unlink()
    assert set(verify(store, full=full)) == {
        Damage(stored.id, "corrupt", "result", "out/state.bin"),
        Damage(stored.id, "missing", "result", "out/deep/x.json"),
        Damage(stored.id, "missing", "record", "log.txt"),
    }


def test_the_record_is_told_from_the_result(store, stored):
    _same_size_and_time(stored.log, b"began\nEnded\n")
    assert verify(store) == [Damage(stored.id, "corrupt", "record", "log.txt")]


def test_outputs_that_were_not_dropped_are_missing(store, stored):
    import shutil

    shutil.rmtree(stored.path / "out")
    assert {damage.path for damage in verify(store, full=False)} == {"out/state.bin", "out/deep/x.json"}


def test_dropped_outputs_are_no_damage(store, stored):
    store.drop_outputs(stored.id)
    assert verify(store) == []


def test_a_file_too_many_and_a_link(store, stored, tmp_path):
    (stored.path / "out" / "more").write_text("x")
    (tmp_path / "same").write_bytes(b"weights")
    (stored.path / "out" / "state.bin").unlink()
    (stored.path / "out" / "state.bin").symlink_to(tmp_path / "same")
    assert {damage.path for damage in verify(store)} == {"out/more", "out/state.bin"}


@pytest.mark.parametrize(("old", "new"), [("0.25", "0.20"), ('"ok"', '"no"'), ('"bytes": 7', '"bytes": 8'), ("{", "[")])
def test_an_edited_commit_is_damage(store, stored, old, new):
    path = stored.path / layout.COMMIT
    path.write_text(path.read_text().replace(old, new, 1))
    assert Damage(stored.id, "corrupt", "result", "COMMIT") in verify(store, full=False)


def test_a_lost_commit_and_an_absent_object(store, stored, name):
    (stored.path / layout.COMMIT).unlink()
    assert verify(store) == [Damage(stored.id, "missing", "result", "COMMIT")]
    assert verify(store, [name(5)]) == [Damage(name(5), "missing", "result", "COMMIT")]


def test_a_commit_that_points_outside_is_damage(store, stored):
    path = stored.path / layout.COMMIT
    document = json.loads(path.read_text().replace("log.txt", "../../../../secret"))
    del document["digest"]
    path.write_bytes(layout.text(signed(document)))
    assert Damage(stored.id, "corrupt", "record", "../../../../secret") in verify(store)


def test_what_is_damaged_can_be_made_again(store, stored, put):
    (stored.path / "out" / "state.bin").write_bytes(b"")
    store.discard(stored.id)
    put(store, stored.id, files={"state.bin": b"weights", "deep/x.json": b"{}"})
    assert verify(store) == []
    assert store.find(stored.id).digest == stored.digest
