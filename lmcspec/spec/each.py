"""The `each` of one network or recipe: axes, their combinations, and what stands under one of these."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import NamedTuple

from lmcspec.spec.labels import labels_of_values
from lmcspec.spec.paths import Path
from lmcspec.spec.tree import Node, plain, walk


class Axis(NamedTuple):
    """One `each`, found at `path` within the network or recipe."""

    each: Node
    path: Path
    choices: tuple[Node, ...]
    labels: tuple[str, ...]


Choice = dict[int, int]
"""Axis (the identity of its list) -> index of the value chosen."""


def axes_of(node: Node, path: Path) -> list[Axis]:
    """Every `each` of a network or recipe, which stands at `path`."""
    axes = []
    for place, inside in walk(node, path):
        each = inside.get("each")
        if each is not None:
            labels = labels_of_values([plain(value) for value in each.value])
            axes.append(Axis(each, place, tuple(each.value), tuple(labels)))
    return axes


def combinations(axes: list[Axis]) -> list[Choice]:
    """All choices of a value on each axis, in the order of the text; axes of one `each` go together."""
    sizes = {id(axis.each): len(axis.choices) for axis in axes}
    return [dict(zip(sizes, indices, strict=True)) for indices in product(*(range(size) for size in sizes.values()))]


def size(axes: list[Axis]) -> int:
    """How many combinations there are."""
    return prod({id(axis.each): len(axis.choices) for axis in axes}.values())


def with_choice(node: Node, choice: Choice) -> Node:
    """The tree with the chosen value in place of every `each`."""
    each = node.get("each")
    if each is not None and id(each) in choice:
        value = each.value[choice[id(each)]]
        return replace(value, key=node.key, earlier=node.earlier)
    match node.value:
        case dict():
            return replace(node, value={key: with_choice(child, choice) for key, child in node.value.items()})
        case list():
            return replace(node, value=[with_choice(child, choice) for child in node.value])
        case _:
            return node


def distinct(axes: list[Axis]) -> list[Axis]:
    """The axes without those whose `each` an earlier one has."""
    kept: dict[int, Axis] = {}
    for axis in axes:
        kept.setdefault(id(axis.each), axis)
    return list(kept.values())


def member_name(name: str, labels: Mapping[str, str]) -> str:
    """What the member of a family is called: `imp[rewind=0]`."""
    return f"{name}[{','.join(f'{key}={label}' for key, label in labels.items())}]" if labels else name
