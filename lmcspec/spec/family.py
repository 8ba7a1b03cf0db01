"""What `each` makes of one table: a family, its members, and which members of two families go together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from lmcspec.base.errors import Problem
from lmcspec.spec.each import Choice
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.tree import Node

MOST = 1000
"""Members of one family."""


class Member(NamedTuple):
    """One network, or one permutation, of a family."""

    name: str
    """Such as `imp[rewind=0]`."""
    values: Mapping[str, Any]
    """What varies, by the short name that stands in the bracket."""
    labels: Mapping[str, str]
    """The same as it stands there."""
    recipes: Mapping[str, str]
    """Of a network: which member of a recipe family stands for its name, `real` -> `real[lr=0.1]`."""
    axes: Mapping[str, int]
    """Of each short name the axis for which it stands: one `each`, whatever it is called elsewhere."""
    choice: Choice
    """Which value it has on each of these axes, and on those of the one member that it names."""
    paths: Mapping[str, Path] = MappingProxyType({})
    """Of what varies in its own table where that stands there; what it takes over from another has no place in it."""


def alone(name: str) -> Member:
    """The only member of what varies in nothing."""
    return Member(name, {}, {}, {}, {}, {})


class Family(NamedTuple):
    """What one table, or one list of stages, stands for."""

    name: str
    members: tuple[Member, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The short names of what varies."""
        return tuple(self.members[0].values)


def going_with(members: Sequence[Member], choice: Choice) -> list[Member]:
    """The members that have the values of `choice` on all axes that they share with it; all where none has."""
    agreeing = [
        member for member in members if all(choice.get(axis, value) == value for axis, value in member.choice.items())
    ]
    return agreeing or list(members)


class Ways(NamedTuple):
    """The families of a case's permutations, and which of their members go with which network."""

    families: Mapping[str, Family] = MappingProxyType({})
    """By the name under which they were written; members in order."""
    networks: Mapping[str, Member] = MappingProxyType({})
    """Every network of a case with families, by name, whether it is of one or not."""

    def under(self, names: Iterable[str], network: str) -> list[str]:
        """The permutations that names mean for a network, each once and in order.

        Of a family's name these are its members. Where it varies in what the network varies in, too, because it aligns
        that network or one like it, it is the member that goes with the network. A member's own name means itself.
        """
        choice = self.networks.get(network, alone(network)).choice
        return list(dict.fromkeys(way for name in names for way in self._of(name, choice)))

    def all_of(self, name: str) -> list[str]:
        """The members of a family; a permutation that stands alone, or a single member, itself."""
        return self._of(name, {})

    def going_with(self, name: str, other: str) -> list[str]:
        """The members of a family that go with another permutation; a name that is no family's itself."""
        members = (member for family in self.families.values() for member in family.members)
        return self._of(name, next((member.choice for member in members if member.name == other), {}))

    def _of(self, name: str, choice: Choice) -> list[str]:
        family = self.families.get(name)
        return [name] if family is None else [member.name for member in going_with(family.members, choice)]


@dataclass(slots=True, eq=False, repr=False)
class Expansion:
    """The tree with every family written out, the families, and what was wrong."""

    root: Node
    families: dict[str, Family] = field(default_factory=dict)
    """Those of networks."""
    recipe_families: dict[str, list[str]] = field(default_factory=dict)
    permutation_families: dict[str, Family] = field(default_factory=dict)
    networks: dict[str, Member] = field(default_factory=dict)
    """Every network, whether it is of a family or not."""
    problems: list[Problem] = field(default_factory=list)
    failed: set[Path] = field(default_factory=set)

    @property
    def ways(self) -> Ways:
        """Which permutations go with which network. Without any family of the text all go with all."""
        return Ways(self.permutation_families, self.networks)

    def refuse(self, code: str, message: str, path: Path, node: Node, *, key: bool = False, help: str = "") -> None:
        """Note a problem at a node, and that nothing more can be said of its place."""
        span = (node.key or node.span) if key else (node.span or node.key)
        self.problems.append(Problem(code, message, span, dotted(path), help=help))
        self.failed.add(path)

    def too_many(self, count: int, path: Path, node: Node) -> bool:
        """Whether so many members are more than there may be, which is a problem then."""
        if count > MOST:
            message = f"`{path[-1]}` stands for {count:,} members; at most {MOST:,} are allowed"
            self.refuse("E312", message, path, node, key=True)
        return count > MOST
