"""Finished objects to a URL and back: on memory, on a disk, and on an object server with its faults."""

import json
import os
import random
import threading
import uuid

import fsspec
import pytest
from object_server_for_tests import ObjectServer

from lmcspec.base.errors import BlockedError, StoreError, UsageError
from lmcspec.store import DamagedError, Store, layout, open_attempt, verify
from lmcspec.store.remote import Remote, RemoteError, shown_url
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import NUMBERS, bring, fetch, remote_ids, send
from lmcspec.tasks.task import own_id

QUICK = {"patience": 0.5, "pauses": (0.0, 0.0)}
FILES = {"state.bin": b"weights", "more/deep/empty": b"", "more/big": random.Random(0).randbytes(3 * 2**20 + 17)}


@pytest.fixture
def server():
    server = ObjectServer()
    yield server
    server.close()


@pytest.fixture(params=["memory", "file", "objects"])
def url(request, tmp_path):
    match request.param:
        case "memory":
            return f"memory://{uuid.uuid4().hex}/study"
        case "file":
            return f"file://{tmp_path}/remote/study"
        case _:
            return request.getfixturevalue("server").url


@pytest.fixture
def remote(url):
    return Remote.at(url, **QUICK)


@pytest.fixture
def other(tmp_path):
    return Store.open(tmp_path / "other")


def commit(store, number=0, files=None, scalars=None):
    """Commit an object whose id is that of its recipe."""
    recipe = {"kind": "train", "version": 1, "params": {"n": number}, "inputs": {}, "seeds": {}, "parts": {}}
    attempt = open_attempt(store, own_id(recipe))
    for path, content in (FILES if files is None else files).items():
        target = attempt.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    attempt.log_path.write_text("began\nended\n")
    attempt.commit(recipe, {"scalars": {"error": 0.25, "odd": float("nan")} if scalars is None else scalars}, {})
    return own_id(recipe)


def content(store, identifier):
    """Every file of an object."""
    folder = layout.object_folder(store.root, identifier)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left(store):
    """What is in a store beside its objects."""
    leases = (store.root / "leases").rglob("*.json")
    return [*leases, *(path for folder in ("attempts", "partial") for path in (store.root / folder).rglob("*"))]


def there(remote, identifier):
    """The files of an object at a URL."""
    folder = f"{remote.root}/objects/{identifier[:2]}/{identifier}"
    return {path.rpartition("/")[2]: remote.filesystem.cat_file(path) for path in remote.filesystem.find(folder)}


def fetched(store, remote, identifier):
    """How fetching ends, or the beginning of what is wrong with what is there."""
    try:
        return fetch(store, remote, identifier)
    except RemoteDamage as error:
        return str(error).removeprefix(f"object {identifier[:10]} at {remote.url} is ").partition(" (")[0]


def put(remote, identifier, name, data):
    remote.write(f"objects/{identifier[:2]}/{identifier}/{name}", data)


def test_there_and_back_every_byte_is_the_same(store, other, remote):
    identifier = commit(store)
    assert send(store, remote, identifier) == "sent"
    assert send(store, remote, identifier) == "there"
    assert fetch(other, remote, identifier) == "fetched"
    assert fetch(other, remote, identifier) == "there"
    assert content(other, identifier) == content(store, identifier)
    assert verify(other) == [] and not left(other)
    assert remote_ids(remote) == [identifier]


def test_what_is_not_there_is_missing(store, other, remote):
    identifier = commit(store)
    assert fetch(other, remote, identifier) == "missing"
    assert remote_ids(remote) == []
    assert not bring(other, remote, identifier)
    assert other.find(identifier) is None and not left(other)
    with pytest.raises(StoreError, match="is not in the store"):
        send(other, remote, identifier)


def test_numbers_travel_without_outputs(store, other, remote, tmp_path):
    identifier = commit(store)
    store.drop_outputs(identifier)
    assert send(store, remote, identifier) == "sent"
    assert set(there(remote, identifier)) >= {NUMBERS} and layout.COMMIT not in there(remote, identifier)
    assert not bring(other, remote, identifier), "a task needs the outputs"
    assert fetch(other, remote, identifier) == "fetched"
    assert other.find(identifier).scalars["error"] == 0.25 and not other.find(identifier).has_outputs
    assert verify(other) == []
    # Who has the outputs sends them; the numbers are enough for who wants no more, and are filled up for a task.
    whole = Store.open(tmp_path / "whole")
    commit(whole)
    assert send(whole, remote, identifier) == "sent"
    assert send(store, remote, identifier) == "there"
    assert fetch(other, remote, identifier) == "there"
    assert bring(other, remote, identifier)
    assert other.find(identifier).has_outputs and verify(other) == [] and not left(other)


def test_a_damaged_object_is_not_sent(store, remote):
    identifier = commit(store)
    (store.find(identifier).path / "out/state.bin").write_bytes(b"weighty")
    with pytest.raises(DamagedError, match=r"state\.bin"):
        send(store, remote, identifier)
    assert remote_ids(remote) == [] and store.find(identifier) is None


def test_a_log_that_was_edited_is_not_sent(store, remote):
    identifier = commit(store)
    (store.find(identifier).path / "log.txt").write_bytes(b"began\nEnded\n")
    with pytest.raises(DamagedError, match=r"log\.txt"):
        send(store, remote, identifier)
    assert layout.COMMIT not in there(remote, identifier)


def test_another_result_of_the_task_stays_with_its_files(store, other, remote, tmp_path):
    first, second = commit(store, scalars={"error": 0.1}), commit(other, scalars={"error": 0.2}, files={"a": b"2"})
    assert first == second
    assert send(store, remote, first) == "sent" and send(other, remote, first) == "other"
    third = Store.open(tmp_path / "third")
    assert fetch(third, remote, first) == "fetched" and third.find(first).scalars == {"error": 0.1}
    assert send(other, remote, first, anew=True) == "sent"
    fourth = Store.open(tmp_path / "fourth")
    assert fetch(fourth, remote, first) == "fetched" and content(fourth, first) == content(other, first)


def test_two_who_send_the_same_at_once_do_no_harm(store, other, remote, tmp_path):
    """Two different results even: file by file in every order, whole is what comes back."""
    identifier = commit(store, scalars={"error": 0.1})
    commit(other, scalars={"error": 0.2}, files={"state.bin": b"others"})
    for number in range(8):
        here = Remote(remote.url, remote.filesystem, f"{remote.root}/{number}", **QUICK)
        threads = [threading.Thread(target=send, args=(one, here, identifier)) for one in (store, other, store)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reader = Store.open(tmp_path / f"reader-{number}")
        assert fetch(reader, here, identifier) == "fetched"
        assert verify(reader) == []
        assert content(reader, identifier) in (content(store, identifier), content(other, identifier))


class Killed(BaseException):
    pass


class Dying:
    """A file system that dies at the call of this number, half a file written."""

    def __init__(self, filesystem, at):
        self._filesystem, self._left = filesystem, at
        self.protocol = filesystem.protocol

    def __getattr__(self, name):
        made = getattr(self._filesystem, name)
        if name not in ("open", "info", "makedirs"):
            return made

        def call(path, mode="rb", **options):
            self._left -= 1
            if self._left < 0:
                if name == "open" and "w" in mode:
                    file = made(path, mode, **options)
                    file.write(b"half")
                    file.close()
                raise Killed
            return made(path, mode, **options) if name == "open" else made(path, **options)

        return call


def test_a_sender_killed_at_any_moment_leaves_no_object_that_counts(store, other, remote):
    identifier = commit(store)
    for at in range(100):
        dying = Remote(remote.url, Dying(remote.filesystem, at), f"{remote.root}/{at}", **QUICK)
        again = Remote(remote.url, remote.filesystem, dying.root, **QUICK)
        try:
            send(store, dying, identifier)
        except Killed:
            assert fetched(other, again, identifier) in ("missing", "damaged: its COMMIT is not JSON: Expecting value")
            assert other.find(identifier) is None and not left(other)
        else:
            break
        assert send(store, again, identifier) == "sent"
        assert fetch(other, again, identifier) == "fetched"
        assert verify(other) == []
        other.discard(identifier)
    else:
        raise AssertionError("it never came through")
    assert at >= 8


def test_a_receiver_killed_at_any_moment_leaves_nothing_that_counts(store, other, remote):
    identifier = commit(store)
    send(store, remote, identifier)
    for at in range(100):
        try:
            fetch(other, Remote(remote.url, Dying(remote.filesystem, at), remote.root, **QUICK), identifier)
        except Killed:
            assert other.find(identifier) is None and not left(other)
        else:
            break
    assert content(other, identifier) == content(store, identifier)


# A hostile one


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


# A server with faults


def test_a_listing_that_lies_is_not_believed(store, other, server):
    remote = Remote.at(server.url, **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    prefix = "bucket/study/objects"
    server.listed = lambda keys: [
        *keys, f"{prefix}/../../etc/passwd", f"{prefix}/zz/{identifier}/COMMIT", f"{prefix}/00/{'0' * 64}/COMMIT",
        f"{prefix}/00/{'1' * 64}/COMMIT", f"{prefix}/ab/x", f"{prefix}/{identifier[:2]}/{identifier.upper()}/COMMIT",
    ]  # fmt: skip
    listed = remote_ids(remote)
    assert listed == ["0" * 64, identifier]
    assert fetch(other, remote, "0" * 64) == "missing"
    server.listed = lambda keys: []
    assert fetch(other, remote, identifier) == "fetched", "objects are asked for by their ids"


def test_a_server_that_fails_now_and_then(store, other, server):
    draws = random.Random(3)
    server.fault = lambda method, key: draws.choice(["fail", "cut", None, None, None])
    remote = Remote.at(server.url, patience=5, pauses=(0.0,) * 12)
    identifier = commit(store)
    assert send(store, remote, identifier) == "sent"
    assert fetch(other, remote, identifier) == "fetched"
    assert content(other, identifier) == content(store, identifier)
    assert len(server.asked) > 20


@pytest.mark.parametrize(
    ("fault", "says"), [("fail", "503"), ("deny", "PermissionError"), ("hang", "no answer for 0.2 s")]
)
def test_a_server_that_is_away_is_an_error_that_says_so(store, other, server, fault, says):
    identifier = commit(store)
    remote = Remote.at(server.url, patience=0.2, pauses=(0.0,))
    server.fault = lambda method, key: fault
    with pytest.raises(RemoteError, match=says) as caught:
        send(store, remote, identifier)
    assert "run the same command again" in caught.value.help
    with pytest.raises(RemoteError, match=says):
        fetch(other, remote, identifier)
    with pytest.raises(RemoteError, match=says):
        remote_ids(remote)
    assert not left(other)
    assert len(server.asked) == (3 if fault == "deny" else 6), "what is refused is not asked for again"


def test_bits_that_flip_on_the_way(store, other, server):
    remote = Remote.at(server.url, **QUICK)
    identifier = commit(store)
    send(store, remote, identifier)
    server.fault = lambda method, key: None if key.endswith(layout.COMMIT) else "flip"
    with pytest.raises(RemoteDamage, match="corrupt"):
        fetch(other, remote, identifier)
    assert not left(other)


# URLs


def test_a_protocol_whose_package_is_missing_says_what_to_type(monkeypatch):
    def missing(url, **_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(BlockedError, match="s3fs") as caught:
        Remote.at("s3://bucket/x")
    assert caught.value.exit_code == 5 and "--with s3fs" in caught.value.help


@pytest.mark.parametrize("url", ["nope://x/y", "", "memory://", "file:///", "/"])
def test_what_is_no_folder_at_a_url(url):
    with pytest.raises(UsageError):
        Remote.at(url)


def test_passwords_are_not_shown(server):
    secret = "sftp://me:secret@host/folder"
    assert shown_url(secret) == "sftp://host/folder"
    server.fault = lambda method, key: "deny"
    remote = Remote(shown_url(secret), Remote.at(server.url).filesystem, "127.0.0.1:1/x", 0.5, ())
    with pytest.raises(RemoteError) as caught:
        remote.read("x", 10)
    assert "secret" not in str(caught.value)
