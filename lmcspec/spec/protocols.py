"""Recipes that nobody has to write: the evaluation protocol of a distillation method, for a measure of its set."""

from dataclasses import replace

from lmcspec.catalog import DistillerCard, MeasureCard, find
from lmcspec.spec.tree import Node, items


def with_protocols(root: Node) -> Node:
    """The tree with a recipe `SET-protocol` for each measure of a set, such as `set-accuracy`, that names no recipe.

    It is the one that the set names, or the preset that the card of its method names; where there is neither, the
    recipe `distilled` serves, or `real` if there is no such. A set or method that does not exist is left for others
    to find.
    """
    measures, recipes = root.get("measures"), root.get("recipes")
    if measures is None or recipes is None or not isinstance(recipes.value, dict):
        return root
    sets = dict(items(root, "distilled"))
    added: dict[str, Node] = {}
    told: dict[str, Node] = {}
    for name, node in measures.items():
        kind, wanted = node.get("kind"), node.get("set")
        measure = find("measure", str(kind.value if kind is not None else name))
        by_protocol = isinstance(measure, MeasureCard) and measure.by_protocol
        if not by_protocol or node.get("evaluate") is not None:
            continue
        if wanted is None or not isinstance(wanted.value, str) or wanted.value not in sets:
            continue
        method, protocol = sets[wanted.value].get("method"), sets[wanted.value].get("protocol")
        card = find("distiller", method.value) if method is not None and isinstance(method.value, str) else None
        if protocol is not None:
            recipe = f"{wanted.value}-protocol"
            added[recipe] = protocol
        elif isinstance(card, DistillerCard) and card.protocol:
            recipe = f"{wanted.value}-protocol"
            added[recipe] = Node(card.protocol, wanted.span, wanted.key, "preset")
        else:
            recipe = "distilled" if "distilled" in recipes.value else "real"
        told[name] = replace(node, value={**node.value, "evaluate": Node(recipe, wanted.span, wanted.key, "preset")})
    if not told:
        return root
    value = {
        **root.value,
        "recipes": replace(recipes, value={**added, **recipes.value}),
        "measures": replace(measures, value={**measures.value, **told}),
    }
    return replace(root, value=value)
