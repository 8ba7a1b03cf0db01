"""What may be compared within a study, by name: networks, families, cases, or a network of a case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.base.members import family, member
from lmcspec.catalog import nearest
from lmcspec.plan import Plan


class Place(NamedTuple):
    """A network of a case."""

    case: str
    network: str

    def __str__(self) -> str:
        return f"{self.case}/{self.network}" if self.case else self.network


@dataclass(frozen=True, slots=True)
class Side:
    """What a name stands for."""

    name: str
    case: str | None = None
    """The case that it names; None for a network of whichever cases have it."""
    networks: tuple[str, ...] | None = None
    """The network that it names, or the members of the family; None for a case, all of whose networks are meant."""


def named(plan: Plan, a: str, b: str) -> list[tuple[Place, Place]]:
    """The networks to compare, pair by pair, for two names.

    What one name leaves out is that of the other: `lenet` against `resnet/imp` is `lenet/imp` against it, and `imp`
    against `stable` is within each case. Members of two families go together by what varies in them. UsageError for
    names that there are not, and where both mean the same.
    """
    places = list(dict.fromkeys(Place(target.case, target.network) for target in plan.targets))
    first, second = _side(plan, a, places), _side(plan, b, places)
    first, second = _completed(first, second), _completed(second, first)
    cases = [(first.case, second.case)] if first.case is not None and second.case is not None else _each_case(places)
    pairs = [
        pair
        for case, other in cases
        for pair in _pairs(_of(first, case, places), _of(second, other, places), first.networks is None)
    ]
    if not pairs:
        raise _none_together(first, second, places)
    different = [pair for pair in pairs if pair[0] != pair[1]]
    if not different:
        raise UsageError(f"{a} and {b} are the same: there is nothing to compare", help=_there_are(places))
    return different


def _each_case(places: Sequence[Place]) -> list[tuple[str | None, str | None]]:
    return [(case, case) for case in dict.fromkeys(place.case for place in places)]


def _side(plan: Plan, name: str, places: Sequence[Place]) -> Side:
    cases = [case for case in dict.fromkeys(place.case for place in places) if case]
    networks = _called(name, (place.network for place in places))
    if networks:
        return Side(name, networks=networks)
    if name.rstrip("/") in cases:
        return Side(name, name.rstrip("/"))
    for case in cases:
        in_case = (place.network for place in places if place.case == case)
        if name.startswith(f"{case}/") and (networks := _called(name[len(case) + 1 :], in_case)):
            return Side(name, case, networks)
    raise _unknown(plan, name, places)


def _called(name: str, networks: Iterable[str]) -> tuple[str, ...]:
    """The network of that name, else the members of the family of that name; nothing where there are none."""
    networks = tuple(dict.fromkeys(networks))
    return (name,) if name in networks else tuple(network for network in networks if family(network) == name)


def _completed(side: Side, other: Side) -> Side:
    return replace(
        side,
        case=other.case if side.case is None else side.case,
        networks=other.networks if side.networks is None else side.networks,
    )


def _of(side: Side, case: str | None, places: Sequence[Place]) -> list[Place]:
    return [
        place for place in places if place.case == case and (side.networks is None or place.network in side.networks)
    ]


def _pairs(a: Sequence[Place], b: Sequence[Place], same_names: bool) -> list[tuple[Place, Place]]:
    """Each of A with those of B that it goes with; where one side is a single network, everything goes with it."""
    if same_names:
        return [(place, other) for place in a for other in b if place.network == other.network]
    if len(a) == 1 or len(b) == 1:
        return [(place, other) for place in a for other in b]
    return [(place, other) for place in a for other in b if _together(place.network, other.network)]


def _together(a: str, b: str) -> bool:
    """Whether members of two families have the same values of all that varies in both."""
    of_a, of_b = member(a), member(b)
    common = of_a.keys() & of_b.keys()
    return bool(common) and all(of_a[key] == of_b[key] for key in common)


def _unknown(plan: Plan, name: str, places: Sequence[Place]) -> UsageError:
    planned = {str(Place(*place)) for place in plan.levels} | {network for _, network in plan.levels}
    if name in planned:
        return UsageError(f"the study measures nothing of {name}", help=f"compare others: {_there_are(places)}")
    networks = dict.fromkeys(place.network for place in places)
    cases = dict.fromkeys(place.case for place in places if place.case)
    members = [network for network in networks if family(network) == family(name) != network]
    every = [*networks, *map(family, networks), *cases, *map(str, places)]
    near = nearest(name, list(dict.fromkeys(every)))
    help = f"did you mean {near}?" if near else _there_are(places)
    if members:
        help = f"the members of {family(name)} are {', '.join(members)}"
    return UsageError(f"the study has no network, family or case {name!r}", help=help)


def _none_together(a: Side, b: Side, places: Sequence[Place]) -> UsageError:
    return UsageError(
        f"no network of {a.name} goes with one of {b.name}",
        help=f"name one of each, such as {' '.join(dict.fromkeys(str(place) for place in places[-2:]))}",
    )


def _there_are(places: Sequence[Place]) -> str:
    networks = dict.fromkeys(place.network for place in places)
    cases = dict.fromkeys(place.case for place in places if place.case)
    words = f"there are {', '.join(networks)}" if networks else "the study measures nothing"
    return f"{words}; cases {', '.join(cases)}" if cases else words
