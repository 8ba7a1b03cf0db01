# pyright: reportOptionalContextManager=false, reportOptionalMemberAccess=false
import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from manifest_for_tests import manifest

from lmcspec.base import ids
from lmcspec.base.errors import StoreError
from lmcspec.store import Store, failed_attempts, layout, open_attempt, sweep, take


def test_commit_holds_two_parts(store, put, name):
    put(
        store, name(1), files={"a/b.bin": b"abc"}, scalars={"error": 0.25, "n": 3}, numerics={"threads": 1}, seconds=1.5
    )
    document = json.loads((store.find(name(1)).path / layout.COMMIT).read_text())
    assert document["version"] == 1
    assert document["task"] == name(1)
    content = {
        "files": {"out/a/b.bin": {"sha256": hashlib.sha256(b"abc").hexdigest(), "bytes": 3}},
        "scalars": {"error": 0.25, "n": 3},
        "outcome": "ok",
    }
    assert document["result"] == {**content, "digest": ids.digest(content)}
    record = document["record"]
    assert record["files"].keys() == {"task.json", "log.txt", "metrics.jsonl"}
    assert record["files"]["log.txt"]["sha256"] == hashlib.sha256(b"began\nended\n").hexdigest()
    assert (record["kind"], record["numerics"], record["seconds"]) == ("train", {"threads": 1}, 1.5)
    assert {"host", "pid", "attempt", "committed"} <= record.keys()


def test_the_result_is_free_of_clocks_and_hosts(tmp_path, put, name):
    stores = [Store.open(tmp_path / which) for which in "ab"]
    for number, store in enumerate(stores):
        put(store, name(1), seconds=float(number), host=f"host{number}")
    assert manifest(stores[0]) == manifest(stores[1])


def test_nothing_is_visible_before_the_rename(store, name, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "lmcspec.base.faults.reach", lambda point: seen.append((point, store.find(name(1)) is not None))
    )
    attempt = open_attempt(store, name(1))
    (attempt.out / "x").write_bytes(b"x")
    attempt.commit({}, {}, {})
    assert seen == [
        ("attempt.opened", False),
        ("commit.written", False),
        ("commit.marked", False),
        ("commit.renamed", True),
    ]


def test_files_and_folders_are_synced_before_they_are_relied_on(store, name, monkeypatch):
    done = []

    def where(descriptor):
        return os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), store.root)

    fsync, rename = os.fsync, os.rename
    on_disk = {}

    def synced(descriptor):
        fsync(descriptor)
        done.append(("sync", where(descriptor)))
        status = os.fstat(descriptor)
        on_disk[status.st_ino] = status.st_size, status.st_mtime_ns

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(
        os, "rename", lambda a, b, **at: (done.append(("rename", f"{where(at['dst_dir_fd'])}/{b}")), rename(a, b, **at))
    )
    attempt = open_attempt(store, name(1))
    (attempt.out / "deep").mkdir()
    for path in (attempt.out / "x", attempt.out / "deep" / "y", attempt.log_path, attempt.metrics_path):
        path.write_bytes(b"x")
    own = os.path.relpath(attempt.path, store.root)
    attempt.commit({}, {}, {})
    parts = ("out/x", "out/deep/y", "out/deep", "out", "log.txt", "metrics.jsonl", "task.json", "COMMIT")
    renamed = done.index(("rename", f"objects/{name(1)[:2]}/{name(1)}"))
    before = {path for what, path in done[:renamed] if what == "sync"}
    assert before >= {own, *(f"{own}/{part}" for part in parts)}, "what a power loss after the rename would show"
    assert "objects" in before, "the new shelf"
    assert ("sync", f"objects/{name(1)[:2]}") in done[renamed:]
    folder = store.find(name(1)).path
    for path in (path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        assert on_disk[status.st_ino] == (status.st_size, status.st_mtime_ns), "nothing is written after its sync"


def test_the_loser_of_a_race_drops_an_equal_copy(store, name, caplog):
    first, second = open_attempt(store, name(1)), open_attempt(store, name(1))
    for attempt in (first, second):
        (attempt.out / "x").write_bytes(b"x")
    assert first.commit({}, {"scalars": {"a": 1}}, {}) == "committed"
    assert second.commit({}, {"scalars": {"a": 1}}, {}) == "lost"
    assert first.race is None
    assert second.race.equal
    assert "equal result" in caplog.text
    assert not list((store.root / "attempts").iterdir())
    assert store.find(name(1)).record["attempt"] == first.name


def test_the_loser_with_another_result_leaves_a_trace(store, name, caplog):
    first, second = open_attempt(store, name(1)), open_attempt(store, name(1))
    (first.out / "x").write_bytes(b"x")
    (second.out / "x").write_bytes(b"y")
    second.log_path.write_text("mine")
    assert first.commit({}, {}, {}) == "committed"
    assert second.commit({}, {}, {}) == "lost"
    assert not second.race.equal
    assert second.race.theirs == store.find(name(1)).digest
    assert "another result" in caplog.text
    assert layout.read_json(store.root, second.path / layout.LOST) == {
        "ours": second.race.ours,
        "theirs": second.race.theirs,
    }
    assert second.log_path.read_text() == "mine"
    assert not second.out.exists()
    assert sweep(store).attempts == 0, "the trace stays"
    assert failed_attempts(store, name(1)) == []


def test_many_commit_at_once_and_one_wins(store, put, name):
    with ThreadPoolExecutor(8) as pool:
        endings = list(pool.map(lambda _: put(store, name(1)), range(24)))
    assert sorted(endings) == ["committed"] + ["lost"] * 23
    assert store.find(name(1)).has_outputs
    assert not list((store.root / "attempts").iterdir())


def test_a_by_product_is_committed_from_inside_another_attempt(store, name):
    with take(store, name("long")) as lease:
        outer = open_attempt(store, name("long"), lease)
        for number in range(3):
            inner = open_attempt(store, name(number), lease)
            (inner.out / "state.bin").write_bytes(b"at k")
            assert inner.commit({}, {}, {}) == "committed"
        (outer.out / "state.bin").write_bytes(b"at T")
        assert outer.name == lease.attempt
        assert outer.commit({}, {}, {}) == "committed"
    assert len(list(store.ids())) == 4


def test_a_checkpoint_outlives_attempts_but_not_the_commit(store, put, name):
    attempt = open_attempt(store, name(1))
    (attempt.partial / "checkpoint").write_text("half")
    attempt.fail({"class": "interrupted"})
    again = open_attempt(store, name(1))
    assert (again.partial / "checkpoint").read_text() == "half"
    again.commit({}, {}, {})
    assert not list((store.root / "partial").iterdir())


def test_undefined_and_large_numbers_come_back(store, put, name):
    put(store, name(1), scalars={"loss": float("inf"), "count": 2**60, "list": [1, 2.5, None, "x", True]})
    assert store.find(name(1)).scalars == {"loss": float("inf"), "count": 2**60, "list": [1, 2.5, None, "x", True]}


@pytest.mark.parametrize("result", [{"seconds": 1.0}, {"scalars": {"a": {1, 2}}}])
def test_a_result_that_has_no_canonical_form_is_refused(store, name, result):
    attempt = open_attempt(store, name(1))
    with pytest.raises((TypeError, ValueError)):
        attempt.commit({}, result, {})
    assert store.find(name(1)) is None


def test_an_output_must_be_a_plain_file(store, name, tmp_path):
    (tmp_path / "secret").write_text("x")
    attempt = open_attempt(store, name(1))
    (attempt.out / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(StoreError, match="out/link is not a plain file"):
        attempt.commit({}, {}, {})
    assert store.find(name(1)) is None


def test_debris_in_the_place_of_an_object_gives_way(store, put, name, caplog):
    for number, make in enumerate(
        [
            lambda path: path.mkdir(),
            lambda path: (path / "out").mkdir(parents=True),
            lambda path: path.write_text("a file"),
            lambda path: (path.mkdir(), (path / layout.COMMIT).write_text("{")),
        ]
    ):
        target = layout.object_folder(store.root, name(number))
        target.parent.mkdir(exist_ok=True)
        make(target)
        assert put(store, name(number)) == "committed"
        assert store.find(name(number)).has_outputs
    assert not list((store.root / "attempts").iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_full_disk_loses_nothing(store, put, name, monkeypatch, number, call):
    put(store, name(0))
    attempt = open_attempt(store, name(1))
    (attempt.out / "x").write_bytes(b"x" * 1000)
    attempt.log_path.write_text("what happened")

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(StoreError) as caught:
            attempt.commit({}, {}, {})
        assert caught.value.help
        attempt.fail({"class": "user"})  # must not raise, though it can't write either
    assert store.find(name(1)) is None
    assert not attempt.out.exists(), "space is given back"
    assert attempt.log_path.read_text() == "what happened"
    assert store.find(name(0)).has_outputs
    assert put(store, name(1)) == "committed"


def test_an_attempt_whose_folder_was_deleted_says_so(store, name):
    import shutil

    attempt = open_attempt(store, name(1))
    shutil.rmtree(attempt.path)
    with pytest.raises(StoreError, match="went away"):
        attempt.commit({}, {}, {})


def test_opening_and_ending_attempts_at_once(store, name):
    """The empty folder of an id's attempts is removed by who ends and made by who begins."""

    def cycle(_):
        for _ in range(10):
            open_attempt(store, name(1)).fail({"class": "user"})
            attempt = open_attempt(store, name(2))
            attempt.commit({}, {}, {})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(cycle, range(4)))
    assert len(failed_attempts(store, name(1))) == 40
    assert list(store.ids()) == [name(2)]
