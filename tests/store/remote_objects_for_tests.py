"""Objects that travel, and what is left of them here and there."""

import random

from lmcspec.store import layout, open_attempt
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import fetch
from lmcspec.tasks.task import own_id

QUICK = {"patience": 0.5, "pauses": (0.0, 0.0)}
FILES = {"state.bin": b"weights", "more/deep/empty": b"", "more/big": random.Random(0).randbytes(3 * 2**20 + 17)}


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
