"""Networks along a path, looked at group by group: all points of a group in one pass over the images."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from torch import nn

from lmcspec.science.evaluate import InOrder, Looked, evaluate_each
from lmcspec.science.mixtures import Mixture, State
from lmcspec.science.several import as_many, in_groups
from lmcspec.science.statistics_of_norms import recompute_each
from lmcspec.science.unit_norms import Batches, UnitNorms, UnitStatistics, behind, between, settle_each, watch_each

Way = Literal["as it is", "anew", "repaired"]
"""What becomes of a mixture before it is looked at: nothing, fresh statistics of batch norm, norms behind units."""
Point = tuple[Way, float]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """On what points are looked at: splits by name, of each image where that is asked for, and what else they need."""

    splits: Mapping[str, InOrder]
    each: bool = False
    refills: InOrder | None = None
    """On what statistics are taken."""
    layers: Sequence[str] = ()
    """Behind which norms are put to repair."""


class Walk:
    """The points (1 - alpha) a + alpha b that are to be looked at, and networks in which to do so."""

    def __init__(self, module: nn.Module, a: State, b: State, points: Sequence[Point], stacked: int = 1) -> None:
        module.load_state_dict(dict(a))  # integer buffers, and the check of names and shapes
        wanted = dict.fromkeys(points)
        self._alphas: dict[Way, list[float]] = {
            way: [alpha for how, alpha in wanted if how == way] for way, _ in wanted
        }
        together = 1 if "repaired" in self._alphas else stacked  # norms behind units are each network's own
        self._networks = as_many(module, max(map(len, self._alphas.values())), together)
        self._mixture = Mixture(self._networks.modules, a, b)

    @property
    def passes(self) -> int:
        """How often it goes through the images that are evaluated."""
        return sum(math.ceil(len(alphas) / self._size) for alphas in self._alphas.values())

    @property
    def _size(self) -> int:
        return len(self._networks.modules)

    def looked(self, seen: Seen, pulse: Callable[[float], None]) -> dict[Point, dict[str, Looked]]:
        """What each point is worth on each split. `pulse` is told again and again which share of the work is done."""
        ticks = _Ticks(self._looks(seen), pulse)
        return {
            (way, alpha): looked
            for way, alphas in self._alphas.items()
            for alpha, looked in self._along(way, alphas, seen, ticks)
        }

    def _looks(self, seen: Seen) -> int:
        """How many batches all networks look at, each network counted for itself."""
        splits, refills, looks = sum(map(len, seen.splits.values())), len(seen.refills or ()), 0
        for way, alphas in self._alphas.items():
            looks += len(alphas) * splits
            if way == "anew":
                looks += len(alphas) * refills
            if way == "repaired" and seen.layers:
                looks += (len(alphas) + 2) * refills
        return looks

    def _along(
        self, way: Way, alphas: Sequence[float], seen: Seen, ticks: "_Ticks"
    ) -> Iterator[tuple[float, dict[str, Looked]]]:
        refills = seen.refills or ()
        with ExitStack() as stack:
            layers = seen.layers if way == "repaired" else ()
            units = [stack.enter_context(behind(module, layers)) for module in self._networks.modules if layers]
            of_ends = self._watched(units, refills, ticks) if units else []
            for group in in_groups(alphas, self._size):
                networks = self._networks.first(len(group))
                for number, alpha in enumerate(group):
                    self._mixture.set(number, alpha)
                if way == "anew":
                    recompute_each(networks, refills, ticks)
                with ExitStack() as held:
                    if of_ends:
                        goals = [between(of_ends[0], of_ends[1], alpha) for alpha in group]
                        settle_each(units[: len(group)], refills, goals, ticks)
                        for norms in units[: len(group)]:
                            held.enter_context(norms.held())
                    values = {
                        name: evaluate_each(networks, batches, seen.each, ticks)
                        for name, batches in seen.splits.items()
                    }
                for number, alpha in enumerate(group):
                    yield alpha, {name: of[number] for name, of in values.items()}

    def _watched(
        self, units: Sequence[UnitNorms], refills: Batches, ticks: "_Ticks"
    ) -> list[dict[str, UnitStatistics]]:
        """Means and deviations of the units of both ends."""
        watched: list[dict[str, UnitStatistics]] = []
        for group in in_groups((0.0, 1.0), self._size):
            for number, end in enumerate(group):
                self._mixture.set(number, end)
            watched += watch_each(units[: len(group)], refills, ticks)
        return watched


class _Ticks:
    """Tells which share of so many looks is done, each time that networks have looked at a batch."""

    def __init__(self, looks: int, pulse: Callable[[float], None]) -> None:
        self._looks, self._done, self._pulse = looks, 0, pulse

    def __call__(self, networks: int) -> None:
        self._done += networks
        self._pulse(self._done / self._looks)
