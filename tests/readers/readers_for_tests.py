"""Every reader of a file that somebody else may have written: a sound one, and the call that reads it.

The tests walk this table. A reader that is added to the source comes here too: `sources.txt` is held against it.
"""

import contextlib
import json
import pickle
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from lmcspec.store import (
    Index,
    Store,
    failures,
    holder,
    invocations,
    is_dead,
    last_plan,
    layout,
    lines,
    recall,
    shapes,
    sweep,
    take,
    verify,
)

TASK = "ab" * 32
OTHER = "cd" * 32


@dataclass(frozen=True)
class World:
    """A folder in which everything that is read lies, sound."""

    root: Path

    @property
    def store(self) -> Store:
        return Store.open(self.root / "store", create=False)

    @property
    def objects(self) -> list[str]:
        return sorted(path.parent.name for path in (self.root / "store" / "objects").glob("*/*/COMMIT"))

    def object(self, kind: str) -> str:
        for one in self.objects:
            if json.loads((self.folder(one) / "task.json").read_bytes())["kind"] == kind:
                return one
        raise LookupError(kind)

    def folder(self, task: str) -> Path:
        return self.root / "store" / "objects" / task[:2] / task


@dataclass(frozen=True)
class Reader:
    """A reader: the file that it reads, from the world's folder on, and the call."""

    name: str
    file: Callable[[World], Path]
    read: Callable[[World, Path], object]
    json: bool = True
    """Whether the file is JSON, or JSON lines: mutated as such too."""
    slow: bool = False
    """Whether a call takes more than milliseconds."""


READERS: list[Reader] = []


def reader(name: str, file: Callable[[World], Path], *, json: bool = True, slow: bool = False):
    """Enter a reader into the table."""

    def enter(read: Callable[[World, Path], object]) -> Callable[[World, Path], object]:
        READERS.append(Reader(name, file, read, json, slow))
        return read

    return enter


# ------------------------------------------------------------------------------------------------------- the store


@reader("store.json", lambda world: world.root / "store" / "store.json")
def _(world: World, path: Path) -> object:
    return Store.open(path.parent, create=False)


@reader("COMMIT", lambda world: world.folder(world.object("train")) / "COMMIT")
def _(world: World, path: Path) -> object:
    from lmcspec.engine.progress import duration

    task = path.parent.name
    found = verify(world.store, [task], full=False)
    stored = world.store.find(task)
    world.store.present([task]), world.store.dropped([task])
    if stored is not None:
        duration(stored.record.get("seconds") or 0.0)
        time.gmtime(stored.record.get("committed", 0.0))
    return found, stored and (stored.bytes, stored.scalars, stored.outcome, stored.digest, stored.has_outputs)


@reader("task.json", lambda world: world.folder(world.object("train")) / "task.json")
def _(world: World, path: Path) -> object:
    stored = world.store.find(path.parent.name)
    assert stored is not None
    return stored.task


@reader("failure.json", lambda world: world.root / "store" / "attempts" / TASK / ("12" * 16) / "failure.json")
def _(world: World, path: Path) -> object:
    from lmcspec.plan.recorded import attempt_so_far

    return failures(world.store, TASK), attempt_so_far(world.store, TASK)


@reader("owner of an attempt", lambda world: world.root / "store" / "attempts" / OTHER / ("34" * 16 + ".json"))
def _(world: World, path: Path) -> object:
    from lmcspec.store import interrupted

    return interrupted(world.store, OTHER)


@reader("lease", lambda world: world.root / "store" / "leases" / f"{OTHER}.json")
def _(world: World, path: Path) -> object:
    return holder(world.store, OTHER), is_dead(world.store, OTHER)


@reader("recorded plan", lambda world: world.root / "store" / "studies" / "tiny.json", slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.recorded import last_recorded, recorded_tasks

    last_plan(world.store, "tiny")
    return last_recorded(world.store, "tiny"), recorded_tasks(world.store, "imp")


@reader("facts in the store", lambda world: world.root / "store" / "facts" / f"{TASK}.json")
def _(world: World, path: Path) -> object:
    from lmcspec.plan import model_facts

    recall(world.store, TASK)
    part = SimpleNamespace(digest=TASK, value={"config": {}})
    with contextlib.ExitStack() as stack:
        import pytest

        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(model_facts, "structure", lambda part: part)
        found: Any = model_facts.known_facts(part, path.parent)  # pyright: ignore[reportArgumentType]
    return found and (found.sizes, found.macs + found.buffers)


@reader("calibration", lambda world: next((world.root / "store" / "facts").glob(f"{_calibration_key()}.json")))
def _(world: World, path: Path) -> object:
    from lmcspec.plan.calibration import calibration

    found = calibration(world.store)
    return f"{found.startup + 10 * found.overhead:.1f}"


def _calibration_key() -> str:
    from lmcspec.plan import calibration

    return calibration._KEY


@reader("invocation.json", lambda world: next((world.root / "store" / "invocations").iterdir()) / "invocation.json")
def _(world: World, path: Path) -> object:
    return [
        (one.study, time.gmtime(one.started), one.is_over(), one.origin.get("user")) for one in invocations(world.store)
    ]


@reader("journal", lambda world: next((world.root / "store" / "invocations").iterdir()) / "events.jsonl")
def _(world: World, path: Path) -> object:
    (one,) = invocations(world.store)
    return [(event["event"], time.gmtime(event["at"])) for _, event in one.events()]


@reader(
    "plan of an invocation",
    lambda world: next((world.root / "store" / "invocations").iterdir()) / "plan.json",
    slow=True,
)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.document import recorded

    (one,) = invocations(world.store)
    return recorded(one.plan)


@reader("spec of an invocation", lambda world: next((world.root / "store" / "invocations").iterdir()) / "spec.json")
def _(world: World, path: Path) -> object:
    (one,) = invocations(world.store)
    return one.spec


@reader("metrics", lambda world: next((world.root / "store" / "objects").glob("*/*/metrics.jsonl")))
def _(world: World, path: Path) -> object:
    return [
        (line["name"], line["value"] + 1, line["step"] + 1)
        for _, line in lines(world.store.root, path, 0, shapes.Metric)
    ]


@reader("index", lambda world: world.root / "store" / "index.sqlite", json=False, slow=True)
def _(world: World, path: Path) -> object:
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    with Index(world.store) as index:
        return [round(row.committed + row.units) for row in index.rows()], index.rates("train")


@reader(
    "what a sweep looks at", lambda world: world.root / "store" / "attempts" / OTHER / ("56" * 16 + ".json"), slow=True
)
def _(world: World, path: Path) -> object:
    return sweep(world.store)


@reader("checkpoint", lambda world: world.root / "store" / "partial" / TASK / "checkpoint.safetensors", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.tasks.checkpoint import Checkpoints

    ctx: Any = SimpleNamespace(partial=path.parent, task=TASK, log=lambda text: None, stopping=lambda: False)
    return Checkpoints(ctx, "step").read()


# ----------------------------------------------------------------------------------------------- what users name


@reader("saved plan", lambda world: world.root / "plan.json", slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.cli.options import read_loaded

    return read_loaded(path, [], 1000, None)


@reader("spec in TOML", lambda world: world.root / "study.toml", json=False, slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.cli.options import read_loaded

    return read_loaded(path, [], 1000, None)


@reader("spec in YAML", lambda world: world.root / "study.yaml", json=False, slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.cli.options import read_loaded

    return read_loaded(path, [], 1000, None)


@reader("idx file", lambda world: world.root / "images.idx", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.idx import read_idx

    with contextlib.suppress(FileNotFoundError, ValueError):  # which `official.load` tells of the whole set
        return read_idx(path)


@reader("pickle of arrays", lambda world: world.root / "batch.pickle", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.pickled import read_pickle

    return read_pickle(path)


@reader("picture", lambda world: world.root / "picture.png", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.decode import decode

    return decode(path, 8)


# ---------------------------------------------------------------------------------------------------------- caches


@reader("facts of an official set", lambda world: world.root / "official.json")
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.official import _recorded

    return _recorded(path, [["x", 1, 2, 3]])


@reader("index of a folder of images", lambda world: world.root / "cache" / "index.npz", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.folder import _Index

    return _Index.read(path.parent)


@reader("array in the cache", lambda world: world.root / "cache" / "images.npy", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.cache import kept_array

    found = kept_array(path)
    return None if found is None else found.shape


def build(place: Path) -> World:
    """Make the world: a study that has run, and beside it a file of each kind."""
    import pytest
    import torch
    from PIL import Image
    from specs_for_tests import STABILITY

    from lmcspec.cli import main
    from lmcspec.science.data.folder import _Index
    from lmcspec.tasks.checkpoint import Checkpoints

    world = World(place)
    (place / "study.toml").write_text(STABILITY)
    yaml = {
        "study": "y",
        "dataset": "digits",
        "model": "lenet-300-100",
        "networks": {"dense": []},
        "measures": {"accuracy": {}},
    }
    recipe = {"real": {"length": "1ep", "batch": 32, "optimiser": {"name": "sgd", "lr": 0.1}}}
    (place / "study.yaml").write_text(json.dumps({**yaml, "recipes": recipe}, indent=1))
    for arguments in (["run", "study.toml", "--runner", "inline"], ["plan", "study.toml", "-o", "plan.json"]):
        words = [str(place / word) if word.endswith((".toml", ".json")) else word for word in arguments]
        with pytest.raises(SystemExit) as stopped:
            main([*words, "--store", str(place / "store")])
        assert not stopped.value.code
    store = world.store
    Index(store).close()
    with open_at(store, TASK, "12" * 16) as folder:
        failure = {"reason": "user", "message": "no", "type": "E", "help": "", "log": "", "last_lines": ["a"], "at": 1}
        (folder / "failure.json").write_text(json.dumps(failure))
    lease = take(store, OTHER)
    assert lease is not None
    owner = json.loads((place / "store" / "leases" / f"{OTHER}.json").read_bytes())
    for name in ("34" * 16, "56" * 16):
        with open_at(store, OTHER, name) as folder:
            folder.with_name(f"{name}.json").write_text(json.dumps({**owner, "under": OTHER}))
    facts = {"parameters": 3, "prunable": [["a.weight", [2, 3]]], "macs": 7, "has_batch_norm": False, "buffers": 0}
    (place / "store" / "facts" / f"{TASK}.json").write_text(json.dumps(facts))
    (place / "store" / "facts" / f"{_calibration_key()}.json").write_text('{"startup": 1.5, "overhead": 0.25}')
    line = {"name": "train/loss", "value": 1.5, "step": 3, "at": 1.7e9}
    (world.folder(world.object("train")) / "metrics.jsonl").write_text(2 * (json.dumps(line) + "\n"))
    partial = place / "store" / "partial" / TASK
    partial.mkdir(parents=True)
    ctx: Any = SimpleNamespace(partial=partial, task=TASK, log=lambda text: None, stopping=lambda: False)
    Checkpoints(ctx, "step").write(3, {"a.weight": torch.arange(6.0)})
    (place / "images.idx").write_bytes(b"\0\0\x08\x03" + bytes([0, 0, 0, 2] * 3) + bytes(8))
    (place / "batch.pickle").write_bytes(pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}))
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(place / "picture.png")
    official = {"digest": TASK, "train": 3, "test": 2, "classes": 2, "shape": [1, 8, 8], "known": True, "validation": 0}
    (place / "official.json").write_text(json.dumps({"files": [["x", 1, 2, 3]], "facts": official}))
    (place / "cache").mkdir()
    _Index(("a", "b"), np.zeros((2, 3), np.int64), np.zeros((2, 32), np.uint8), TASK).write(place / "cache")
    np.save(place / "cache" / "images.npy", np.zeros((4, 3)))
    return world


@contextlib.contextmanager
def open_at(store: Store, task: str, name: str):
    """The folder of an attempt."""
    folder = layout.attempt_folder(store.root, task, name)
    folder.mkdir(parents=True)
    yield folder


def copy(world: World, place: Path) -> World:
    """The world again, in another place."""
    shutil.copytree(world.root, place)
    return World(place)
