"""Families: `rewind = { each = [0, "100it"] }` makes the networks `imp[rewind=0]` and `imp[rewind=100it]`.

`each` may be the value of any key of a stage, of a `like` table, or of a recipe. Several of them in one network give
all combinations, in the order of the text. A baseline `like` a family is a family of the same members. A recipe with
an `each` becomes several recipes, `real[lr=0.1]`, and so does every network trained with it; all networks are measured
by training with `real`, so a family of that recipe makes one of every network. One `each` that reaches a network in two
ways (a recipe that extends another) is one axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lmcspec.base.errors import Problem
from lmcspec.spec.each import Axis, Choice, axes_of, combinations, distinct, member_name, size, with_choice
from lmcspec.spec.labels import labels_of_paths, same
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.stage_recipes import used_recipes, with_recipes
from lmcspec.spec.tree import Node, plain, walk

MOST = 1000
"""Members of all families of a study together."""


class Member(NamedTuple):
    """One network of a family."""

    name: str
    """Such as `imp[rewind=0]`."""
    values: Mapping[str, Any]
    """What varies, by the short name that stands in the bracket."""
    recipes: Mapping[str, str]
    """Which member of a recipe family stands for its name: `real` -> `real[lr=0.1]`."""


class Family(NamedTuple):
    """The networks that one table or list of stages stands for."""

    name: str
    members: tuple[Member, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The short names of what varies."""
        return tuple(self.members[0].values)


@dataclass(slots=True, eq=False, repr=False)
class Expansion:
    """The tree with every family written out, the families of networks, and what was wrong."""

    root: Node
    families: dict[str, Family] = field(default_factory=dict)
    recipe_families: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    failed: set[Path] = field(default_factory=set)

    def refuse(self, code: str, message: str, path: Path, node: Node, *, key: bool = False, help: str = "") -> None:
        """Note a problem at a node, and that nothing more can be said of its place."""
        span = (node.key or node.span) if key else (node.span or node.key)
        self.problems.append(Problem(code, message, span, dotted(path), help=help))
        self.failed.add(path)


def expanded(root: Node) -> Expansion:
    """Write out all families of a tree whose recipes are complete."""
    result = Expansion(root)
    eaches = [(path, node) for path, node in walk(root) if node.get("each") is not None]
    for path, node in eaches:
        _check(path, node, result)
    if eaches and not result.problems:
        recipes = _recipes(root, result)
        _networks(recipes, result)
        _references(result)
    if result.problems:  # families are left as written then, and nothing more can be said of them
        result.root = root
        result.families.clear()
        result.failed |= {path for path, _ in eaches}
    return result


def _check(path: Path, node: Node, result: Expansion) -> None:
    inner = path[3:] if len(path) > 3 and isinstance(path[2], int) else path[2:]
    allowed = path[:1] in (("networks",), ("recipes",)) and len(path) >= 3 and inner
    nested = any(part == "each" for part in path)
    if not allowed or nested or any(isinstance(part, int) for part in inner):
        help = "it is the value of a key of a stage, of a `like` table or of a recipe"
        result.refuse("E305", "`each` can't stand here", path, node, key=True, help=help)
        return
    each = node.value["each"]
    if len(node.value) > 1:
        other = next(child for key, child in node.items() if key != "each")
        result.refuse("E305", "nothing else may stand beside `each`", path, other, key=True)
    elif not isinstance(each.value, list):
        result.refuse("E105", "`each` takes a list", path, each)
    elif not each.value:
        result.refuse("E306", "`each` has no members", path, each)
    else:
        values = [plain(value) for value in each.value]
        for index, value in enumerate(values):
            if any(same(value, earlier) for earlier in values[:index]):
                result.refuse("E307", f"`each` has {value!r} twice", path, each.value[index])
                return


@dataclass(slots=True, eq=False, repr=False)
class _Recipes:
    axes: dict[str, list[Axis]]

    def member(self, name: str, choice: Choice) -> str:
        """The recipe that stands for `name` under a choice of all its axes."""
        axes = distinct(self.axes.get(name, []))
        keys = labels_of_paths([axis.path for axis in axes])
        return member_name(
            name, {key: axis.labels[choice[id(axis.each)]] for key, axis in zip(keys, axes, strict=True)}
        )


def _recipes(root: Node, result: Expansion) -> _Recipes:
    table = root.get("recipes")
    recipes = _Recipes({})
    if table is None or not isinstance(table.value, dict):
        return recipes
    written: dict[str, Node] = {}
    for name, node in table.items():
        axes = axes_of(node, (name,))
        if not axes:
            written[name] = node
            continue
        recipes.axes[name] = axes
        if _too_many(size(axes), ("recipes", name), node, result):
            continue
        choices = combinations(axes)
        members = {recipes.member(name, choice): with_choice(node, choice) for choice in choices}
        result.recipe_families[name] = list(members)
        written |= members
    result.root = _with(result.root, "recipes", replace(table, value=written))
    return recipes


def _networks(recipes: _Recipes, result: Expansion) -> None:
    table = result.root.get("networks")
    if table is None or not isinstance(table.value, dict) or result.problems:
        return
    stages = {name: node for name, node in table.items() if not isinstance(node.value, dict)}
    made: dict[str, list[tuple[Member, Node]]] = {}
    for name, node in stages.items():
        made[name] = _of_stages(name, node, recipes, result)
    for name, node in table.items():
        if name not in made:
            made[name] = _of_like(name, node, made, stages, result)
    written: dict[str, Node] = {}
    for name in table.value:
        written |= {member.name: node for member, node in made[name]}
        if made[name] and made[name][0][0].values:
            result.families[name] = Family(name, tuple(member for member, _ in made[name]))
    result.root = _with(result.root, "networks", replace(table, value=written))


def _of_stages(name: str, node: Node, recipes: _Recipes, result: Expansion) -> list[tuple[Member, Node]]:
    of_network = axes_of(node, ())
    choices: list[tuple[Choice, Node, list[str]]] = []
    every: list[Axis] = list(of_network)
    if _too_many(size(of_network), ("networks", name), node, result):
        return []
    for choice in combinations(of_network):
        chosen = with_choice(node, choice)
        used = [recipe for recipe in used_recipes(chosen) if recipe in recipes.axes]
        axes = [axis for recipe in used for axis in recipes.axes[recipe]]
        every += axes
        if _too_many(len(choices) + size(axes), ("networks", name), node, result):
            return []
        choices += [({**choice, **more}, chosen, used) for more in combinations(axes)]
    axes = distinct(every)
    keys = dict(zip((id(axis.each) for axis in axes), labels_of_paths([axis.path for axis in axes]), strict=True))
    made = []
    for choice, chosen, used in choices:
        mine = [axis for axis in axes if id(axis.each) in choice]
        labels = {keys[id(axis.each)]: axis.labels[choice[id(axis.each)]] for axis in mine}
        values = {keys[id(axis.each)]: plain(axis.choices[choice[id(axis.each)]]) for axis in mine}
        names = {recipe: recipes.member(recipe, choice) for recipe in used}
        made.append((Member(member_name(name, labels), values, names), with_recipes(chosen, names)))
    return made


def _of_like(
    name: str, node: Node, made: Mapping[str, list[tuple[Member, Node]]], stages: Mapping[str, Node], result: Expansion
) -> list[tuple[Member, Node]]:
    axes = axes_of(node, ())
    keys = labels_of_paths([axis.path for axis in axes])
    expanded = []
    if _too_many(size(axes), ("networks", name), node, result):
        return []
    for choice in combinations(axes):
        chosen = with_choice(node, choice)
        like = chosen.get("like")
        labels = {key: axis.labels[choice[id(axis.each)]] for key, axis in zip(keys, axes, strict=True)}
        own_values = {key: plain(axis.choices[choice[id(axis.each)]]) for key, axis in zip(keys, axes, strict=True)}
        target = like.value if like is not None and isinstance(like.value, str) else ""
        if target not in stages or not made[target] or not made[target][0][0].values:
            recipes = next(
                (member.recipes for members in made.values() for member, _ in members if member.name == target), {}
            )
            expanded.append((Member(member_name(name, labels), own_values, recipes), chosen))
            continue
        for member, _ in made[target]:
            bracket = member.name.removeprefix(target)[1:-1]
            inner = ",".join([*(f"{key}={label}" for key, label in labels.items()), bracket])
            named = Node(member.name, like.span, like.key, like.source)  # pyright: ignore[reportOptionalMemberAccess]
            expanded.append(
                (
                    Member(f"{name}[{inner}]", {**own_values, **member.values}, member.recipes),
                    replace(chosen, value={**chosen.value, "like": named}),
                )
            )
    return expanded


def _references(result: Expansion) -> None:
    """Put all members of a family in the place of its name, in measures and figures."""
    for top in ("measures", "figures"):
        table = result.root.get(top)
        if table is None or not isinstance(table.value, dict):
            continue
        written = {}
        for name, node in table.items():
            networks = node.get("networks")
            if networks is not None and isinstance(networks.value, list):
                items = [member for item in networks.value for member in _members(item, result.families)]
                node = replace(node, value={**node.value, "networks": replace(networks, value=items)})
            written[name] = node
        result.root = _with(result.root, top, replace(table, value=written))


def _members(item: Node, families: Mapping[str, Family]) -> list[Node]:
    family = families.get(item.value) if isinstance(item.value, str) else None
    return [replace(item, value=member.name) for member in family.members] if family else [item]


def _with(root: Node, key: str, child: Node) -> Node:
    return replace(root, value={**root.value, key: child})


def _too_many(count: int, path: Path, node: Node, result: Expansion) -> bool:
    if count > MOST:
        result.refuse(
            "E312", f"`{path[-1]}` stands for {count:,} members; at most {MOST:,} are allowed", path, node, key=True
        )
    return count > MOST
