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

from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from lmcspec.spec.assign import assigned
from lmcspec.spec.labels import same
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.sweep_table import MOST, Setting, Sweep, SweepAxis, excluded, sweep_axes
from lmcspec.spec.tree import Node, NoPlace, at, merge, plain, without

CLOSED = ("study", "title", "source", "on_collapse", "sweep", "extends")
"""What is the same in all cases: what a study is called and how it runs, not what is compared."""


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
    axes, left_out = sweep_axes(table, result), excluded(table, result)
    _refuse_twice(axes, set_paths, result)
    count = prod(len(axis) for axis in axes)
    if not result.problems and count > MOST:
        result.refuse("E312", f"the sweep has {count:,} cases; at most {MOST:,} are allowed", table, key=True)
    if not result.problems:
        _combine(base, axes, left_out, set_paths, result)
        if not result.cases and not result.problems:
            result.refuse("E311", "`sweep.exclude` leaves no case", table.value["exclude"], key=True)
    if result.problems:
        result.cases = [("", base)]
    return result


def _refuse_twice(axes: list[SweepAxis], set_paths: list[tuple[Path, Node]], result: Sweep) -> None:
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
    axes: list[SweepAxis],
    left_out: list[tuple[Node, list[tuple[Path, Any]]]],
    set_paths: list[tuple[Path, Node]],
    result: Sweep,
) -> None:
    fits = [False] * len(left_out)
    for columns in product(*axes):
        settings = [setting for column in columns for setting in column]
        fitting = [index for index, (_, pairs) in enumerate(left_out) if all(_fits(pair, settings) for pair in pairs)]
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
    for (entry, _), hit in zip(left_out, fits, strict=True):
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
