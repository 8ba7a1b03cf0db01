"""A folder in which everything that is read lies, sound: a study that has run, and beside it a file of each kind."""

import contextlib
import json
import pickle
import shutil
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from lmcspec.plan import Plan, compile_study
from lmcspec.spec import load
from lmcspec.store import Index, Store, layout, take

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

    @property
    def plan(self) -> Plan:
        """That of the study, made once."""
        return _plan(self.root / "study.toml")

    def object(self, kind: str) -> str:
        for one in self.objects:
            if json.loads((self.folder(one) / "task.json").read_bytes())["kind"] == kind:
                return one
        raise LookupError(kind)

    def folder(self, task: str) -> Path:
        return self.root / "store" / "objects" / task[:2] / task


@cache
def _plan(spec: Path) -> Plan:
    return compile_study(load(spec), max_tasks=1000)


def calibration_key() -> str:
    from lmcspec.plan import calibration

    return calibration._KEY


def build(place: Path) -> World:
    """Make the world: a study that has run, and beside it a file of each kind."""
    import pytest
    import torch
    from PIL import Image
    from specs_for_tests import STABILITY

    from lmcspec.cli import main
    from lmcspec.science.data.sets.folder import _Index
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
    (place / "taplo.toml").write_text('[[rule]]\ninclude = ["a.toml"]\nschema.path = "lmcspec.schema.json"\n')
    (place / "settings.json").write_text('{"a": 1, "yaml.schemas": {"./lmcspec.schema.json": ["a.yaml"]}}')
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
    (place / "store" / "facts" / f"{calibration_key()}.json").write_text('{"startup": 1.5, "overhead": 0.25}')
    line = {"name": "train/loss", "value": 1.5, "step": 3, "at": 1.7e9}
    (world.folder(world.object("train")) / "metrics.jsonl").write_text(2 * (json.dumps(line) + "\n"))
    partial = place / "store" / "partial" / TASK
    partial.mkdir(parents=True)
    ctx: Any = SimpleNamespace(partial=partial, task=TASK, log=lambda text: None, stopping=lambda: False)
    Checkpoints(ctx, "step", "train.checkpoint").write(3, {"a.weight": torch.arange(6.0)})
    (place / "images.idx").write_bytes(b"\0\0\x08\x03" + bytes([0, 0, 0, 2] * 3) + bytes(8))
    (place / "batch.pickle").write_bytes(pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}))
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(place / "picture.png")
    official = {"digest": TASK, "train": 3, "test": 2, "classes": 2, "shape": [1, 8, 8], "known": True, "validation": 0}
    (place / "official.json").write_text(json.dumps({"files": [["x", 1, 2, 3]], "facts": official}))
    (place / "cache").mkdir()
    _Index(("a", "b"), np.zeros((2, 3), np.int64), np.zeros((2, 32), np.uint8), TASK).write(place / "cache")
    np.save(place / "cache" / "images.npy", np.zeros((4, 3)))
    _add_sets(place)
    _add_archive(place, store, world.object("path"))
    _add_tracking(store)
    (world.folder(world.object("prune")) / "DROPPED").write_text('{"at": 1.5}')
    with open_at(store, TASK, "78" * 16) as folder:
        (folder / "lost.json").write_text(json.dumps({"ours": TASK, "theirs": OTHER}))
    return world


def _add_sets(place: Path) -> None:
    """A distilled set in each form, what noise makes of a path, and the stamp of a set that was verified."""
    import torch
    from safetensors.torch import save_file

    from lmcspec.science.data.distilled.distilled_set import Distilled, save_distilled
    from lmcspec.science.data.spaces import Space

    images, labels = torch.linspace(0, 1, 640).view(10, 1, 8, 8), torch.arange(10)
    save_distilled(place / "set.safetensors", Distilled(images, labels, Space("raw"), rate=0.1))
    torch.save([images, labels], place / "set.pt")
    torch.save([images, labels], place / "old.pt", _use_new_zipfile_serialization=False)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    torch.save(network.state_dict(), place / "state.pt")
    save_file(network.state_dict(), place / "state.safetensors")
    held = {"state_dict": network.state_dict(), "epoch": 3}
    torch.save(held, place / "checkpoint.pt", _use_new_zipfile_serialization=False)
    save_file({"average/instability/test": torch.rand(20)}, place / "noise.safetensors")
    save_file({"layers.0": torch.tensor([2, 0, 1])}, place / "permutation.safetensors")
    (place / "verified.json").write_text(json.dumps({"digest": TASK, "files": []}))


def _add_archive(place: Path, store: Store, task: str) -> None:
    """An archive of a study with one object."""
    from lmcspec.report.crate.metadata import NAME, Described, metadata
    from lmcspec.store.packing import Packing
    from lmcspec.store.remote_objects import deliver

    about = {"schema": "lmcspec/pack/1", "study": "tiny", "spec": "study.toml", "sets": [], "objects": "all"}
    about |= {"finished": True, "tasks": 1, "stored": 1, "lmcspec": "0", "between": ["2026-01-02", "2026-01-03"]}
    stored = store.find(task)
    assert stored is not None
    with (place / "packed.zip").open("wb") as file:
        packing = Packing(file)
        packing.write("provenance.json", json.dumps(about).encode())
        for name in ("plan.json", "study.toml"):
            content = (place / name).read_bytes()
            packing.write(name if name.endswith("json") else f"spec/{name}", content)
        deliver(store, packing, stored, whole=True)
        files = {name: Described(name, part) for name, part in packing.parts.items()}
        packing.write(NAME, metadata(files, about, "x", "x", ""))  # pyright: ignore[reportArgumentType]
        packing.close()


def _add_tracking(store: Store) -> None:
    """A ledger, and those of MLflow's tables that are read without it."""
    from lmcspec.track.evidence import OWNER, SUBJECT, mark_of
    from lmcspec.track.ledger import Ledger

    folder = store.root / "tracking"
    with Ledger(folder / "ledger.sqlite") as ledger:
        ledger.assign("task/tiny/x", "r")
        ledger.add_points("r", {("loss", 1): 0.5})
        ledger.move("o", 3)
        ledger.write("n", "noted")
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.executescript(f"""
            CREATE TABLE alembic_version (version_num TEXT);
            CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT, artifact_location TEXT);
            CREATE TABLE experiment_tags (experiment_id INTEGER, key TEXT, value TEXT);
            CREATE TABLE runs
                (run_uuid TEXT, experiment_id INTEGER, lifecycle_stage TEXT, start_time INTEGER, artifact_uri TEXT);
            CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT);
            INSERT INTO alembic_version VALUES ('{TASK[:12]}');
            INSERT INTO experiments VALUES (1, 'tiny', 'active', 'file:///x');
            INSERT INTO experiment_tags VALUES (1, '{mark_of(store)}', 'mark');
            INSERT INTO runs VALUES ('{TASK[:32]}', 1, 'active', 7, 'file:///x');
            INSERT INTO tags VALUES ('{TASK[:32]}', '{OWNER}', '{store.id}'), ('{TASK[:32]}', '{SUBJECT}', 'series/a');
        """)


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
