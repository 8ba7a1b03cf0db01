"""How fast devices are, before anything like a task has run on them: as `doctor --measure` found, or by a table."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal, NamedTuple

from lmcspec.base.documents import read_document
from lmcspec.base.drafts import drafted
from lmcspec.base.errors import UsageError
from lmcspec.base.facts import ModelFacts
from lmcspec.tasks import Task, Work, kind

EVALUATED = 1000
"""Images at a time where nothing is trained."""
SHORT = (0.01, 0.05, 0.5)
"""Seconds of any task, for files read and written; and, below, those for each weight of one that runs no images."""
BY_WEIGHT = (1e-8, 1e-7, 1e-6)
BEYOND = 1.35
"""A training takes up to this much more than the bare loop that is measured: augmentation, evaluation, checkpoints."""

Range = tuple[float, float, float]
"""Low, middle and high."""


class Speed(NamedTuple):
    """Seconds of an update are `layer` for each layer, and its floating-point operations over `flops`."""

    name: str
    kind: Literal["cpu", "gpu"]
    layer: Range
    flops: Range
    """Operations per second, the most first, so that it gives the least seconds."""
    memory: int
    """Bytes of a GPU's memory; 0 where that is not known."""
    source: str

    @property
    def measured(self) -> bool:
        """Whether it comes from this kind of device itself."""
        return self.source == MEASURED


MEASURED = "measured"

Estimate = Callable[[Task, Work, ModelFacts | None], Range | None]
"""Seconds of a task, from its work and the facts of its model; None where that is not known."""


def folder() -> Path:
    """Where measured speeds are kept: in the user's state folder, for they belong to a machine and not to a store."""
    import platformdirs

    return Path(platformdirs.user_state_dir("lmcspec")) / "speeds"


def short_name(model: str) -> str:
    """A device's model as the table and files name it: `NVIDIA H200` is h200, `NVIDIA A100-SXM4-80GB` a100.

    What the table does not have keeps its whole name without spaces; nothing is left of a maker's alone.
    """
    words = [word for word in re.findall(r"[a-z0-9]+", model.lower()) if word not in _MAKERS]
    if not _OTHERS.intersection(words):
        for count in range(1, len(words)):
            first = "".join(words[:count])
            if first in _table() and first != "cpu":
                return first
    return "".join(words)


_MAKERS = frozenset({"nvidia", "geforce", "tesla"})
_OTHERS = frozenset({"ti", "super", "laptop", "mobile", "max", "mig"})
"""Words of a model that is another, or a part of one: an RTX 3090 Ti is no RTX 3090."""


def speed(name: str, where: Path | None = None) -> Speed | None:
    """What is known of a device by its short name: as measured here, else as the table says; None for neither."""
    short = short_name(name)
    known = _table().get(short)
    if not short:
        return None
    try:
        document = read_document(_path(short, where), follow=True)
        return Speed(
            name=short,
            kind="cpu" if short == "cpu" else "gpu",
            layer=_ordered(document["layer"]),
            flops=_falling(document["flops"]),
            memory=_bytes(document.get("memory")) or (known.memory if known else 0),
            source=MEASURED,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return known


def _bytes(value: Any) -> int:
    """What was measured of a memory; 0 where that was not known, or is none."""
    return value if type(value) is int and 0 < value < 2**60 else 0


def prepare(where: Path | None = None) -> None:
    """Make the folder where speeds are kept. UsageError where nothing can be kept there."""
    place = where or folder()
    with _keeping(place):
        place.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=place):
            pass


def remember(name: str, document: dict[str, Any], where: Path | None = None) -> None:
    """Keep what was measured of a device: `layer` and `flops`, three numbers each, and whatever else may be told."""
    prepare(where)
    path = _path(name, where)
    with drafted(path, _ELSEWHERE) as draft:
        draft.write_text(json.dumps(document, indent=1))


_ELSEWHERE = "set XDG_STATE_HOME to a folder that you can write to"


@contextmanager
def _keeping(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"speeds can't be kept in {place}: {error.strerror or error}",
            help=_ELSEWHERE,
        ) from error


def _path(name: str, where: Path | None) -> Path:
    return (where or folder()) / f"{short_name(name)}.json"


def names() -> list[str]:
    """The devices of the table."""
    return sorted(_table())


def estimate(of: Speed) -> Estimate:
    """Seconds on such a device: of a training by its updates, of what only looks by its images."""

    def seconds(task: Task, work: Work, facts: ModelFacts | None) -> Range | None:
        if facts is None:
            return None
        if not work.forward:
            if kind(task.kind).gains(task.params):
                return None
            low, middle, high = (a + b * facts.parameters for a, b in zip(SHORT, BY_WEIGHT, strict=True))
            return low, middle, high
        layers, flops = max(1, len(facts.prunable)), 2.0 * facts.macs * work.forward
        passes = work.updates + max(0, work.forward - 3 * work.images) / EVALUATED / 3
        low, middle, high = (
            short + passes * layers * by_layer + flops / per_second
            for short, by_layer, per_second in zip(SHORT, of.layer, of.flops, strict=True)
        )
        return low, middle, BEYOND * high

    return seconds


@cache
def _table() -> dict[str, Speed]:
    import tomli

    document: dict[str, Any] = tomli.loads((resources.files("lmcspec.plan") / "devices.toml").read_text())
    speeds = {}
    for entry in document["device"]:
        sort: Literal["cpu", "gpu"] = "cpu" if entry["name"] == "cpu" else "gpu"
        peak = 1e12 * entry["flops"]
        shares = document["share"][sort]
        speeds[entry["name"]] = Speed(
            name=entry["name"],
            kind=sort,
            layer=_ordered(document["layer"][sort]),
            flops=_falling([peak * share for share in shares]),
            memory=int(1e9 * entry["memory"]),
            source=entry["source"],
        )
    return speeds


def _falling(values: list[float]) -> Range:
    low, middle, high = _ordered(values)
    return high, middle, low


def _ordered(values: list[float]) -> Range:
    low, middle, high = sorted(float(value) for value in values)
    if low <= 0:
        raise ValueError("speeds are above 0")
    return low, middle, high
