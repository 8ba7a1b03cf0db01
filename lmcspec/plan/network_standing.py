"""How far each network of a study is: its tasks by state, the levels it has reached, time left and bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lmcspec.plan.graph import Plan, beneath
from lmcspec.plan.time_left import Left, TimeLeft

_PLACE = re.compile(r"(.+)/s(\d+)/l(\d+)/[^/]+")
"""Of a label: the network with its case, the replicate, the level."""
OVER = ("done", "blocked", "skipped after a collapse")
"""States of tasks that no time is left for."""


class NetworkStanding(NamedTuple):
    """How far a network of a case is, or a family of them. What several networks share counts for each of them."""

    case: str
    network: str
    members: int
    """How many networks it is: more than one for a family."""
    counts: Mapping[str, int]
    """Its tasks by state: `done`, `running`, `to do` …"""
    reached: tuple[int, int] | None
    """The deepest level of which something is stored, in the replicate that is least far and the one that is furthest;
    None where a replicate has nothing yet."""
    last: int
    """Its last level."""
    left: TimeLeft | None
    """Of its tasks that are left, if nothing else ran; None where none is."""
    bytes: int
    """Of its results that are in the store."""

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {**self._asdict(), "left": self.left and self.left._asdict()}


def network_standings(
    plan: Plan, states: Mapping[str, str], left: Left, sizes: Mapping[str, int], *, families: bool = False
) -> Iterator[NetworkStanding]:
    """Every measured network, in the order of the spec; with `families` those of one family together.

    `states` are of all tasks, `sizes` of those that are in the store.
    """
    tops: dict[tuple[str, str], set[str]] = {}
    for target in plan.targets:
        tops.setdefault((target.case, target.network), set()).update(filter(None, (target.task, target.mask)))
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for case, network in filter(tops.__contains__, plan.levels):
        groups.setdefault((case, network.partition("[")[0] if families else network), []).append((case, network))
    deepest = _deepest(plan, states)
    for (case, name), members in groups.items():
        tasks = beneath(plan.tasks, [task for key in members for task in tops[key]], plan.byproducts)
        counts = Counter(states[task] for task in tasks if task in states)
        yield NetworkStanding(
            case,
            name,
            len(members),
            dict(counts),
            _reached([level for key in members for level in deepest[key].values()]),
            max(plan.levels[key][-1].number for key in members),
            left.of(tasks) if any(state not in OVER for state in counts) else None,
            sum(sizes.get(task, 0) for task in tasks),
        )


def _deepest(plan: Plan, states: Mapping[str, str]) -> dict[tuple[str, str], dict[int, int | None]]:
    """By case and network, then by replicate, the deepest level of which something is stored; None where nothing is.

    The replicates are those of which something is planned: a target of partners names the first of them alone.
    """
    named = {f"{case}/{network}" if case else network: (case, network) for case, network in plan.levels}
    deepest: dict[tuple[str, str], dict[int, int | None]] = {key: {} for key in plan.levels}
    for label, task in plan.roles.items():
        if (place := _PLACE.fullmatch(label)) is None or place[1] not in named:
            continue
        levels, replicate = deepest[named[place[1]]], int(place[2])
        before = levels.setdefault(replicate, None)
        if states.get(task) == "done":
            levels[replicate] = max(int(place[3]), before or 0)
    return deepest


def _reached(levels: Iterable[int | None]) -> tuple[int, int] | None:
    known = list(levels)
    there = [level for level in known if level is not None]
    return (min(there), max(there)) if there and len(there) == len(known) else None
