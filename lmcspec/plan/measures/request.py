"""What a measure is given to say what it needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lmcspec.catalog.levels import AtSparsity
from lmcspec.plan.subnetworks import NetworkPlan, Subnetworks


class NoSuchLevel(ValueError):
    """A measure names a level that the network does not have; `index` is its place in the list."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class Request:
    """One measure of one case: its settings, the networks it looks at, and how to emit tasks."""

    name: str
    case: str
    config: Any
    networks: Sequence[NetworkPlan]
    replicates: int
    emit: Subnetworks
    notes: list[str]
    """What the plan should tell its reader."""

    def cells(self) -> Iterator[tuple[NetworkPlan, int, int]]:
        """(network, replicate, level) of everything to measure."""
        for network in self.networks:
            levels = levels_of(self.config.levels, network)
            for replicate in range(self.replicates):
                for level in levels:
                    yield network, replicate, level


def levels_of(wanted: Any, network: NetworkPlan) -> tuple[int, ...]:
    """The level numbers that a measure's `levels` mean for a network, ascending. Raises NoSuchLevel."""
    last = len(network.levels) - 1
    if wanted == "all":
        return tuple(range(last + 1))
    found = set()
    for index, level in enumerate(wanted):
        match level:
            case "dense":
                found.add(0)
            case "start":
                found.add((network.original or network).start)
            case "last-stage":
                found |= set(range((network.original or network).start, last + 1))
            case "last":
                found.add(last)
            case AtSparsity():
                found.add(nearest(network, level.sparsity))
            case int():
                if level > last and last > 0:
                    raise NoSuchLevel(index, f"the network {network.name!r} has levels 0 to {last}, not {level}")
                if level <= last:
                    found.add(level)
    return tuple(sorted(found))


def nearest(network: NetworkPlan, sparsity: float) -> int:
    """The level whose nominal sparsity is nearest; of two equally near the denser."""
    return min(network.levels, key=lambda own: (abs(1 - own.density - sparsity), own.number)).number
