"""What can be said of a study without any facts: names that stand for nothing, keys that contradict each other."""

from lmcspec.base.errors import Problem
from lmcspec.catalog import CriterionCard, MeasureCard, find
from lmcspec.catalog.augmentation import AUGMENTATIONS
from lmcspec.spec.family import Expansion
from lmcspec.spec.given import check_given
from lmcspec.spec.labels import PLAIN_NAME
from lmcspec.spec.names import (
    NAMED,
    NONE,
    Names,
    check_measure,
    check_network,
    check_networks,
    check_permutation,
    check_recipe,
    table_of,
)
from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path
from lmcspec.spec.stage_recipes import stage_recipe
from lmcspec.spec.tree import Node, items, plain
from lmcspec.spec.unknown import unknown_name


def reference_problems(before: Node, after: Expansion) -> list[Problem]:
    """What is wrong with names and combinations in one case; `before` is its tree with families as written."""
    written = {table: [name for name, _ in node.items()] for table in NAMED if (node := before.get(table)) is not None}
    names = Names(Origins(after.root), written, after.families, after.recipe_families, after.permutation_families)
    _plain_names(names)
    if names.written.get("recipes") and "real" not in names.written["recipes"]:
        names.problem(
            "E211",
            "there is no recipe `real`",
            ("recipes",),
            key=True,
            help="networks are measured by training with it",
        )
    _recipes(names)
    _networks(names)
    _permutations(names)
    _measures(names)
    _figures(names)
    return names.problems


def _plain_names(names: Names) -> None:
    for table, written in names.written.items():
        for name in written:
            if not PLAIN_NAME.fullmatch(name) and "[" in name:
                path = (table, name)
                if names.origins.has(path):
                    help = "brackets are kept for the members of families"
                    names.problem("E109", f"`{name}` can't be a name", path, key=True, help=help)


def _recipes(names: Names) -> None:
    for name, node in items(names.origins.root, "recipes"):
        written = {key: plain(setting) for key, setting in items(node, "augment")}
        for key, message, help in filter(None, (card.clash(written) for card in AUGMENTATIONS)):
            names.problem("E117", message, ("recipes", name, "augment", key), key=True, help=help)


def _networks(names: Names) -> None:
    for name, node in items(names.origins.root, "networks"):
        path: Path = ("networks", name)
        if isinstance(node.value, dict):
            _like(names, path, node)
            continue
        for index, stage in enumerate(node.elements()):
            if isinstance(stage.value, dict):
                _stage(names, (*path, index), stage)
                check_given(names, (*path, index), stage)


def _like(names: Names, path: Path, node: Node) -> None:
    _carried(names, path, node)
    like = node.get("like")
    if like is None:
        return
    target = like.value
    place = (*path, "like")
    family = path[1].split("[")[0] if isinstance(path[1], str) else ""
    if isinstance(target, str) and target in (path[1], family):
        names.problem("E210", f"`{family}` can't be like itself", place)
    elif isinstance(target, str) and (other := table_of(names, target)) is not None and isinstance(other.value, dict):
        real = other.get("like")
        help = f"it may be like `{real.value}`" if real is not None and real.value not in (path[1], family) else ""
        names.problem("E210", f"`{target}` is itself only like another network", place, help=help)
    else:
        check_network(names, target, place)


def _carried(names: Names, path: Path, node: Node) -> None:
    """Masks that come from a partner: by a permutation that doesn't rest on them, or as they are."""
    carries = (of := node.get("mask_from")) is not None and of.value == "partner"
    under, mask = node.get("under"), node.get("mask")
    if under is not None and not carries:
        help = 'say `mask_from = "partner"`, whose masks it carries over'
        names.problem("E117", "`under` goes with masks that come from a partner", (*path, "under"), key=True, help=help)
    if carries and mask is not None and mask.value != "same":
        message = f'masks of a partner are taken as they are, not `mask = "{mask.value}"`'
        names.problem("E117", message, (*path, "mask"), help="leave one of the two out")
    if carries and under is None:
        names.problem("E117", "under which permutation the masks come over is not said", path, help='`under = "none"`')
    elif carries and under is not None:
        check_permutation(names, under.value, (*path, "under"))


def _permutations(names: Names) -> None:
    for name, node in items(names.origins.root, "permutations"):
        path: Path = ("permutations", name)
        if name.partition("[")[0] == NONE:
            names.problem("E109", "`none` is what a network is under that is not permuted", path, key=True)
        _pruned(names, path, node)
        if (network := node.get("network")) is None or not isinstance(network.value, str):
            continue  # of what is no name the model says so
        check_network(names, network.value, (*path, "network"))
        of = table_of(names, network.value)
        if of is not None and (under := of.get("under")) is not None and under.value != NONE:
            message = f"the masks of `{network.value}` come over by a permutation themselves"
            names.problem("E210", message, (*path, "network"), help="align networks whose masks are their own")
        elif network.value in names.families:  # one of which only some come over so
            members = names.families[network.value].members
            help = f"name one member, such as `{members[0].name}`"
            names.problem("E209", f"`{network.value}` is a family of networks", (*path, "network"), help=help)


def _pruned(names: Names, path: Path, node: Node) -> None:
    """Pruning before an alignment: by which rule, and not of networks that are mixed of two steps."""
    if (prune := node.get("prune")) is None or not isinstance(prune.value, dict):
        return
    if node.get("rewind_layers") is not None:
        message = "either networks are pruned before they are aligned, or some layers come from an earlier step"
        help = "leave one of the two out: masks are of the networks at `step`, not of mixed ones"
        names.problem("E117", message, (*path, "prune"), key=True, help=help)
    _own_shares(names, (*path, "prune"), prune)


def _stage(names: Names, path: Path, stage: Node) -> None:
    data = stage.get("data")
    sets = names.of("distilled")
    if data is not None and data.value != "real" and isinstance(data.value, str) and data.value not in sets:
        problem = unknown_name("E208", "distilled set", data.value, ["real", *sets], (*path, "data"), names.origins)
        names.problems.append(problem)
    for key in ("recipe", "retrain"):
        node = stage.get(key)
        if node is not None and isinstance(node.value, str):
            check_recipe(names, node.value, (*path, key))
    if stage.get("recipe") is None and _trains(stage):
        recipe = stage_recipe(stage)
        if recipe != "real" and recipe not in names.written.get("recipes", ()):
            message = f"the stage trains by the recipe `{recipe}`, which is not defined"
            names.problem("E211", message, path, help=f"add [recipes.{recipe}], or say which with `recipe`")
    _combination(names, path, stage)


def _trains(stage: Node) -> bool:
    shuffle = stage.get("shuffle")
    return shuffle is None or shuffle.value is not True


def _combination(names: Names, path: Path, stage: Node) -> None:
    def value(key: str) -> object:
        node = stage.get(key)
        return None if node is None else node.value

    ends = [key for key in ("rounds", "sparsity") if value(key) is not None]
    if value("shuffle") is True:
        other = next(
            (key for key, _ in stage.items() if key in ("rounds", "sparsity", "fraction", "exact", "criterion")), None
        )
        if other is not None:
            names.problem(
                "E117", f"a stage that shuffles prunes nothing, so it has no `{other}`", (*path, other), key=True
            )
        return
    if not ends and value("mask") is None and value("weights") is None:
        names.problem("E116", "the stage has neither `rounds` nor `sparsity`", path, help="say how far it prunes")
    if len(ends) == 2 and value("fraction") is not None:
        message = "`rounds` and `sparsity` together settle the fraction, so it can't be given as well"
        names.problem("E117", message, (*path, "fraction"), key=True)
    if value("exact") is True and value("sparsity") is None:
        names.problem("E117", "`exact` needs a `sparsity` to be exact about", (*path, "exact"), key=True)
    if value("schedule_from") is not None and value("start") != "trained":
        message = '`schedule_from` goes with `start = "trained"` only'
        names.problem("E117", message, (*path, "schedule_from"), key=True)
    for key in ("rewind", "rewind_of", "restore"):
        if value("start") == "trained" and value(key) is not None:
            message = f'with `start = "trained"` nothing goes back, so there is no `{key}`'
            blamed = _key_to_blame(stage, key, "start")
            help = (
                "say `schedule_from` to rewind the rate alone" if blamed == key else "leave out the preset that says so"
            )
            names.problem("E117", message, (*path, blamed), key=True, help=help)

    _own_shares(names, path, stage)
    card = _criterion(stage)
    if card is not None and card.rewound:
        for key, default in (("start", "rewind"), ("restore", "all")):
            if value(key) not in (None, default):
                message = f"`{card.name}` ranks the weights at the rewind point, and nothing is trained between rounds"
                blamed = _key_to_blame(stage, key, "criterion")
                leave = f"leave `{key}` out" if blamed == key else f'say `{key} = "{default}"` against the preset'
                help = f"{leave}, or rank trained weights, as with `magnitude`"
                names.problem("E117", message, (*path, blamed), key=True, help=help)


def _own_shares(names: Names, path: Path, node: Node) -> None:
    """Criteria that settle how much of each layer goes, where layers are told to give equal shares."""
    card, scope = _criterion(node), node.get("scope")
    if card is not None and card.shares_out and scope is not None and scope.value == "layer":
        message = f"`{card.name}` settles itself how much of each layer goes"
        blamed = _key_to_blame(node, "scope", "criterion")
        help = "leave `scope` out, or draw equal shares by the criterion `random`"
        names.problem("E117", message, (*path, blamed), key=True, help=help)


def _key_to_blame(stage: Node, key: str, other: str) -> str:
    """The key, or `other`, which it contradicts, where a preset wrote the key: out of that nobody can take it."""
    node = stage.get(key)
    return other if node is not None and node.source == "preset" else key


def _criterion(stage: Node) -> CriterionCard | None:
    """The card of the stage's criterion, however it is spelled; None where it names none that there is."""
    node = stage.get("criterion")
    named = node.get("name") if node is not None and isinstance(node.value, dict) else node
    card = find("criterion", named.value) if named is not None and isinstance(named.value, str) else None
    return card if isinstance(card, CriterionCard) else None


def _measures(names: Names) -> None:
    for name, node in items(names.origins.root, "measures"):
        path: Path = ("measures", name)
        check_networks(names, node, path)
        evaluate = node.get("evaluate")
        if evaluate is not None and isinstance(evaluate.value, str):
            members = names.recipe_families.get(evaluate.value)
            if members and evaluate.value != "real":
                help = f"name one member, such as `{members[0]}`"
                names.problem("E207", f"`{evaluate.value}` is a family of recipes", (*path, "evaluate"), help=help)
            elif not members:
                check_recipe(names, evaluate.value, (*path, "evaluate"))
        wanted, sets = node.get("set"), names.of("distilled")
        if wanted is not None and isinstance(wanted.value, str) and wanted.value not in sets:
            problem = unknown_name("E208", "distilled set", wanted.value, list(sets), (*path, "set"), names.origins)
            names.problems.append(problem)
        for key in ("under", "between"):
            for place, way in enumerate(ways.elements() if (ways := node.get(key)) is not None else ()):
                check_permutation(names, way.value, (*path, key, place))
                if key == "between" and place and way.value == NONE:
                    names.problem("E117", "against no permutation others are held, it comes first", (*path, key, place))
        against = node.get("against")
        if against is not None:
            check_network(names, against.value, (*path, "against"))
        for key in ("anchors", "project"):
            for place, anchor in enumerate(named.elements() if (named := node.get(key)) is not None else ()):
                if (other := anchor.get("network")) is not None:
                    check_network(names, other.value, (*path, key, place, "network"))
                if (way := anchor.get("under")) is not None:
                    check_permutation(names, way.value, (*path, key, place, "under"))
        if (card := _measure(name, node)) is None or not card.reads:
            continue
        check_measure(names, node, path, card.reads)
        read = card.config.model_fields[card.reads].default
        if node.get(card.reads) is None and read not in names.of("measures"):
            message = f"`{name}` reads the levels of the measure `{read}`, which is not defined"
            names.problem("E212", message, path, key=True, help=f"add `{read} = {{}}`")


def _measure(name: str, node: Node) -> MeasureCard | None:
    """The card of the measure's kind, which its name says where nothing else does; None where there is no such."""
    kind = node.get("kind")
    card = find("measure", str(kind.value if kind is not None else name))
    return card if isinstance(card, MeasureCard) else None


def _figures(names: Names) -> None:
    for name, node in items(names.origins.root, "figures"):
        path: Path = ("figures", name)
        check_networks(names, node, path)
        check_measure(names, node, path, "measure")
        baseline = node.get("baseline")
        if baseline is not None:
            check_network(names, baseline.value, (*path, "baseline"))
