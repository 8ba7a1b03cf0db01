"""What runs say: params to compare tasks by, tags to find them by and of where they come from, and their numbers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lmcspec.base.ids import short
from lmcspec.catalog.metric import POLICIES
from lmcspec.store import Stored
from lmcspec.tasks import Task, kind
from lmcspec.track import names
from lmcspec.track.said import Point

_PLACE = re.compile(r"(?:^|/)s(\d+)/l(\d+)(?:/|$)")
"""Replicate and level in a label: `imp/s0/l3/train`."""


def params(task: Task) -> dict[str, Any]:
    """The params of a task's run: kind, id, seeds, and what its kind shows of its settings."""
    return {"kind": task.kind, "task": short(task.id), **dict(task.seeds), **kind(task.kind).shown(task.params)}


def tags(task: Task) -> dict[str, str]:
    """The tags of a task that are known before it runs."""
    described = {
        "lmcspec.kind": task.kind,
        "lmcspec.version": str(kind(task.kind).version),
        "lmcspec.task_id": task.id,
        "lmcspec.label": task.label,
    }
    if place := _PLACE.search(task.label):
        described |= {"lmcspec.replicate": place[1], "lmcspec.level": place[2]}
    return described


def sources(origin: Mapping[str, Any]) -> dict[str, str]:
    """MLflow's own tags for whose run it is and what started it, and which spec was read."""
    tags = {"mlflow.source.name": origin.get("command", ""), "mlflow.user": origin.get("user", "")}
    tags["lmcspec.spec"] = origin.get("spec", "")
    if commit := origin.get("commit"):
        tags |= {"mlflow.source.git.commit": commit, "mlflow.source.git.dirty": str(origin.get("dirty", "")).lower()}
    return {"mlflow.source.type": "LOCAL", **{name: value for name, value in tags.items() if value}}


def outcome_tags(stored: Stored) -> dict[str, str]:
    """The tags that say what became of a task, and on which machine, as far as that is known."""
    machine, numerics = stored.record.get("machine", {}), stored.record.get("numerics", {})
    known = {
        "lmcspec.outcome": stored.outcome,
        "lmcspec.host": str(machine.get("name", "")),
        "lmcspec.gpu": str(machine.get("gpu", "")),
        "lmcspec.device": str(numerics.get("device", "")),
        "lmcspec.release": str(numerics.get("lmcspec", "")),
    }
    return {name: value for name, value in known.items() if value}


GONE = {"lmcspec.outcome": "gone"}
"""The tag of a task that is done, of which the store no longer has what it gave."""


def points(stored: Stored) -> list[Point]:
    """The points of a finished task: its last numbers under `final/…`, and the curves along a path."""
    at = stored.record.get("committed", 0.0)
    points = [
        Point(names.key(f"final/{name.replace('/', ' ')}"), value, 0, at) for name, value in _numbers(stored.scalars)
    ]
    if (seconds := stored.record.get("seconds")) is not None:
        points.append(Point("final/seconds", seconds, 0, at))
    for policy, curve in stored.scalars.get("paths", {}).items():
        points += _path(policy, curve, at)
    return points


def _numbers(scalars: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Errors, losses, densities, shares: what was measured, of the whole network. Counts, whole numbers, are not."""
    metrics = {name: value for name, value in scalars.get("metrics", {}).items() if not name.startswith("layer-")}
    return ((name, value) for name, value in {**scalars, **metrics}.items() if isinstance(value, float))


def _path(policy: str, curve: Mapping[str, Any], at: float) -> list[Point]:
    """A curve along a path: the step is the number of the point, from 0 at one end."""
    section = "path" if policy == POLICIES[0] else f"path {policy}"
    along = [
        Point(names.key(f"{section}/{name}"), value, step, at)
        for name, values in curve.items()
        if isinstance(values, list)
        for step, value in enumerate(values)
        if isinstance(value, int | float)
    ]
    summary = curve.get("summary", {})
    return along + [
        Point(names.key(f"final/{name.replace('/', ' ')} {policy}"), value, 0, at)
        for name, value in summary.items()
        if isinstance(value, int | float)
    ]
