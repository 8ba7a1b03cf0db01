"""What stands at a URL may be anybody's: nothing leads out of a store, and nothing that is not the object is taken."""

import json
import os
import random
import uuid

import pytest
from remote_objects_for_tests import QUICK, commit, fetched, left, put, there

from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.remote import Remote, RemoteError
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import fetch, send


def doctored(store, identifier, edit, *, sign=True):
    """The text of an object's COMMIT after an edit, with digests that fit if `sign`."""
    from lmcspec.base import ids
    from lmcspec.store.checked import signed

    document = json.loads((store.find(identifier).path / layout.COMMIT).read_text())
    del document["digest"]
    edit(document)
    if sign:
        plain = {name: part for name, part in document["result"].items() if name != "digest"}
        document["result"]["digest"] = ids.digest(plain)
    return layout.text(signed(document))


def rename(new, **changes):
    def edit(document):
        files = document["result"]["files"]
        files[new] = {**files.pop("out/state.bin"), **changes}

    return edit


def beside(name):
    def edit(document):
        document["record"]["files"][name] = document["record"]["files"]["log.txt"]

    return edit


EDITS = {
    "up": rename("out/../../../../escaped"),
    "up in the middle": rename("out/more/../x"),
    "absolute": rename("/tmp/escaped"),
    "beside out": rename("COMMIT2"),
    "out itself": rename("out"),
    "empty part": rename("out//x"),
    "dot": rename("out/./x"),
    "nul": rename("out/a\0b"),
    "escape": rename("out/\x1b[31m"),
    "long part": rename("out/" + "x" * 256),
    "long path": rename("out/" + "/".join(["x" * 200] * 6)),
    "deep": rename("out/" + "/".join("x" * 40)),
    "file and folder": rename("out/more"),
    "huge": rename("out/huge", bytes=2**52),
    "no digest": rename("out/x", sha256="../../COMMIT"),
    "digest of another length": rename("out/x", sha256="ab"),
    "empty": rename("out/x", bytes=0),
    "negative": rename("out/x", bytes=-1),
    "beside a lease": beside("../../leases/x.json"),
    "beside a COMMIT": beside("COMMIT"),
    "no recipe": lambda document: document["record"]["files"].pop("task.json"),
    "another id": lambda document: document.update(task="0" * 64),
    "many": lambda document: document["result"]["files"].update(
        {f"out/{n}": {"sha256": "0" * 64, "bytes": 1} for n in range(10_001)}
    ),
    "no result": lambda document: document["result"].pop("files"),
    "another shape": lambda document: document["result"].update(files=[]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_no_commit_leads_out_of_the_folder_or_beyond_bounds(store, other, edit, tmp_path):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/x", **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    put(remote, identifier, layout.COMMIT, doctored(store, identifier, edit, sign=edit is not EDITS["no result"]))
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(RemoteDamage, match="damaged"):
        fetch(other, remote, identifier)
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert other.find(identifier) is None and not left(other)
    assert send(store, remote, identifier) == "sent", "what is no COMMIT doesn't count as one"


def test_a_recipe_of_another_id_is_not_taken(store, other):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/x", **QUICK)
    first, second = commit(store, 1), commit(store, 2, files={"state.bin": b"other"})
    send(store, remote, second)
    for name, data in there(remote, second).items():
        put(remote, first, name, data)
    with pytest.raises(RemoteDamage, match="of another object"):
        fetch(other, remote, first)
    # With its own id in COMMIT, but the recipe of the other.
    put(remote, first, layout.COMMIT, doctored(store, second, lambda document: document.update(task=first)))
    with pytest.raises(RemoteDamage, match="recipe of another object"):
        fetch(other, remote, first)
    assert other.find(first) is None and not left(other)


def test_every_flip_and_every_cut_is_noticed(store, other):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/x", **QUICK)
    identifier = commit(store, files={"state.bin": b"weights", "other": b"x" * 100})
    send(store, remote, identifier)
    draws = random.Random(1)
    whole = there(remote, identifier)
    trials = 0
    for name, data in whole.items():
        for way in ("flip", "cut", "longer", "gone", "swapped"):
            for _ in range(6):
                at = draws.randrange(len(data))
                match way:
                    case "flip":
                        bad = data[:at] + bytes([data[at] ^ (1 << draws.randrange(8))]) + data[at + 1 :]
                    case "cut":
                        bad = data[:at]
                    case "longer":
                        bad = data + data[:1]
                    case "swapped":
                        bad = next(other for one, other in whole.items() if one != name)
                    case _:
                        remote.filesystem.rm_file(f"{remote.root}/objects/{identifier[:2]}/{identifier}/{name}")
                        bad = None
                if bad is not None:
                    put(remote, identifier, name, bad)
                trials += 1
                gone = name == layout.COMMIT and way == "gone"
                assert fetched(other, remote, identifier).startswith("missing" if gone else "damaged")
                assert other.find(identifier) is None and not left(other)
                put(remote, identifier, name, data)
    assert trials == len(whole) * 30
    assert fetch(other, remote, identifier) == "fetched"


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[" * 100_000, b"\xff", b"null", b"{}", b'{"version": 1e999}', b"x" * 2**25]
)
def test_nonsense_for_a_commit(store, other, text):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/x", **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    put(remote, identifier, layout.COMMIT, text)
    with pytest.raises(RemoteDamage):
        fetch(other, remote, identifier)
    assert other.find(identifier) is None and not left(other)


def test_an_object_that_the_disk_cannot_hold_is_refused_before_it_is_copied(store, other, monkeypatch):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/x", **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((4096, 4096, 10, 10, 10, 10, 10, 10, 0, 255)))
    with pytest.raises(StoreError, match="no room for an object of 3,1"):
        fetch(other, remote, identifier)
    assert not left(other)


@pytest.mark.parametrize("trap", ["link", "link to the store", "pipe", "folder"])
def test_nothing_on_a_disk_is_read_through_a_link(store, other, tmp_path, trap):
    remote = Remote.at(f"file://{tmp_path}/remote", **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    place = tmp_path / "remote/objects" / identifier[:2] / identifier / layout.COMMIT
    text = place.read_bytes()
    place.unlink()
    match trap:
        case "link":
            (tmp_path / "elsewhere").write_bytes(text)
            place.symlink_to(tmp_path / "elsewhere")
        case "link to the store":
            place.symlink_to(store.find(identifier).path / layout.COMMIT)
        case "pipe":
            os.mkfifo(place)
        case _:
            place.mkdir()
    with pytest.raises((RemoteError, RemoteDamage)):
        fetch(other, remote, identifier)
    assert other.find(identifier) is None and not left(other)


def test_nothing_is_written_through_a_link(store, tmp_path):
    remote = Remote.at(f"file://{tmp_path}/remote", **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    folder = tmp_path / "remote/objects" / identifier[:2] / identifier
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for place in folder.iterdir():
        place.unlink()
        place.symlink_to(precious)
    send(store, remote, identifier, anew=True)
    assert precious.read_text() == "mine"
    assert not any(place.is_symlink() for place in folder.iterdir())
