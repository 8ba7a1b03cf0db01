"""One spec, several studies: the cases of a sweep.

    [sweep]
    grid    = { "model.width" = [8, 16], "recipes.real.optimiser.lr" = [0.1, 0.01] }
    zip     = { "replicates" = [5, 3], "dataset.root" = ["a", "b"] }
    exclude = [{ "model.width" = 16, "recipes.real.optimiser.lr" = 0.1 }]

    only    = ["deep"]

    [[sweep.cases]]
    case = "deep"
    model.depth = 4

Every entry of `grid` is an axis; all of `zip` together is one more, whose lists go item by item; `cases` is the first,
each a table of overrides that merge into the spec. The cases of the study are all combinations, cases first, then the
grid in its order, then zip, without those that fit an entry of `exclude` in all its paths (`case` stands for the name
of an entry of `cases`). `only` names those of `cases` that are taken, in its own order. A combination is named
`deep,width=8,lr=0.1,replicates=5`. Paths may be written dotted or as nested tables. A value of the grid replaces what
the spec says at its path; a table of `cases` merges with it, into a list's items by numbers for keys. Of files that
extend each other cases merge by their names.
"""

from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.spec.assign import assigned
from lmcspec.spec.labels import PLAIN_NAME, labels_of_paths, labels_of_values, same
from lmcspec.spec.paths import Path, dotted, parse_path
from lmcspec.spec.tree import Node, NoPlace, at, merge, plain, stamped, without

MOST = 1000
"""Cases of one sweep."""
KEYS = ("grid", "zip", "exclude", "cases", "only")
CLOSED = ("study", "sweep", "extends")
"""What is the same in all cases."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a case sets: replaced at its path, or merged in at the top for an entry of `cases`."""

    path: Path
    leaf: Node
    name: str


@dataclass(slots=True)
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


def swept(root: Node, set_paths: list[tuple[Path, Node]]) -> Sweep:
    """The cases of a spec; without a sweep a single one with an empty name.

    Where the sweep itself is wrong, the spec as it stands without one, so that the rest is still checked.
    """
    result = Sweep()
    table = root.get("sweep")
    base = without(root, "sweep") if table else root
    if table is None:
        result.cases = [("", base)]
        return result
    axes, excluded = _axes(table, result), _excluded(table, result)
    _refuse_twice(axes, set_paths, result)
    count = prod(len(axis) for axis in axes)
    if not result.problems and count > MOST:
        result.refuse("E312", f"the sweep has {count:,} cases; at most {MOST:,} are allowed", table, key=True)
    if not result.problems:
        _combine(base, axes, excluded, set_paths, result)
        if not result.cases and not result.problems:
            result.refuse("E311", "`sweep.exclude` leaves no case", table.value["exclude"], key=True)
    if result.problems:
        result.cases = [("", base)]
    return result


Axis = list[tuple[Setting, ...]]


def _axes(table: Node, result: Sweep) -> list[Axis]:
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


def _named_cases(node: Node, result: Sweep) -> Axis:
    axis: Axis = []
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


def _only(axis: Axis, table: Node, result: Sweep) -> Axis:
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


def _excluded(table: Node, result: Sweep) -> list[tuple[Node, list[tuple[Path, Any]]]]:
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


def _refuse_twice(axes: list[Axis], set_paths: list[tuple[Path, Node]], result: Sweep) -> None:
    """No path may be set by two axes, or by --set and the sweep: one of them would be lost without a word."""
    taken: list[tuple[Path, int]] = []
    for number, axis in enumerate(axes):
        settings = axis[0] if axis and axis[0][0].path else [setting for column in axis for setting in column]
        for setting in settings:
            for path, node in _leaves(setting):
                if path and path[0] in CLOSED:
                    result.refuse("E313", f"`{path[0]}` is the same in all cases", node, key=True)
                for set_path, set_node in set_paths:
                    short = not setting.path and isinstance(node.value, str) and len(set_path) > len(path)
                    if _overlap(path, set_path) and not short:  # `dataset = "mnist"` leaves its root open
                        result.refuse("E313", f"`{dotted(path)}` is set by the sweep as well", set_node, key=True)
                if any(other != number and _overlap(path, earlier) for earlier, other in taken):
                    result.refuse("E313", f"`{dotted(path)}` is set by two axes of the sweep", node, key=True)
                taken.append((path, number))


def _leaves(setting: Setting) -> list[tuple[Path, Node]]:
    if setting.path:
        return [(setting.path, setting.leaf)]
    return _table_leaves(setting.leaf, ())


def _table_leaves(node: Node, above: Path) -> list[tuple[Path, Node]]:
    if isinstance(node.value, dict) and (node.value or not above):
        return [leaf for key, child in node.items() for leaf in _table_leaves(child, (*above, key))]
    return [(above, node)]


def _overlap(a: Path, b: Path) -> bool:
    shorter = min(len(a), len(b))
    return [str(part) for part in a[:shorter]] == [str(part) for part in b[:shorter]]


def _combine(
    base: Node,
    axes: list[Axis],
    excluded: list[tuple[Node, list[tuple[Path, Any]]]],
    set_paths: list[tuple[Path, Node]],
    result: Sweep,
) -> None:
    fits = [False] * len(excluded)
    for columns in product(*axes):
        settings = [setting for column in columns for setting in column]
        fitting = [index for index, (_, pairs) in enumerate(excluded) if all(_fits(pair, settings) for pair in pairs)]
        for index in fitting:
            fits[index] = True
        if fitting:
            continue
        tree = base
        for setting in settings:
            try:
                if setting.path:
                    tree = assigned(tree, setting.path, setting.leaf)
                else:
                    tree = merge(tree, setting.leaf)
            except NoPlace as error:
                where = f"`{dotted(setting.path)}`: " if setting.path else f"case `{setting.name}`: "
                place = setting.leaf if error.span is None else replace(setting.leaf, key=error.span)
                result.refuse("E310", f"{where}{error}", place, key=True)
                return
        result.cases.append((",".join(setting.name for setting in settings), _set_again(tree, set_paths, result)))
    for (entry, _), hit in zip(excluded, fits, strict=True):
        if not hit:
            result.refuse("E311", "this fits no case of the sweep", entry)


def _set_again(tree: Node, set_paths: list[tuple[Path, Node]], result: Sweep) -> Node:
    """What --set says, in a case that replaced the table in which it stood: `dataset.root` beside another data set."""
    for path, leaf in set_paths:
        there = at(tree, path)
        if path[0] == "sweep" or (there is not None and there.span == leaf.span):
            continue
        try:
            tree = assigned(tree, path, leaf)
        except NoPlace as error:
            result.refuse("E304", str(error), leaf, key=True, path=dotted(path))
    return tree


def _fits(pair: tuple[Path, Any], settings: list[Setting]) -> bool:
    path, value = pair
    for setting in settings:
        if path == ("case",) and not setting.path:
            return setting.name == value
        if setting.path and [str(part) for part in setting.path] == [str(part) for part in path]:
            return same(plain(setting.leaf), value)
    return False
