"""What two specs say differently, once all is resolved: only what differs, with who set it on either side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lmcspec.spec.explain import Setter, setter_of, shown, value_of
from lmcspec.spec.load import Case, Loaded
from lmcspec.spec.paths import Path, dotted


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A value that is another in B than in A; None on the side that has none. Alike in all of these cases."""

    path: str
    a: Setter | None
    b: Setter | None
    cases: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The line of a table: path, value in A, where that is set, value in B, where that is set."""
        return self.path, *_side(self.a), *_side(self.b)

    def document(self) -> dict[str, Any]:
        """The difference as plain data."""
        sides = {
            name: None if setter is None else {"value": setter.value, "place": setter.place}
            for name, setter in (("a", self.a), ("b", self.b))
        }
        return {"path": self.path, **sides, "cases": list(self.cases)}


@dataclass(frozen=True, slots=True)
class Differences:
    """The differences of two specs, and the cases that only one of them has."""

    differing: tuple[SettingDifference, ...]
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    of: int = field(default=1)
    """How many cases were compared."""


def differences(a: Loaded, b: Loaded) -> Differences:
    """Compare the cases of two specs by name; where each has one, these two whatever they are called."""
    cases_a, cases_b = ({case.name: case for case in spec.cases} for spec in (a, b))
    if len(cases_a) == len(cases_b) == 1:
        pairs = list(zip(cases_a.values(), cases_b.values(), strict=True))
        return Differences(tuple(_grouped(pairs)))
    both = [name for name in cases_a if name in cases_b]
    return Differences(
        tuple(_grouped([(cases_a[name], cases_b[name]) for name in both])),
        tuple(name for name in cases_a if name not in cases_b),
        tuple(name for name in cases_b if name not in cases_a),
        len(both),
    )


def _grouped(pairs: list[tuple[Case, Case]]) -> Iterator[SettingDifference]:
    """Those of all pairs, what is alike in several cases once."""
    groups: dict[tuple[str, ...], list[tuple[str, SettingDifference]]] = {}
    for a, b in pairs:
        for difference in between(a, b):
            groups.setdefault(difference.cells, []).append((a.name, difference))
    for members in groups.values():
        first = members[0][1]
        yield SettingDifference(first.path, first.a, first.b, tuple(name for name, _ in members if name))


def between(a: Case, b: Case) -> Iterator[SettingDifference]:
    """The differences of two cases, in the order of the settings; a table that one side lacks is one difference."""
    for path in _paths(value_of(a), value_of(b), ()):
        yield SettingDifference(dotted(path), _set(a, path), _set(b, path))


_LACKS: Any = object()
"""Stands for a key that a table doesn't have, where None is a value."""


def _paths(a: Any, b: Any, path: Path) -> Iterator[Path]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [*a, *(key for key in b if key not in a)]
        for key in keys:
            yield from _paths(a.get(key, _LACKS), b.get(key, _LACKS), (*path, key))
    elif _holds_tables(a) and _holds_tables(b):
        for index in range(max(len(a), len(b))):
            yield from _paths(_at(a, (index,)), _at(b, (index,)), (*path, index))
    elif a is _LACKS or b is _LACKS:
        # What one side does not set and the other can't is not worth a line.
        if {type(a), type(b)} != {type(_LACKS), type(None)}:
            yield path
    elif a != b or isinstance(a, bool) != isinstance(b, bool):
        yield path


def _holds_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)


def _set(case: Case, path: Path) -> Setter | None:
    """Who set the value; None where the case has no such key. A table is given as it was written, without defaults."""
    value = _at(value_of(case), path)
    if value is _LACKS:
        return None
    if isinstance(value, Mapping) or _holds_tables(value):
        written = _at(case.tree, path)
        value = value if written is _LACKS else written
    return setter_of(case, path, value)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else _LACKS
        else:
            value = value.get(part, _LACKS) if isinstance(value, Mapping) else _LACKS
    return value


def _side(setter: Setter | None) -> tuple[str, str]:
    if setter is None:
        return "–", ""
    return shown(setter.value), "" if setter.value is None else setter.place
