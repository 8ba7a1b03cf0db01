"""Families: `rewind = { each = [0, "100it"] }` makes the networks `imp[rewind=0]` and `imp[rewind=100it]`.

`each` may be the value of any key of a stage, of a `like` table, of a permutation, or of a recipe. Several of them in
one network give all combinations, in the order of the text. A baseline `like` a family is a family of the same members,
and so is a permutation of its networks, and a network that takes masks `under` one. A recipe with an `each` becomes
several recipes, `real[lr=0.1]`, and so does every network trained with it; all networks are measured by training with
`real`, so a family of that recipe makes one of every network. One `each` that reaches a network in two ways (a recipe
that extends another, a permutation of the network that it is like) is one axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lmcspec.spec.each import Axis, Choice, axes_of, combinations, distinct, member_name, size, with_choice
from lmcspec.spec.family import Expansion, Family, Member
from lmcspec.spec.followers import Made, followers
from lmcspec.spec.labels import labels_of_paths, same
from lmcspec.spec.paths import Path
from lmcspec.spec.stage_recipes import used_recipes, with_recipes
from lmcspec.spec.tree import Node, plain, walk


def expanded(root: Node) -> Expansion:
    """Write out all families of a tree whose recipes are complete."""
    result = Expansion(root)
    eaches = [(path, node) for path, node in walk(root) if node.get("each") is not None]
    for path, node in eaches:
        _check(path, node, result)
    if eaches and not result.problems:
        recipes = _recipes(root, result)
        _networks_and_permutations(recipes, result)
        _references(result)
    if result.problems:  # families are left as written then, and nothing more can be said of them
        result.root = root
        result.families.clear()
        result.permutation_families.clear()
        result.networks.clear()
        result.failed |= {path for path, _ in eaches}
    return result


def _check(path: Path, node: Node, result: Expansion) -> None:
    inner = path[3:] if len(path) > 3 and isinstance(path[2], int) else path[2:]
    allowed = path[:1] in (("networks",), ("recipes",), ("permutations",)) and len(path) >= 3 and inner
    nested = any(part == "each" for part in path)
    if not allowed or nested or any(isinstance(part, int) for part in inner):
        help = "it is the value of a key of a stage, of a `like` table, of a permutation or of a recipe"
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
        if result.too_many(size(axes), ("recipes", name), node):
            continue
        choices = combinations(axes)
        members = {recipes.member(name, choice): with_choice(node, choice) for choice in choices}
        result.recipe_families[name] = list(members)
        written |= members
    result.root = _with(result.root, "recipes", replace(table, value=written))
    return recipes


def _networks_and_permutations(recipes: _Recipes, result: Expansion) -> None:
    """All of these: a permutation follows the networks that it aligns, and some networks a permutation."""
    if result.problems:
        return
    networks, permutations = (_tables(result.root, top) for top in ("networks", "permutations"))
    made: dict[str, Made] = {}
    for name, node in networks.items():
        if not isinstance(node.value, dict):
            made[name] = _of_stages(name, node, recipes, result)
    stages = dict(made)
    likes = {name: node for name, node in networks.items() if name not in made}
    for name, node in likes.items():
        if not _carried(node):
            made[name] = followers(("networks", name), node, {"like": stages}, result)
    ways: dict[str, Made] = {}
    for name, node in permutations.items():
        ways[name] = followers(("permutations", name), node, {"network": dict(made)}, result)
    for name, node in likes.items():
        if name not in made:
            made[name] = followers(("networks", name), node, {"like": stages, "under": ways}, result)
    result.families |= _written_out("networks", networks, made, result)
    result.permutation_families |= _written_out("permutations", permutations, ways, result)
    result.networks |= {member.name: member for of_name in made.values() for member, _ in of_name}


def _tables(root: Node, top: str) -> dict[str, Node]:
    table = root.get(top)
    return dict(table.items()) if table is not None else {}


def _carried(node: Node) -> bool:
    """Whether the masks of a network `like` another come over by a permutation."""
    return (under := node.get("under")) is not None and under.value != "none"


def _written_out(top: str, names: Mapping[str, Node], made: Mapping[str, Made], result: Expansion) -> dict[str, Family]:
    """Put all members in the place of each table, and give the families that these are."""
    table, families = result.root.get(top), {}
    if table is None or not isinstance(table.value, dict):
        return families
    written: dict[str, Node] = {}
    for name in names:
        written |= {member.name: node for member, node in made[name]}
        if made[name] and made[name][0][0].values:
            families[name] = Family(name, tuple(member for member, _ in made[name]))
    result.root = _with(result.root, top, replace(table, value=written))
    return families


def _of_stages(name: str, node: Node, recipes: _Recipes, result: Expansion) -> list[tuple[Member, Node]]:
    of_network = axes_of(node, ())
    choices: list[tuple[Choice, Node, list[str]]] = []
    every: list[Axis] = list(of_network)
    if result.too_many(size(of_network), ("networks", name), node):
        return []
    for choice in combinations(of_network):
        chosen = with_choice(node, choice)
        used = [recipe for recipe in used_recipes(chosen) if recipe in recipes.axes]
        axes = [axis for recipe in used for axis in recipes.axes[recipe]]
        every += axes
        if result.too_many(len(choices) + size(axes), ("networks", name), node):
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
        numbers = {keys[id(axis.each)]: id(axis.each) for axis in mine}
        member = Member(member_name(name, labels), values, labels, names, numbers, choice)
        made.append((member, with_recipes(chosen, names)))
    return made


def _references(result: Expansion) -> None:
    """Put all members of a family in the place of its name: networks in measures and figures, permutations in figures.

    Which members of a family of permutations a measure means hangs on the network that it looks at; see `Ways`.
    """
    for top, keys in (("measures", {}), ("figures", {"under": result.permutation_families})):
        table = result.root.get(top)
        if table is None or not isinstance(table.value, dict):
            continue
        written = {}
        for name, node in table.items():
            for key, families in {"networks": result.families, **keys}.items():
                named = node.get(key)
                if named is not None and isinstance(named.value, list):
                    items = [member for item in named.value for member in _members(item, families)]
                    node = replace(node, value={**node.value, key: replace(named, value=items)})
            written[name] = node
        result.root = _with(result.root, top, replace(table, value=written))


def _members(item: Node, families: Mapping[str, Family]) -> list[Node]:
    family = families.get(item.value) if isinstance(item.value, str) else None
    return [replace(item, value=member.name) for member in family.members] if family else [item]


def _with(root: Node, key: str, child: Node) -> Node:
    return replace(root, value={**root.value, key: child})
