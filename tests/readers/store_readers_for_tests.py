"""Readers of what lies in a store."""

import contextlib
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reader_for_tests import reader
from world_for_tests import OTHER, TASK, World, calibration_key

from lmcspec.base.documents import parse_document
from lmcspec.base.ids import digest
from lmcspec.store import (
    Index,
    Store,
    checked,
    failed_attempts,
    holder,
    invocations,
    is_dead,
    last_plan,
    layout,
    lines,
    recall,
    shapes,
    sweep,
    verify,
)


@reader("store.json", lambda world: world.root / "store" / "store.json")
def _(world: World, path: Path) -> object:
    return Store.open(path.parent, create=False)


@reader("COMMIT", lambda world: world.folder(world.object("train")) / "COMMIT")
def _(world: World, path: Path) -> object:
    from lmcspec.engine.progress import clock_time

    task = path.parent.name
    found = verify(world.store, [task], full=False)
    stored = world.store.find(task)
    world.store.present([task]), world.store.dropped([task])
    if stored is not None:
        clock_time(stored.record.get("seconds") or 0.0)
        time.gmtime(stored.record.get("committed", 0.0))
    return found, stored and (stored.bytes, stored.scalars, stored.outcome, stored.digest, stored.has_outputs)


def signed_anew(content: bytes) -> bytes:
    """A COMMIT whose digests are those of what it holds now, as whoever can write it can make them."""
    try:
        document = parse_document(content, "COMMIT")
        result = {name: layout.spelled(part) for name, part in document["result"].items() if name != "digest"}
        rest = {name: part for name, part in document.items() if name != "digest"}
        return layout.text(checked.signed({**rest, "result": {**result, "digest": digest(result)}}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return content


@reader("COMMIT under honest digests", lambda world: world.folder(world.object("path")) / "COMMIT", seal=signed_anew)
def _(world: World, path: Path) -> object:
    from lmcspec.report import tidy
    from lmcspec.track import described

    rows = tidy(world.plan, world.store)
    stored = world.store.find(path.parent.name)
    if stored is not None:
        stored.damage(), described.points(stored), described.outcome_tags(stored)
    return [row.document() for row in rows]


@reader("task.json", lambda world: world.folder(world.object("train")) / "task.json")
def _(world: World, path: Path) -> object:
    stored = world.store.find(path.parent.name)
    assert stored is not None
    return stored.task


@reader("failure.json", lambda world: world.root / "store" / "attempts" / TASK / ("12" * 16) / "failure.json")
def _(world: World, path: Path) -> object:
    from lmcspec.plan.recorded import attempt_so_far

    return failed_attempts(world.store, TASK), attempt_so_far(world.store, TASK)


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


@reader("calibration", lambda world: next((world.root / "store" / "facts").glob(f"{calibration_key()}.json")))
def _(world: World, path: Path) -> object:
    from lmcspec.plan.calibration import calibration

    found = calibration(world.store)
    return f"{found.startup + 10 * found.overhead:.1f}"


@reader("invocation.json", lambda world: next((world.root / "store" / "invocations").iterdir()) / "invocation.json")
def _(world: World, path: Path) -> object:
    return [
        (one.study, time.gmtime(one.started), one.is_over(), one.origin.get("user")) for one in invocations(world.store)
    ]


@reader("journal", lambda world: next((world.root / "store" / "invocations").iterdir()) / "events.jsonl")
def _(world: World, path: Path) -> object:
    from lmcspec.track.begun import unfinished

    (one,) = invocations(world.store)
    told = [(event["event"], time.gmtime(event["at"])) for _, event in one.events()]
    return told, unfinished(one, 2**62)


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
        return [round(row.committed + row.units) for row in index.entries()], index.rates("train")


@reader(
    "what a sweep looks at", lambda world: world.root / "store" / "attempts" / OTHER / ("56" * 16 + ".json"), slow=True
)
def _(world: World, path: Path) -> object:
    return sweep(world.store)


@reader("checkpoint", lambda world: world.root / "store" / "partial" / TASK / "checkpoint.safetensors", json=False)
def _(world: World, path: Path) -> object:
    from lmcspec.tasks.checkpoint import Checkpoints

    ctx: Any = SimpleNamespace(partial=path.parent, task=TASK, log=lambda text: None, stopping=lambda: False)
    return Checkpoints(ctx, "step", "train.checkpoint").read()


@reader("mark of dropped outputs", lambda world: world.folder(world.object("prune")) / "DROPPED")
def _(world: World, path: Path) -> object:
    task = path.parent.name
    stored = world.store.find(task)
    assert stored is not None
    return stored.has_outputs, list(stored.damage()), world.store.dropped([task]), verify(world.store, [task])


@reader("a race that was lost", lambda world: world.root / "store" / "attempts" / TASK / ("78" * 16) / "lost.json")
def _(world: World, path: Path) -> object:
    from lmcspec.store import interrupted

    return failed_attempts(world.store, TASK), interrupted(world.store, TASK)
