"""What the table `sweep` of a spec says: its axes, with the settings of each, and what it excludes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.spec.labels import PLAIN_NAME, labels_of_paths, labels_of_values, same
from lmcspec.spec.paths import Path, dotted, parse_path
from lmcspec.spec.tree import Node, plain, stamped, without

MOST = 1000
"""Cases of one sweep."""
KEYS = ("grid", "zip", "exclude", "cases", "only")


class Setting(NamedTuple):
    """One value that a case sets: replaced at its path, or merged in at the top for an entry of `cases`."""

    path: Path
    leaf: Node
    name: str


@dataclass(slots=True, eq=False, repr=False)
class Sweep:
    """The cases as (name, tree), and what was wrong."""

    cases: list[tuple[str, Node]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(
        self, code: str, message: str, node: Node, *, key: bool = False, help: str = "", path: str = "sweep"
    ) -> None:
        """Note a problem at a node."""
        span = (node.key or node.span) if key else (node.span or node.key)
        self.problems.append(Problem(code, message, span, path, help=help))


SweepAxis = list[tuple[Setting, ...]]
"""What can be chosen, one at a time: the settings that go together."""


def sweep_axes(table: Node, result: Sweep) -> list[SweepAxis]:
    """The axes of a sweep: `cases` first, then the grid in its order, then `zip`."""
    if not isinstance(table.value, dict):
        result.refuse("E310", "`sweep` is a table", table)
        return []
    for key, node in table.items():
        if key not in KEYS:
            result.refuse("E103", f"unknown key `{key}`", node, key=True, help=f"keys here: {', '.join(KEYS)}")
    axes = [_only(_named_cases(table.value["cases"], result), table, result)] if "cases" in table.value else []
    if "only" in table.value and not axes:
        message = "`sweep.only` picks from `sweep.cases`, and there are none"
        result.refuse("E310", message, table.value["only"], key=True)
    grid = _lists(table.value["grid"], (), result) if "grid" in table.value else []
    zipped = _lists(table.value["zip"], (), result) if "zip" in table.value else []
    names = labels_of_paths([path for path, _ in (*grid, *zipped)])
    for (path, node), name in zip(grid, names, strict=False):
        axes.append([(setting,) for setting in _settings(path, node, name)])
    if zipped:
        rows = [_settings(path, node, name) for (path, node), name in zip(zipped, names[len(grid) :], strict=True)]
        for (path, node), row in zip(zipped, rows, strict=True):
            if len(row) != len(rows[0]):
                first = dotted(zipped[0][0])
                message = f"`{dotted(path)}` has {len(row)} values and `{first}` has {len(rows[0])}"
                result.refuse("E309", message, node)
                return axes
        axes.append([tuple(column) for column in zip(*rows, strict=True)])
    return axes


def _settings(path: Path, node: Node, name: str) -> list[Setting]:
    labels = labels_of_values([plain(value) for value in node.elements()])
    return [
        Setting(path, _as_leaf(value, node), f"{name}={label}")
        for value, label in zip(node.elements(), labels, strict=True)
    ]


def _as_leaf(value: Node, lists: Node) -> Node:
    leaf = stamped(value, "case")
    return Node(leaf.value, leaf.span, lists.key, "case")


def _lists(node: Node, above: Path, result: Sweep) -> list[tuple[Path, Node]]:
    """The (path, list) pairs of a `grid` or `zip`, whose keys may be dotted, nested, or both."""
    if isinstance(node.value, dict):
        if not node.value and not above:
            result.refuse("E310", "there is nothing to vary here", node)
        lists = []
        for key, child in node.items():
            path = _path(key, child, result)
            if path is not None:
                lists += _lists(child, (*above, *path), result)
        return lists
    if not above or not isinstance(node.value, list):
        what = f"`{dotted(above)}` takes the list of its values" if above else "`grid` and `zip` are tables"
        result.refuse("E310", what, node)
        return []
    if not node.value:
        result.refuse("E310", f"`{dotted(above)}` has no values", node)
        return []
    if len(node.value) > MOST:
        message = f"`{dotted(above)}` has {len(node.value):,} values; a sweep has at most {MOST:,} cases"
        result.refuse("E312", message, node)
        return []
    values = [plain(value) for value in node.value]
    for index, value in enumerate(values):
        if any(same(value, other) for other in values[:index]):
            result.refuse("E308", f"`{dotted(above)}` has the value {value!r} twice", node.value[index])
            return []
    return [(above, node)]


def _path(key: str, node: Node, result: Sweep) -> Path | None:
    try:
        return tuple(part.name for part in parse_path(key))
    except ValueError as error:
        result.refuse("E310", f"`{key}` is no path: {error.args[0]}", node, key=True)
        return None


def _named_cases(node: Node, result: Sweep) -> SweepAxis:
    axis: SweepAxis = []
    taken: dict[str, Node] = {}
    if not isinstance(node.value, list) or not node.value:
        result.refuse("E310", "`sweep.cases` is a list of tables: [[sweep.cases]]", node)
        return []
    for entry in node.value:
        name = entry.get("case")
        if name is None or not isinstance(name.value, str) or not name.value:
            result.refuse("E310", 'a case needs a name: case = "..."', name or entry)
            continue
        if not PLAIN_NAME.fullmatch(name.value):
            result.refuse("E109", f"`{name.value}` can't be a name", name)
        if name.value in taken:
            first = taken[name.value].span
            where = f", first in line {first.line}" if first else ""
            result.refuse("E308", f"two cases are called `{name.value}`{where}", name)
        taken[name.value] = name
        axis.append((Setting((), stamped(without(entry, "case"), "case"), name.value),))
    return axis


def _only(axis: SweepAxis, table: Node, result: Sweep) -> SweepAxis:
    """The cases that `sweep.only` names, in its order; all without it."""
    only = table.get("only")
    if only is None or not axis:
        return axis
    known = {column[0].name: column for column in axis}
    wanted = only.elements() or [only]
    for index, node in enumerate(wanted):
        if not isinstance(node.value, str):
            result.refuse("E310", "`sweep.only` is a list of names of cases", node)
        elif node.value not in known:
            near = nearest(node.value, list(known))
            help = f"did you mean `{near}`?" if near else f"cases here: {', '.join(known)}"
            result.refuse("E311", f"there is no case `{node.value}`", node, help=help)
        elif any(node.value == earlier.value for earlier in wanted[:index]):
            result.refuse("E308", f"the case `{node.value}` stands here twice", node)
    if result.problems:
        return axis
    return [known[node.value] for node in wanted]


def excluded(table: Node, result: Sweep) -> list[tuple[Node, list[tuple[Path, Any]]]]:
    """Each entry of `exclude`, with the values at the paths that a combination has to have to be left out."""
    node = table.get("exclude")
    if node is None:
        return []
    if not isinstance(node.value, list) or not all(
        isinstance(entry.value, dict) and entry.value for entry in node.value
    ):
        result.refuse("E310", "`sweep.exclude` is a list of tables that map paths to values", node)
        return []
    return [(entry, _pairs(entry, (), result)) for entry in node.value]


def _pairs(node: Node, above: Path, result: Sweep) -> list[tuple[Path, Any]]:
    if not isinstance(node.value, dict):
        return [(above, plain(node))]
    pairs = []
    for key, child in node.items():
        path = _path(key, child, result)
        pairs += _pairs(child, (*above, *path), result) if path is not None else []
    return pairs
