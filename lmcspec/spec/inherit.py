"""Recipes on top of presets and of each other: `extends = "real"`, or a bare string."""

from dataclasses import dataclass, field, replace

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.preset_files import presets
from lmcspec.spec.tree import Node, merge, spelled_out, without


@dataclass(slots=True)
class Inheritance:
    """The recipes of one study while their `extends` are followed."""

    recipes: dict[str, Node]
    problems: list[Problem] = field(default_factory=list)
    failed: set[Path] = field(default_factory=set)
    """Recipes of which nothing sensible can be said any more."""
    _done: dict[str, Node] = field(default_factory=dict)

    def resolve(self, name: str, above: tuple[str, ...] = ()) -> Node:
        """A recipe of the study with everything that it extends beneath it."""
        if name not in self._done:
            self._done[name] = self._resolved(self.recipes[name], ("recipes", name), (*above, name))
        return self._done[name]

    def _resolved(self, node: Node, path: Path, above: tuple[str, ...]) -> Node:
        table = spelled_out(node, ("recipes", str(path[1])))
        entry = table.get("extends")
        if entry is None:
            return table
        own = without(table, "extends")
        base = self._base(entry, path, above)
        if base is None:
            self.failed.add(path[:2])
            return own
        return merge(base, own, ("recipes", ""))

    def _base(self, entry: Node, path: Path, above: tuple[str, ...]) -> Node | None:
        where = dotted((*path, "extends"))
        wanted = entry.value
        if not isinstance(wanted, str):
            message = "`extends` takes the name of a preset or of another recipe"
            self.problems.append(Problem("E105", message, entry.span, where))
        elif wanted in above:
            circle = " -> ".join(f"`{name}`" for name in (*above[above.index(wanted) :], wanted))
            self.problems.append(Problem("E303", f"recipes extend each other in a circle: {circle}", entry.span, where))
        elif wanted in self.recipes:
            return self._usable(wanted, above)
        elif wanted in presets():
            return self._resolved(presets()[wanted], ("recipes", wanted), (*above, wanted))
        else:
            near = nearest(wanted, [*presets(), *(name for name in self.recipes if name != path[1])])
            label = f"did you mean `{near}`?" if near else ""
            help = f"presets: {', '.join(sorted(presets()))}"
            self.problems.append(
                Problem("E206", f"there is no preset or recipe `{wanted}`", entry.span, where, label, help)
            )
        return None

    def _usable(self, name: str, above: tuple[str, ...]) -> Node | None:
        node = self.resolve(name, above)
        return None if ("recipes", name) in self.failed else node


def with_inherited_recipes(root: Node) -> tuple[Node, list[Problem], set[Path]]:
    """The tree with every recipe complete, what was wrong, and the paths of recipes that failed."""
    recipes = root.get("recipes")
    if recipes is None or not isinstance(recipes.value, dict):
        return root, [], set()
    work = Inheritance(recipes.value)
    resolved = {name: work.resolve(name) for name in recipes.value}
    return (
        replace(root, value={**root.value, "recipes": replace(recipes, value=resolved)}),
        work.problems,
        work.failed,
    )
