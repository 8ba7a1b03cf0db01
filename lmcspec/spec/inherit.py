"""Recipes, distilled sets and measures on top of presets and of each other: `extends = "real"`, or a bare string.

A stage of a network extends presets alone: it has no name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets
from lmcspec.spec.tree import Node, merge, spelled_out, without


@dataclass(slots=True, eq=False, repr=False)
class Inheritance:
    """The tables of one sort in one study while their `extends` are followed."""

    table: str
    """`recipes`, `distilled`, `measures` or `networks`."""
    word: str
    """What one of them is called."""
    written: dict[str, Node]
    presets: Callable[[], Mapping[str, Node]]
    """Read only if something extends one."""
    problems: list[Problem] = field(default_factory=list)
    failed: set[Path] = field(default_factory=set)
    """Those of which nothing sensible can be said any more."""
    _done: dict[str, Node] = field(default_factory=dict)

    def resolve(self, name: str, above: tuple[str, ...] = ()) -> Node:
        """One of the study with everything that it extends beneath it."""
        if name not in self._done:
            self._done[name] = self.resolved(self.written[name], (self.table, name), (*above, name))
        return self._done[name]

    def resolved(self, node: Node, path: Path, above: tuple[str, ...] = ()) -> Node:
        """The table at a path with everything that it extends beneath it."""
        table = spelled_out(node, path)
        entry = table.get("extends")
        if entry is None:
            return table
        on_top = without(table, "extends")
        base = self._base(entry, path, above)
        if base is None:
            self.failed.add(path[:2])
            return on_top
        return merge(base, on_top, path)

    def _base(self, entry: Node, path: Path, above: tuple[str, ...]) -> Node | None:
        where = dotted((*path, "extends"))
        wanted = entry.value
        if not isinstance(wanted, str):
            message = f"`extends` takes the name of a preset or of another {self.word}"
            self.problems.append(Problem("E105", message, entry.span, where))
        elif wanted in above:
            circle = " -> ".join(f"`{name}`" for name in (*above[above.index(wanted) :], wanted))
            message = f"{self.word}s extend each other in a circle: {circle}"
            self.problems.append(Problem("E303", message, entry.span, where))
        elif wanted in self.written:
            return self._usable(wanted, above)
        elif wanted in self.presets():
            return self.resolved(self.presets()[wanted], (*path[:1], wanted, *path[2:]), (*above, wanted))
        else:
            near = nearest(wanted, [*self.presets(), *(name for name in self.written if name != path[1])])
            label = f"did you mean `{near}`?" if near else ""
            help = f"presets: {', '.join(sorted(self.presets()))}"
            what = f"preset or {self.word}" if self.written else f"preset of a {self.word}"
            self.problems.append(Problem("E206", f"there is no {what} `{wanted}`", entry.span, where, label, help))
        return None

    def _usable(self, name: str, above: tuple[str, ...]) -> Node | None:
        node = self.resolve(name, above)
        return None if (self.table, name) in self.failed else node


Inherited = tuple[Node, list[Problem], set[Path]]
"""The tree with everything complete, what was wrong, and the paths of what failed."""


_TABLES = {
    "distilled": ("distilled set", set_presets),
    "measures": ("measure", measure_presets),
    "recipes": ("recipe", presets),
}
"""What one of a table is called, and the presets of it."""


def with_inherited(root: Node, name: str) -> Inherited:
    """The tree with every distilled set, measure or recipe, or stage of a network, on top of what it extends.

    `name` is that of their table.
    """
    if name == "networks":
        return _with_inherited_stages(root)
    table = root.get(name)
    if table is None or not isinstance(table.value, dict):
        return root, [], set()
    word, known = _TABLES[name]
    work = Inheritance(name, word, table.value, known)
    resolved = {entry: work.resolve(entry) for entry in table.value}
    return replace(root, value={**root.value, name: replace(table, value=resolved)}), work.problems, work.failed


def _with_inherited_stages(root: Node) -> Inherited:
    """The tree with every stage of every network on top of the preset that it extends."""
    networks = root.get("networks")
    if networks is None or not isinstance(networks.value, dict):
        return root, [], set()
    work = Inheritance("networks", "stage", {}, stage_presets)
    resolved = {}
    for name, network in networks.value.items():
        stages = [
            work.resolved(stage, ("networks", name, index)) if stage.get("extends") is not None else stage
            for index, stage in enumerate(network.elements())
        ]
        resolved[name] = replace(network, value=stages) if isinstance(network.value, list) else network
    return (
        replace(root, value={**root.value, "networks": replace(networks, value=resolved)}),
        work.problems,
        work.failed,
    )
