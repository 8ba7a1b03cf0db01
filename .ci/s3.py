"""Objects and checkpoints to and from S3's own protocol: s3fs against moto's server, on loopback.

In an environment of its own, for botocore wants an older python-dateutil than the pinned one:
`uv run --isolated --no-project --with s3fs --with "moto[server]" … python .ci/s3.py`, as `.ci/full` has it.
"""

import json
import logging
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION="us-east-1")

import fsspec
from moto.server import ThreadedMotoServer

from lmcspec.store import Store, layout, open_attempt, verify
from lmcspec.store.remote import Remote, RemoteError
from lmcspec.store.remote_checkpoints import fetch_checkpoint, is_there, send_checkpoint
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_copies import fetch_all, send_all
from lmcspec.store.remote_gc import delete_objects
from lmcspec.store.remote_objects import fetch, remote_ids, send
from lmcspec.tasks.checkpoint import CHECKPOINT
from lmcspec.tasks.task import own_id

URL = "s3://bucket/study"


def commit(store: Store, number: int, size: int) -> str:
    recipe = {"kind": "train", "version": 1, "params": {"n": number}, "inputs": {}, "seeds": {}, "parts": {}}
    attempt = open_attempt(store, own_id(recipe))
    (attempt.out / "state.bin").write_bytes(os.urandom(size))
    (attempt.out / "empty").write_bytes(b"")
    attempt.log_path.write_text("a line\n")
    attempt.commit(recipe, {"scalars": {"error": 0.25}}, {})
    return own_id(recipe)


def main(folder: Path) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    fsspec.config.conf["s3"] = {"endpoint_url": f"http://{host}:{port}"}
    filesystem, _ = fsspec.core.url_to_fs(URL)
    filesystem.mkdir("bucket")
    store, other = Store.open(folder / "store"), Store.open(folder / "other")
    # One of several parts, as S3 has them from 5 MiB on.
    names = [commit(store, number, 12 * 2**20 if not number else 1000) for number in range(20)]
    remote = Remote.at(URL)
    assert len(send_all(store, remote).copied) == 20
    assert len(send_all(store, remote).there) == 20
    assert len(fetch_all(other, remote).copied) == 20
    assert {name: store.find(name).digest for name in names} == {name: other.find(name).digest for name in names}
    assert verify(other) == []
    spoilt = next(path for path, of in filesystem.find("bucket", detail=True).items() if of["size"] == 1000)
    filesystem.pipe_file(spoilt, filesystem.cat_file(spoilt)[:-1] + b"?")
    name = spoilt.split("/")[-2]
    other.discard(name)
    try:
        fetch(other, remote, name)
    except RemoteDamage as error:
        print(error)
    else:
        raise AssertionError("a changed byte was not noticed")
    assert send(store, remote, name, anew=True) == "sent" and fetch(other, remote, name) == "fetched"
    assert fetch(other, remote, "0" * 64) == "missing"
    head = json.dumps({"__metadata__": {"done": "7", "unit": "update"}}).encode()
    checkpoint = len(head).to_bytes(8, "little") + head + os.urandom(12 * 2**20)
    unfinished = "2" * 64
    folder_of = layout.partial_folder(store.root, unfinished)
    folder_of.mkdir(parents=True)
    (folder_of / CHECKPOINT).write_bytes(checkpoint)
    assert send_checkpoint(store, remote, unfinished) and fetch_checkpoint(other, remote, unfinished)
    assert (layout.partial_folder(other.root, unfinished) / CHECKPOINT).read_bytes() == checkpoint
    delete_objects(remote, [*names[:5], unfinished])
    assert set(remote_ids(remote)) == {*names[5:]} and not is_there(remote, unfinished)
    assert len(filesystem.find("bucket/study/checkpoints")) == 0
    server.stop()
    try:
        fetch(other, Remote.at(URL, patience=3, pauses=(0.1,)), "1" * 64)
    except RemoteError as error:
        print(f"20 objects there and back; then, with the server gone: {str(error)[:80]} …")
    else:
        raise AssertionError("a server that is gone was not noticed")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
