# pyright: reportOptionalMemberAccess=false
"""What is read was checked: any byte of COMMIT or of a file, swapped folders and files, and how often that is done."""

import hashlib
import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmcspec.base.errors import StoreError
from lmcspec.store import DamagedError, Store, checked, layout, verify


@pytest.fixture
def stored(store, put, name):
    put(
        store,
        name(1),
        files={"state.bin": b"weights", "deep/x.json": b"{}"},
        scalars={"loss": float("nan"), "tiny": 3e-7, "big": 1e30},
        seconds=2.5,
    )
    return store.find(name(1))


def commit_of(stored):
    return stored.path / layout.COMMIT


def test_commit_has_a_digest_of_all_the_rest(stored):
    document = json.loads(commit_of(stored).read_text())
    digest = document.pop("digest")
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    assert digest == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_document_in_another_form_is_the_same(store, stored):
    path = commit_of(stored)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert store.read(stored.id).digest == stored.digest
    path.write_text(path.read_text().replace("3e-07", "4e-07"))
    with pytest.raises(DamagedError, match="not as it was written"):
        store.read(stored.id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_of_commit_flips_unnoticed(store, stored, where, bit):
    path = commit_of(stored)
    whole = path.read_bytes()
    content = bytearray(whole)
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = store.find(stored.id)
        # Blanks between things may change: they mean the same.
        assert found is None or json.loads(content) == json.loads(whole)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("version", [2, 3, 5, 9, 10**12])
@pytest.mark.parametrize("signed", [True, False])
def test_a_version_that_was_changed_is_damage_and_no_newer_lmcspecs(store, stored, version, signed):
    path = commit_of(stored)
    document = json.loads(path.read_text())
    if not signed:
        del document["digest"]
    path.write_text(json.dumps({**document, "version": version}, sort_keys=True, indent=1))
    with pytest.raises(DamagedError, match="its version is not as it was written"):
        store.read(stored.id)
    assert store.find(stored.id) is None
    document["version"] = version
    document["record"]["new"] = "field"
    document = {key: document[key] for key in document if key != "digest"}
    path.write_text(json.dumps(checked.signed(document), sort_keys=True, indent=1))
    with pytest.raises(StoreError, match="newer lmcspec"):
        Store.open(store.root).read(stored.id)


@pytest.mark.parametrize("where", ["result", "record", "scalars"])
def test_an_edited_number_is_never_given_out(store, stored, where):
    path = commit_of(stored)
    document = json.loads(path.read_text())
    place = document["result"]["scalars"] if where == "scalars" else document[where]
    place["new" if where == "record" else "outcome" if where == "result" else "tiny"] = 0.5
    path.write_text(json.dumps(document, sort_keys=True, indent=1))
    assert store.find(stored.id) is None
    assert verify(store)[0].part == "result"


def test_an_old_commit_is_held_by_the_digest_of_its_result(store, stored):
    path = commit_of(stored)
    document = json.loads(path.read_text())
    del document["digest"]
    path.write_text(json.dumps(document))
    assert store.read(stored.id).digest == stored.digest
    document["result"]["scalars"]["tiny"] = 0.5
    path.write_text(json.dumps(document))
    assert store.find(stored.id) is None


@pytest.mark.parametrize("digest", [None, 1, "", "0" * 64, [], {"nonfinite": "nan"}])
def test_a_digest_that_is_none(store, stored, digest):
    path = commit_of(stored)
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": digest}))
    assert store.find(stored.id) is None


def test_swapped_objects_commits_and_files_are_damage(store, put, name):
    for number in (1, 2):
        put(store, name(number), files={"state.bin": b"%d" % number})
    one, two = (store.find(name(number)).path for number in (1, 2))

    def swap(part):
        away = store.root / "away"
        (one / part).rename(away)
        (two / part).rename(one / part)
        away.rename(two / part)

    swap("COMMIT")
    assert store.find(name(1)) is store.find(name(2)) is None
    swap("COMMIT")
    for part in ("out/state.bin", "out"):
        swap(part)
        for number in (1, 2):
            with pytest.raises(DamagedError, match=r"out/state.bin is corrupt"):
                _ = store.find(name(number)).out
            assert store.reconsider(name(number))
        swap(part)
    assert [store.find(name(number)).out.is_dir() for number in (1, 2)] == [True, True]
    one.rename(store.root / "away")
    two.rename(one)
    assert store.find(name(1)) is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda out: (out / "state.bin").write_bytes(b"Weights"),
        lambda out: os.truncate(out / "state.bin", 3),
        lambda out: (out / "state.bin").write_bytes(b""),
        lambda out: (out / "state.bin").unlink(),
        lambda out: (out / "deep" / "x.json").unlink(),
        lambda out: shutil.rmtree(out / "deep"),
        lambda out: (out / "optimiser.bin").write_bytes(b"planted"),
        lambda out: ((out / "state.bin").unlink(), (out / "state.bin").mkdir()),
        lambda out: ((out / "state.bin").unlink(), os.mkfifo(out / "state.bin")),
    ],
)
def test_outputs_are_read_only_where_they_are_what_was_committed(store, stored, harm):
    assert stored.out == stored.path / "out"
    harm(stored.path / "out")
    with pytest.raises(DamagedError, match=r"is (corrupt|missing)"):
        _ = stored.out
    assert store.find(stored.id) is None and store.reconsider(stored.id)
    assert Store.open(store.root, trusted=True).find(stored.id).out == stored.path / "out"


@pytest.mark.parametrize("odd", ["out/\0", "out/\ud800", f"out/{'x' * 300}", "x/" * 3000, "", "..", "/etc/passwd"])
def test_a_file_of_a_name_that_none_has_is_missing_or_corrupt(stored, odd):
    known = {"sha256": hashlib.sha256(b"").hexdigest(), "bytes": 0}
    (problem,) = checked.problems(stored.root, stored.path, {odd: known})
    assert problem in {(odd, "missing"), (odd, "corrupt")}


def test_the_recipe_is_checked_too(store, stored):
    (stored.path / layout.TASK).write_text('{"kind": "other"}\n')
    with pytest.raises(DamagedError, match=r"task.json is corrupt"):
        _ = stored.task


def test_what_can_t_be_read_is_not_called_damaged(store, stored, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checked, "_has_digest", refuse)
    with pytest.raises(StoreError, match="can't be read") as caught:
        _ = stored.out
    assert not isinstance(caught.value, DamagedError)
    assert {damage.problem for damage in verify(store)} == {"unreadable"}

    def unreadable(root, path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lmcspec.base.beneath.reading", unreadable)
    with pytest.raises(StoreError, match=r"COMMIT of object .* can't be read") as caught:
        store.find(stored.id)
    assert not isinstance(caught.value, DamagedError), "or a run would throw away what is whole"


def test_a_file_is_read_once_in_a_process(store, stored, monkeypatch):
    reads = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, how: (reads.append(1), digest(file, how))[1])
    _ = stored.out
    assert len(reads) == 2
    _ = stored.out
    assert len(reads) == 4, "written a moment ago: it could have been written again since, under equal times"
    monkeypatch.setattr(checked, "_GRAIN", -1)
    _, _ = stored.out, stored.out
    assert len(reads) == 6
    old = (stored.path / "out" / "state.bin").stat()
    (stored.path / "out" / "state.bin").write_bytes(b"Weights")
    os.utime(stored.path / "out" / "state.bin", ns=(old.st_atime_ns, old.st_mtime_ns))
    with pytest.raises(DamagedError):
        _ = stored.out


def test_what_is_found_damaged_by_whoever_reads_it_counts_as_missing(store, stored):
    (stored.path / "out" / "state.bin").write_bytes(b"wEights")
    with pytest.raises(DamagedError, match=r"state.bin is corrupt"):
        _ = stored.out
    assert store.present([stored.id]) == set()
    (stored.path / "out" / "state.bin").write_bytes(b"weights")
    assert store.reconsider(stored.id) and store.find(stored.id).out


def test_metrics_are_those_that_were_committed(store, stored, put, name):
    text = stored.metrics.read_text()
    (stored.path / layout.METRICS).write_text(text.replace("1.5", "9.5"))
    with pytest.raises(DamagedError, match=r"metrics.jsonl is corrupt"):
        _ = stored.metrics
    assert Store.open(store.root, trusted=True).find(stored.id).metrics.read_text() != text
    assert store.find(stored.id) is not None, "its numbers are as they were"
    document = json.loads(commit_of(stored).read_text())
    del document["digest"], document["record"]["files"][layout.METRICS]
    commit_of(stored).write_bytes(layout.text(checked.signed(document)))
    with pytest.raises(DamagedError, match="came after it was committed"):
        _ = store.find(stored.id).metrics


def test_what_was_taken_out_counts_as_missing_and_can_be_taken_back(store, stored, name):
    assert store.take_out(stored.id)
    assert store.present([stored.id]) == set() and store.find(stored.id) is None
    assert list(store.ids()) == []
    with pytest.raises(DamagedError, match="found so before"):
        store.read(stored.id)
    assert verify(store)[0].part == "result"
    assert not store.take_out(stored.id) and not store.take_out(name(2))
    assert store.reconsider(stored.id) and not store.reconsider(stored.id)
    assert store.find(stored.id).digest == stored.digest


def test_making_it_again_takes_the_place_of_what_was_taken_out(store, stored, put):
    store.take_out(stored.id)
    assert put(store, stored.id) == "committed"
    assert store.find(stored.id).scalars == {"error": 0.25}
    assert verify(store) == []
