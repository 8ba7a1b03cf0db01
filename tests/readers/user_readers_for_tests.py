"""Readers of what users name, and of what is kept of that in caches and databases."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from reader_for_tests import reader
from world_for_tests import TASK, World

from lmcspec.base.errors import LmcspecError
from lmcspec.base.ids import digest
from lmcspec.plan.integrity import SEAL, seal
from lmcspec.plan.outlook import outlook
from lmcspec.plan.progress import standing
from lmcspec.tasks import own_id


@reader("saved plan", lambda world: world.root / "plan.json", slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.planned_study import read_study

    return read_study(path, [], None, 1000)


def under_honest_digests(content: bytes) -> bytes:
    """A plan whose parts, tasks and seal have the digests of what they are now, as whoever writes one can make them."""
    try:
        document = json.loads(content)
        for name, value in list(document["parts"].items()):
            if (new := digest(value)) != name:
                document = json.loads(json.dumps(document).replace(name, new))
        for _ in range(2 * len(document["tasks"])):
            moved = next(
                ((name, own_id(task)) for name, task in document["tasks"].items() if own_id(task) != name), None
            )
            if moved is None:
                break
            document = json.loads(json.dumps(document).replace(*moved))
        document[SEAL] = seal(document)
        return json.dumps(document).encode("utf-8", "surrogatepass")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return content


@reader("saved plan under honest digests", lambda world: world.root / "plan.json", slow=True, seal=under_honest_digests)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.planned_study import read_study

    plan = read_study(path, [], None, 1000).plan
    return outlook(plan, None), standing(plan, world.store)


@reader("archive of a study", lambda world: world.root / "packed.zip", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.report.crate.unpack import check
    from lmcspec.store.archive import opened

    with opened(path) as archive:
        return check(archive)


@reader("spec in TOML", lambda world: world.root / "study.toml", json=False, slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.planned_study import read_study

    return read_study(path, [], None, 1000)


@reader("spec in YAML", lambda world: world.root / "study.yaml", json=False, slow=True)
def _(world: World, path: Path) -> object:
    from lmcspec.plan.planned_study import read_study

    return read_study(path, [], None, 1000)


@reader("settings of taplo", lambda world: world.root / "taplo.toml", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.cli.workspace import _taplo

    return _taplo(path, ["specs/**/*.toml"])


@reader("settings of VS Code", lambda world: world.root / "settings.json")
def _(world: World, path: Path) -> object:
    from lmcspec.cli.workspace import _code

    return _code(path, ["specs/**/*.yaml"])


@reader("idx file", lambda world: world.root / "images.idx", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.idx import read_idx

    with contextlib.suppress(FileNotFoundError, ValueError):  # which `official.load` tells of the whole set
        return read_idx(path)


@reader("pickle of arrays", lambda world: world.root / "batch.pickle", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.pickled import read_pickle

    return read_pickle(path)


@reader("picture", lambda world: world.root / "picture.png", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.decode import decode

    return decode(path, 8)


@reader("facts of an official set", lambda world: world.root / "official.json")
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.official import _recorded

    return _recorded(path, [["x", 1, 2, 3]])


@reader("index of a folder of images", lambda world: world.root / "cache" / "index.npz", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.folder import _Index

    return _Index.read(path.parent)


@reader("array in the cache", lambda world: world.root / "cache" / "images.npy", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.cache import kept_array

    found = kept_array(path)
    return None if found is None else found.shape


def _set(path: Path) -> object:
    from lmcspec.science.data.distilled.set_file import read_set

    found = read_set(path, 10, (1, 8, 8))
    return found.facts(10), found.note


@reader("distilled set", lambda world: world.root / "set.safetensors", json=False)
def _(world: World, path: Path) -> object:
    return _set(path)


@reader("published set", lambda world: world.root / "set.pt", json=False)
def _(world: World, path: Path) -> object:
    return _set(path)


@reader("published set of an old torch", lambda world: world.root / "old.pt", json=False)
def _(world: World, path: Path) -> object:
    return _set(path)


def _tensors(path: Path) -> object:
    from lmcspec.science.given.given import mask_facts, read_weights, weights_facts

    with contextlib.suppress(LmcspecError):  # numbers that are no mask, which is as good an answer
        mask_facts(path, {})
    facts = weights_facts(path, {})
    return read_weights(path, {}, facts.shapes, facts.digest)


@reader("weights of a network", lambda world: world.root / "state.safetensors", json=False)
def _(world: World, path: Path) -> object:
    return _tensors(path)


@reader("state of a network", lambda world: world.root / "state.pt", json=False)
def _(world: World, path: Path) -> object:
    return _tensors(path)


@reader("checkpoint of an old torch", lambda world: world.root / "checkpoint.pt", json=False)
def _(world: World, path: Path) -> object:
    return _tensors(path)


@reader("stamp of a set that was verified", lambda world: world.root / "verified.json")
def _(world: World, path: Path) -> object:
    from lmcspec.science.data.sets.verify import _read

    return _read(path) == {"digest": TASK, "files": []}


@reader("draws of noise", lambda world: world.root / "noise.safetensors", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.report import noise

    noise._read.cache_clear()
    own = noise.Draws(path.parent, "average", "instability/test", 10)
    return noise.floor.__wrapped__(((own, own), (own,)))


@reader("permutation", lambda world: world.root / "permutation.safetensors", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.science.permute.permutation_file import load

    with contextlib.suppress(FileNotFoundError):
        return load(path)


@reader("ledger", lambda world: world.root / "store" / "tracking" / "ledger.sqlite", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.store import layout
    from lmcspec.track.ledger import Ledger

    layout.refuse_foreign_database(path.parent, path)  # as `where.ledger_path` does
    for suffix in ("-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    with contextlib.suppress(sqlite3.Error, OSError), Ledger(path) as ledger:  # which the tracker tells of
        ledger.forget("tiny", ["a"])
        return ledger.known("tiny", ["a"]), ledger.points("r"), ledger.offset("o") + 1, ledger.note("n") + "x"


@reader("MLflow's database", lambda world: world.root / "store" / "tracking" / "mlflow.db", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.track import database, kept
    from lmcspec.track.evidence import glance

    store = world.store
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_schema", lambda: ("", set()))  # which loads MLflow
        with contextlib.suppress(database._ReadOnlyError):
            told = database.trouble(path)
            if not told:
                kept.write_places(path, store)
            return told, glance(path, store, "tiny")
