"""Stores with results, attempts and studies that are written in a moment: nothing is synced, nothing is computed."""

import hashlib
import json
import time

from lmcspec.base import ids
from lmcspec.plan.document import SCHEMA
from lmcspec.plan.integrity import SEAL, seal
from lmcspec.store import layout, record_plan
from lmcspec.store.checked import signed


def name_of(text):
    """An id made from anything."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def put(
    store,
    identifier,
    *,
    size=100,
    kind="train",
    study="",
    committed=1000.0,
    dropped=False,
    damaged=False,
    scalars=None,
    told=b"",
):
    """An object with an output of that many bytes; `told` is what it said on its way, as lines of metrics.jsonl."""
    folder = layout.object_folder(store.root, identifier)
    (folder / "out").mkdir(parents=True)
    content = b"x" * size
    (folder / "out" / "state.bin").write_bytes(content)
    files = {"out/state.bin": _measured(content)}
    result = {"files": files, "scalars": scalars or {}, "outcome": "ok"}
    beside = {"log.txt": b"began\n"} | ({"metrics.jsonl": told} if told else {})
    for name, content in beside.items():
        (folder / name).write_bytes(content)
    measured = {name: _measured(content) for name, content in beside.items()}
    record = {"kind": kind, "study": study, "committed": committed, "files": measured}
    document = {"version": 1, "task": identifier, "result": {**result, "digest": ids.digest(result)}, "record": record}
    (folder / "COMMIT").write_bytes(layout.text(signed(document)))
    if damaged:
        (folder / "COMMIT").rename(folder / "DAMAGED")
    if dropped:
        (folder / "DROPPED").write_text("{}")
        (folder / "out" / "state.bin").unlink()
        (folder / "out").rmdir()
    return folder


def fail(store, identifier, attempt="a" * 32):
    """A failed attempt with its log."""
    folder = layout.attempt_folder(store.root, identifier, attempt)
    folder.mkdir(parents=True)
    (folder / "failure.json").write_text(json.dumps({"reason": "user", "message": "no"}))
    (folder / "log.txt").write_text("it failed\n")
    return folder


def interrupt(store, identifier):
    """The checkpoint of a task that was cut off."""
    folder = layout.partial_folder(store.root, identifier)
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_bytes(b"c" * 50)
    return folder


def plan(study, tasks):
    """The document of a plan: id -> (ids of inputs, "always" or "until-used")."""
    entries = {
        identifier: {
            "kind": "train",
            "version": 1,
            "params": {},
            "inputs": {f"i{number}": source for number, source in enumerate(sorted(inputs))},
            "seeds": {},
            "label": f"{study}/{number}",
            "keep": keep,
        }
        for number, (identifier, (inputs, keep)) in enumerate(tasks.items())
    }
    empty = {name: {} for name in ("parts", "roles", "neutral", "facts", "images", "missing")}
    lists = {name: [] for name in ("targets", "levels", "notes", "verdicts", "series", "permutations")}
    document = {"schema": SCHEMA, "study": study, "tasks": entries, "on_collapse": "go-on", **empty, **lists}
    return {**document, SEAL: seal(document)}


def keep(store, study, tasks):
    """Have a store keep what such a plan needs."""
    record_plan(store, study, plan(study, tasks))


def days_ago(days):
    """Seconds since 1970."""
    return time.time() - days * 86400


def _measured(content):
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
