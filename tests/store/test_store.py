# pyright: reportOptionalMemberAccess=false
import errno
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lmcspec.base.errors import StoreError, UsageError
from lmcspec.store import DamagedError, Store, checked, layout, open_attempt


def test_open_makes_a_store_once(tmp_path):
    first = Store.open(tmp_path / "deep" / "down" / "store")
    assert Store.open(first.root) == first
    assert len(first.id) == 32


def test_makers_at_once_agree(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store.open(tmp_path / "store"), range(16)))
    assert len({store.id for store in stores}) == 1


def test_open_without_create_makes_nothing(tmp_path):
    with pytest.raises(StoreError, match="there is no store") as caught:
        Store.open(tmp_path / "store", create=False)
    assert "--store" in caught.value.help
    assert not (tmp_path / "store").exists()


def test_a_making_that_was_cut_short_is_finished(tmp_path):
    (tmp_path / "objects").mkdir()
    (tmp_path / ".store.json.0123.draft").write_text("{")
    assert list(Store.open(tmp_path).ids()) == []


def test_a_missing_folder_is_made_again(store):
    (store.root / "leases").rmdir()
    Store.open(store.root)
    assert (store.root / "leases").is_dir()


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError) as caught:
            Store.open(path)
        assert "--store" in caught.value.help


def test_a_dangling_link_is_no_store(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path / "link")
    assert "--store" in caught.value.help


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    for create in (True, False):
        with pytest.raises(StoreError, match=r"not a store: it holds 'thesis.tex'") as caught:
            Store.open(tmp_path, create=create)
        assert "--store" in caught.value.help
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_newer_store_is_refused(store):
    layout.replace_json(store.root, store.root / layout.STORE, {"id": store.id, "version": layout.VERSION + 1})
    with pytest.raises(StoreError, match="has version 2") as caught:
        Store.open(store.root)
    assert "upgrade lmcspec" in caught.value.help


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1}', '{"version": "1", "id": "ab"}', '{"id": "../x", "version": 1}']
)
def test_a_damaged_header_is_refused(store, text):
    (store.root / layout.STORE).write_text(text)
    with pytest.raises(StoreError) as caught:
        Store.open(store.root)
    assert caught.value.help


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_place_that_takes_no_store(tmp_path, monkeypatch, number):
    def mkdir(*_, **__):
        raise OSError(number, os.strerror(number), str(tmp_path))

    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path / "store")
    assert caught.value.help


def test_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    def read(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(layout, "read_json", read)
    with pytest.raises(StoreError, match="can't be read: Permission denied") as caught:
        Store.open(tmp_path)
    assert "--store" in caught.value.help


def test_a_store_that_may_only_be_read_can_be_read(store, put, name, monkeypatch):
    put(store, name(1))

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for call in ("mkdir", "link", "rename", "replace", "unlink"):
        monkeypatch.setattr(os, call, refuse)
    again = Store.open(store.root)
    assert again.find(name(1)).scalars == {"error": 0.25}
    assert again.present([name(1), name(2)]) == {name(1)}
    with pytest.raises(StoreError, match="can't be written") as caught:
        open_attempt(again, name(2))
    assert "--store" in caught.value.help


def test_find_gives_what_was_committed(store, put, name):
    put(store, name(1), files={"state.bin": b"abc", "deep/er.txt": b"de"}, scalars={"error": 0.5}, seconds=2.0)
    stored = store.find(name(1))
    assert stored.scalars == {"error": 0.5}
    assert stored.outcome == "ok"
    assert stored.bytes == 5
    assert stored.record["seconds"] == 2.0
    assert stored.task == {"kind": "train"}
    assert stored.has_outputs
    assert (stored.out / "deep" / "er.txt").read_bytes() == b"de"
    assert stored.log.read_text() == "began\nended\n"
    assert stored.metrics.exists()
    assert store.find(name(2)) is None


def test_present_ids_and_prefixes(store, put, name):
    names = [name(number) for number in range(12)]
    for one in names[:10]:
        put(store, one)
    (layout.object_folder(store.root, names[11])).mkdir(parents=True)
    assert store.present(names) == set(names[:10])
    assert list(store.ids()) == sorted(names[:10])
    for one in names[:10]:
        assert store.resolve_prefix(one[:10]) == store.resolve_prefix(one) == one
    with pytest.raises(UsageError, match="no object"):
        store.resolve_prefix(names[11])


def test_an_ambiguous_prefix_names_the_candidates(store, put):
    one, other = "abcd1" + "0" * 59, "abcd2" + "0" * 59
    put(store, one)
    put(store, other)
    with pytest.raises(
        UsageError, match="2 objects have an id that starts with abcd: abcd100000, abcd200000"
    ) as caught:
        store.resolve_prefix("abcd")
    assert "one more digit" in caught.value.help
    assert store.resolve_prefix("abcd1") == one


@pytest.mark.parametrize("prefix", ["", "abc", "ABCD", "../..", "a" * 65, "abcd*"])
def test_what_is_no_prefix(store, prefix):
    with pytest.raises(UsageError, match="not the beginning of an id"):
        store.resolve_prefix(prefix)


def test_no_other_text_reaches_the_disk(store, tree):
    before = tree(store.root.parent)
    for text in ("../../../etc/passwd", "", "A" * 64, "a" * 63):
        for call in (
            store.find,
            store.drop_outputs,
            store.discard,
            lambda one: store.present([one]),
            lambda one: open_attempt(store, one),
        ):
            with pytest.raises(StoreError, match="not an object id"):
                call(text)
    assert tree(store.root.parent) == before


@pytest.mark.parametrize(
    "text", ["", "{}", '{"task": 1}', "[]", '{"task": "ID", "version": 1, "result": {}, "record": {}}']
)
def test_a_damaged_commit_is_an_error_that_says_what_to_do(store, put, name, text, caplog):
    put(store, name(1))
    (store.find(name(1)).path / layout.COMMIT).write_text(text.replace("ID", name(1)))
    with pytest.raises(DamagedError, match="is damaged") as caught:
        store.read(name(1))
    assert "lmcspec verify" in caught.value.help
    assert store.find(name(1)) is store.find(name(1)) is None, "it counts as missing"
    assert [line for line in caplog.messages if "counts as missing" in line] == [
        f"{caught.value}; it counts as missing: `lmcspec run` makes it again where it is needed"
    ], "and is told of once"


def test_an_object_of_a_newer_version_is_neither_used_nor_replaced(store, put, name):
    put(store, name(1))
    path = store.find(name(1)).path / layout.COMMIT
    document = json.loads(path.read_text()) | {"version": 2}
    del document["digest"]
    path.write_text(json.dumps(checked.signed(document)))
    for call in (store.find, lambda one: put(store, one)):
        with pytest.raises(StoreError, match="newer lmcspec"):
            call(name(1))
    assert path.exists()


def test_an_object_in_the_place_of_another_is_damage(store, put, name):
    put(store, name(1))
    target = layout.object_folder(store.root, name(2))
    target.parent.mkdir(exist_ok=True)
    os.rename(store.find(name(1)).path, target)
    with pytest.raises(DamagedError, match="damaged"):
        store.read(name(2))
    assert store.find(name(2)) is None


def test_patience_finds_an_object_that_shows_up_late(store, put, name):
    late = threading.Timer(0.1, put, [store, name(1)])
    late.start()
    assert store.find(name(1)) is None
    assert store.find(name(1), patience=5.0) is not None
    late.join()
    began = time.monotonic()
    assert store.find(name(2), patience=0.1) is None
    assert time.monotonic() - began >= 0.1


def test_dropped_outputs_leave_the_numbers(store, put, name):
    put(store, name(1), files={"state.bin": b"x" * 100})
    put(store, name(2), files={})
    assert store.drop_outputs(name(1)) == 100
    stored = store.find(name(1))
    assert not stored.has_outputs
    assert not stored.out.exists()
    assert stored.scalars == {"error": 0.25}
    assert stored.log.exists()
    assert store.dropped([name(1), name(2), name(3)]) == {name(1)}
    assert store.find(name(2)).has_outputs
    assert store.drop_outputs(name(1)) == 0
    assert not list((store.root / "attempts").iterdir())
    with pytest.raises(StoreError, match="is not in the store"):
        store.drop_outputs(name(3))


def test_a_drop_that_was_cut_short_counts_and_is_finished_by_the_next(store, put, name, monkeypatch):
    put(store, name(1))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lmcspec.store.store.set_aside", killed)
        with pytest.raises(KeyboardInterrupt):
            store.drop_outputs(name(1))
    assert not store.find(name(1)).has_outputs
    store.drop_outputs(name(1))
    assert not store.find(name(1)).out.exists()


def test_running_again_puts_dropped_outputs_back(store, put, name):
    put(store, name(1))
    before = store.find(name(1))
    store.drop_outputs(name(1))
    assert put(store, name(1)) == "committed"
    after = store.find(name(1))
    assert after == before, "the first commit's record stays"
    assert after.has_outputs
    assert (after.out / "state.bin").read_bytes() == b"weights"
    assert not list((store.root / "attempts").iterdir())


def test_dropped_outputs_that_come_out_differently_bring_their_own_numbers(store, put, name, caplog):
    put(store, name(1))
    store.drop_outputs(name(1))
    assert put(store, name(1), files={"state.bin": b"other"}, scalars={"error": 0.5}) == "committed"
    stored = store.find(name(1))
    assert stored.scalars == {"error": 0.5}
    assert (stored.out / "state.bin").read_bytes() == b"other"
    assert "differs" in caplog.text


def test_a_discarded_object_can_be_made_again(store, put, name):
    put(store, name(1))
    assert store.discard(name(1))
    assert not store.discard(name(1))
    assert store.find(name(1)) is None
    assert put(store, name(1)) == "committed"


def test_paths_with_spaces_and_accents(tmp_path: Path, put, name):
    store = Store.open(tmp_path / "mes expériences" / "n° 1")
    put(store, name(1), files={"état final.bin": b"x"})
    assert store.find(name(1)).result["files"].keys() == {"out/état final.bin"}
