"""Tables that name others, and are families where these are: a network `like` another, a permutation of a `network`.

Their own `each` come first in names, then what they follow: `random[mask=even,rewind=0]`. Where two that they name
vary in one thing, members go together that have the same of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lmcspec.spec.each import Axis, Choice, axes_of, combinations, distinct, member_name, size, with_choice
from lmcspec.spec.family import Expansion, Member, alone, going_with
from lmcspec.spec.labels import labels_of_paths
from lmcspec.spec.paths import Path
from lmcspec.spec.tree import Node, plain

Made = Sequence[tuple[Member, Node]]
"""What one table stands for."""


class _Named(NamedTuple):
    """What one key of a table names."""

    key: str
    name: str
    members: Sequence[Member]


def followers(path: Path, node: Node, known: Mapping[str, Mapping[str, Made]], result: Expansion) -> Made:
    """The members of the table at `path`; `known` are those that each of its keys may name, by family."""
    name = str(path[-1])
    axes = distinct(axes_of(node, ()))
    if result.too_many(size(axes), path, node):
        return []
    written: list[tuple[Choice, Node, list[_Named]]] = []
    for choice in combinations(axes):
        chosen = with_choice(node, choice)
        written.append((choice, chosen, [_named(chosen, key, of_key) for key, of_key in known.items()]))
    keys = _keys(name, axes, [named for _, _, of_table in written for named in of_table])
    made: list[tuple[Member, Node]] = []
    for choice, chosen, of_table in written:
        for members in _together(of_table, choice):
            if result.too_many(len(made) + 1, path, node):
                return []
            made.append(_member(name, (axes, choice), chosen, list(zip(of_table, members, strict=True)), keys))
    return made


def _named(table: Node, key: str, known: Mapping[str, Made]) -> _Named:
    """What a key names: the members of a family, or one that stands alone or in one."""
    node = table.get(key)
    name = node.value if node is not None and isinstance(node.value, str) else ""
    if name in known:
        return _Named(key, name, [member for member, _ in known[name]])
    single = next((member for made in known.values() for member, _ in made if member.name == name), alone(name))
    # Who names a single member is no family because of it, but has chosen as it has.
    return _Named(key, name, [alone(name)._replace(recipes=single.recipes, choice=single.choice)])


def _keys(name: str, axes: Sequence[Axis], every: Sequence[_Named]) -> dict[int, str]:
    """By axis the short name that stands in the bracket: the same as in that of whom it is taken over, if it can be."""
    keys: dict[int, str] = {}
    for named in every:
        for member in named.members:
            for key, axis in member.axes.items():
                if axis not in keys:
                    keys[axis] = f"{named.name}.{key}" if key in keys.values() else key
    labels = labels_of_paths([axis.path for axis in axes], frozenset(keys.values()), name)
    return keys | {id(axis.each): label for axis, label in zip(axes, labels, strict=True)}


def _together(of_table: Sequence[_Named], choice: Choice) -> Iterator[tuple[Member, ...]]:
    """The members that are named together under a choice."""
    if not of_table:
        yield ()
        return
    first, *others = of_table
    for member in going_with(first.members, choice):
        for more in _together(others, {**choice, **member.choice}):
            yield member, *more


def _member(
    name: str,
    chosen: tuple[Sequence[Axis], Choice],
    table: Node,
    named: Sequence[tuple[_Named, Member]],
    keys: Mapping[int, str],
) -> tuple[Member, Node]:
    """One member, and its table with the members that it names in place of their families."""
    axes, choice = chosen
    by_number = {id(axis.each): axis for axis in axes}
    labels = {keys[number]: axis.labels[choice[number]] for number, axis in by_number.items()}
    values = {keys[number]: plain(axis.choices[choice[number]]) for number, axis in by_number.items()}
    numbers = {keys[number]: number for number in by_number}
    recipes: Mapping[str, str] = {}
    written = dict(table.value) if isinstance(table.value, dict) else {}
    for at, member in named:
        for key, number in member.axes.items():
            if number not in choice:  # else it is the same for another reason, and said by that
                labels[keys[number]], values[keys[number]] = member.labels[key], member.values[key]
                numbers[keys[number]] = number
        choice, recipes = {**member.choice, **choice}, recipes or member.recipes
        if member.name != at.name:
            old = written[at.key]
            written[at.key] = Node(member.name, old.span, old.key, old.source)
    paths = {keys[number]: axis.path for number, axis in by_number.items()}
    member = Member(member_name(name, labels), values, labels, recipes, numbers, choice, paths)
    return member, replace(table, value=written) if isinstance(table.value, dict) else table
