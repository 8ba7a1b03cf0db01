"""The numbers of a committed result in their units, and on what they were computed."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lmcspec.catalog import MeasureCard, Metric, get
from lmcspec.plan.graph import Target
from lmcspec.spec.explain import aligned, leaves
from lmcspec.spec.paths import dotted

MOST = 12
"""Numbers that are listed."""
_SHARES = {"density": ".1%", "error": ".2%"}
"""How shares are written, by the ends of their names: of so many weights, and of images of a test set."""


def number_lines(scalars: Mapping[str, Any], targets: Iterable[Target]) -> list[str]:
    """A line a number: as the measures read it whose `targets` it is, else as the task has written it."""
    rows = list(_measured(scalars, targets)) or list(_written(scalars))
    more = [f"and {len(rows) - MOST:,} more (--format json)"] if len(rows) > MOST else []
    return [*aligned(rows[:MOST], margin=""), *more]


def _measured(scalars: Mapping[str, Any], targets: Iterable[Target]) -> Iterator[tuple[str, str]]:
    values: dict[Metric, float] = {}
    for kind in dict.fromkeys(target.kind for target in targets):
        card = get("measure", kind)
        assert isinstance(card, MeasureCard)
        with contextlib.suppress(LookupError, TypeError, ValueError):  # of an earlier version, or another form
            values |= card.values(scalars)
    for metric in sorted(values, key=lambda metric: metric.rank):
        yield metric.name, f"{metric.unit.scale * values[metric]:.4g} {metric.unit.sign}".rstrip()


def _written(scalars: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, value in leaves(scalars):
        name = dotted(path)
        match value:
            case bool() | str():
                yield name, str(value)
            case int():
                yield name, f"{value:,}"
            case float():
                yield name, format(value, next((form for end, form in _SHARES.items() if name.endswith(end)), ".4g"))
            case [int() as some, int() as every]:
                yield name, f"{some:,} of {every:,}"
            case list() | tuple():
                yield name, f"{len(value):,} numbers"
            case _:
                pass


_WAYS = {
    "deterministic": "deterministic",
    "compiled": "compiled",
    "graphed": "as CUDA graphs",
    "shrunk": "without dead units",
}
_TOGETHER = {"together": "trainings", "stacked": "points"}


def numerics_line(record: Mapping[str, Any]) -> str:
    """`on cpu of laptop (AMD EPYC, 1 thread), torch 2.15.0, deterministic`; nothing where a record doesn't say."""
    numerics = record.get("numerics")
    if not isinstance(numerics, Mapping):
        return ""
    threads = numerics.get("threads")
    on = [str(numerics["cpu"])] if numerics.get("cpu") else []
    on += [f"{threads} {'thread' if threads == 1 else 'threads'}"] if threads else []
    line = f"on {numerics.get('device', '?')}" + (f" of {record['host']}" if record.get("host") else "")
    line += f" ({', '.join(on)})" if on else ""
    line += f", torch {numerics['torch']}" if numerics.get("torch") else ""
    line += ", channels last" if numerics.get("layout") == "channels-last" else ""
    line += "".join(f", {word}" for key, word in _WAYS.items() if numerics.get(key) is True)
    counts = {key: count for key in _TOGETHER if isinstance(count := numerics.get(key), int) and count > 1}
    return line + "".join(f", {count} {_TOGETHER[key]} as one program" for key, count in counts.items())
