"""Curves over what a family of permutations varies in: which members make one, and what stands beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmcspec.plan.graph import Way
from lmcspec.plan.way_axis import key_called, varying
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.layer_axis import modules_in_order
from lmcspec.report.figures.setting_axis import SettingAxis, Value, axis_of_values

STEP = "step"


@dataclass(frozen=True, slots=True)
class Curve:
    """Members of a family that differ in x alone."""

    family: str
    rest: tuple[str, ...]
    """What else they differ in from other members of it: `criterion=random`."""
    told: str
    """Their value of the key by which lines are told apart, as it is written; empty without one."""
    members: Mapping[str, Value]
    """By the name of each its value on x."""

    @property
    def name(self) -> str:
        """`pm[criterion=random]`; the family's own name where they are all of it."""
        return f"{self.family}[{','.join(self.rest)}]" if self.rest else self.family


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of a figure, and the permutations beside them that don't vary in what is on x."""

    curves: Sequence[Curve]
    beside: Sequence[str]
    told: tuple[str, ...]
    """The values of the key by which lines are told apart, as they are written, in their order."""

    def panel(self, curve: Curve) -> str:
        """What tells the panel of a curve from others: its family where there are several, and the rest."""
        several = len({other.family for other in self.curves}) > 1
        return ", ".join([curve.family] * several + [*curve.rest])


def curves_of(case: CaseResults, ways: Sequence[str], x: str, lines: str | None) -> Curves:
    """The curves over `x` of these permutations, in their order.

    `lines` is the key by which curves of one panel are told apart; what else members differ in is the `rest`.
    """
    members: dict[tuple[str, tuple[str, ...], str], dict[str, Value]] = {}
    told: dict[str, Value] = {}
    beside: list[str] = []
    differing: dict[tuple[str, str], set[str]] = {}
    for way in _known(case, ways):
        for short in way.paths:
            differing.setdefault((way.family, short), set()).add(way.values[short])
    for name in ways:
        way = case.permutations.get(name)
        key = key_called(way, x) if way is not None else None
        if way is None or key is None:
            beside.append(name)
            continue
        by = key_called(way, lines) if lines and lines != x else None
        kept = [short for short in way.paths if short not in (key, by) and len(differing[way.family, short]) > 1]
        rest = tuple(f"{short}={way.values[short]}" for short in kept)
        value = way.values[by] if by else ""
        if by:
            told.setdefault(value, _setting(way, by))
        members.setdefault((way.family, rest, value), {})[name] = _setting(way, key)
    curves = [Curve(*place, of_curve) for place, of_curve in members.items()]
    return Curves(curves, beside, tuple(_in_order(told)))


def axis_of(case: CaseResults, curves: Curves, x: str) -> SettingAxis:
    """Where the values of all curves stand: steps in updates as they are written, layers in the network's order."""
    keys = varying(_known(case, [name for curve in curves.curves for name in curve.members]), x)
    ways = {name: case.permutations[name] for name in keys}
    values = {name: _setting(way, keys[name]) for name, way in ways.items()}
    if all(way.paths[keys[name]].rpartition(".")[2] == STEP for name, way in ways.items()):
        words = {float(values[name]): way.values[keys[name]] for name, way in reversed(ways.items())}
        return SettingAxis({int(step): step for step in words}, words, numbers=True, steps=True)
    if all(isinstance(value, str) for value in values.values()):
        return axis_of_values(in_network_order(case, [str(value) for value in dict.fromkeys(values.values())]))
    return axis_of_values(list(values.values()))


def in_network_order(case: CaseResults, layers: Sequence[str]) -> list[str]:
    """Paths of modules, or of tensors, in the order of the case's model."""
    model = next(task.params.model for task in case.plan.tasks.values() if task.trains)
    return modules_in_order(layers, model, case.records)


def _known(case: CaseResults, ways: Sequence[str]) -> list[Way]:
    return [case.permutations[name] for name in ways if name in case.permutations]


def _setting(way: Way, key: str) -> Value:
    value = way.setting(key)
    assert value is not None
    return value


def _in_order(values: Mapping[str, Value]) -> list[str]:
    """By size where all are numbers."""
    numbers = all(isinstance(value, int | float) for value in values.values())
    return sorted(values, key=lambda word: float(values[word])) if numbers else list(values)
