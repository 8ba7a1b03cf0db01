"""The names of a study, and what is said of one that stands for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmcspec.base.errors import Problem
from lmcspec.spec.family import Family
from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path
from lmcspec.spec.tree import Node, items
from lmcspec.spec.unknown import unknown_name

NAMED = ("recipes", "distilled", "weights", "masks", "networks", "permutations", "measures", "figures")
"""Tables whose keys are people's own names."""
NONE = "none"
"""Where a permutation may be named: that there is none."""


@dataclass(slots=True, eq=False, repr=False)
class Names:
    """The names of a study, before families were written out and after."""

    origins: Origins
    written: Mapping[str, list[str]]
    families: Mapping[str, Family]
    recipe_families: Mapping[str, list[str]]
    permutation_families: Mapping[str, Family]
    problems: list[Problem] = field(default_factory=list)
    _defined: dict[str, dict[str, None]] = field(default_factory=dict)

    def of(self, table: str) -> Mapping[str, None]:
        """The names defined in a table, in order."""
        if table not in self._defined:
            self._defined[table] = dict.fromkeys(name for name, _ in items(self.origins.root, table))
        return self._defined[table]

    def problem(self, code: str, message: str, path: Path, *, key: bool = False, help: str = "") -> None:
        """Note a problem at a path."""
        self.problems.append(self.origins.problem(code, message, path, help=help, at="key" if key else "value"))


def table_of(names: Names, name: str) -> Node | None:
    """The table of a network, of a family that of its first member; None where there is none."""
    table = names.origins.root.get("networks")
    if table is None:
        return None
    if name in names.families:
        name = names.families[name].members[0].name
    return table.get(name)


def check_networks(names: Names, node: Node, path: Path) -> None:
    """Note names under `networks` that no network has."""
    networks = node.get("networks")
    for index, item in enumerate(networks.elements() if networks is not None else ()):
        check_network(names, item.value, (*path, "networks", index))


def check_network(names: Names, name: object, path: Path) -> None:
    """Note a name that no network has."""
    known = names.of("networks")
    if isinstance(name, str) and name not in known and name not in names.families:
        every = list(dict.fromkeys([*names.written.get("networks", ()), *known]))
        names.problems.append(unknown_name("E209", "network", name, every, path, names.origins))


def check_measure(names: Names, node: Node, path: Path, key: str) -> None:
    """Note a measure under a key that is not defined."""
    child = node.get(key)
    known = names.of("measures")
    if child is not None and isinstance(child.value, str) and child.value not in known:
        names.problems.append(unknown_name("E212", "measure", child.value, list(known), (*path, key), names.origins))


def check_recipe(names: Names, name: str, path: Path) -> None:
    """Note a recipe that is not defined."""
    known = names.of("recipes")
    if name not in known:
        every = list(dict.fromkeys([*names.written.get("recipes", ()), *known]))
        names.problems.append(unknown_name("E207", "recipe", name, every, path, names.origins))


def check_permutation(names: Names, name: object, path: Path) -> None:
    """Note a name that no permutation has."""
    known = [NONE, *names.of("permutations")]
    if isinstance(name, str) and name not in known and name not in names.permutation_families:
        every = list(dict.fromkeys([NONE, *names.written.get("permutations", ()), *known]))
        names.problems.append(unknown_name("E217", "permutation", name, every, path, names.origins))
