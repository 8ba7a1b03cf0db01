"""An object server that fails, hangs, lies and flips bits; and what is no URL."""

import random

import fsspec
import pytest
from remote_objects_for_tests import QUICK, commit, content, left

from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.store import layout
from lmcspec.store.remote import Remote, RemoteError, shown_url
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import fetch, remote_ids, send


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
