"""What a measure is given to say what it needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.catalog.levels import AtSparsity
from lmcspec.plan.alignments import Alignments
from lmcspec.plan.graph import Target
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.subnetworks import Subnetworks
from lmcspec.plan.trainings import Unsuited


class NoSuchLevel(ValueError):
    """A measure names a level that a network does not have; `index` is its place in the list, None for all of it."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message)
        self.index = index


Cell = tuple[NetworkPlan, int, int]
"""(network, replicate, level)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One measure of one case: its settings, the networks it looks at, and how to emit tasks."""

    name: str
    case: str
    config: Any
    networks: Sequence[NetworkPlan]
    replicates: int
    emit: Subnetworks
    alignments: Alignments
    """The permutations of the case, and its pairs of partners."""
    notes: list[str]
    """What the plan should tell its reader."""
    every: Mapping[str, NetworkPlan] = field(default_factory=dict)
    """All networks of the case, by name."""

    def cells(self) -> Iterator[Cell]:
        """Each network, replicate and level to measure."""
        for network in self.networks:
            levels = levels_of(self.config.levels, network)
            for replicate in range(self.replicates):
                for level in levels:
                    yield network, replicate, level

    def other(self, name: str) -> NetworkPlan:
        """A network that a measure compares with. Raises Unsuited where the name is that of a family."""
        if name not in self.every:
            members = [network for network in self.every if network.startswith(f"{name}[")]
            raise Unsuited("E209", f"{name!r} is a family of networks", f"name one member, such as {members[0]!r}")
        return self.every[name]

    def role(self, cell: Cell, what: str) -> str:
        """The role of a task for a cell."""
        network, replicate, level = cell
        return f"{self.emit.prefix}{network.name}/s{replicate}/l{level}/{what}"

    def target(self, kind: str, cell: Cell, task: str, **more: Any) -> Target:
        """The numbers that are asked of a cell."""
        network, replicate, level = cell
        mask = self.emit.mask(network, replicate, level)
        place = {"case": self.case, "network": network.name, "replicate": replicate, "level": level}
        return Target(measure=self.name, kind=kind, task=task, mask=mask, **place, **more)

    def note_too_early(self, network: NetworkPlan, what: str, rewind: Step) -> None:
        """Tell that a point before the rewind point of some levels does not exist for them."""
        place = f"{self.case}: " if self.case else ""
        note = f"{place}{self.name} of {network.name} {what}: levels that rewind to {rewind} begin after it"
        if note not in self.notes:
            self.notes.append(note)


def levels_of(wanted: Any, network: NetworkPlan) -> tuple[int, ...]:
    """The level numbers that a measure's `levels` mean for a network, ascending. Raises NoSuchLevel."""
    last = len(network.levels) - 1
    if wanted == "all":
        return tuple(range(last + 1))
    numbers = set()
    for index, level in enumerate(wanted):
        match level:
            case "dense":
                numbers.add(0)
            case "start":
                numbers.add((network.original or network).start)
            case "last-stage":
                numbers |= set(range((network.original or network).start, last + 1))
            case "last":
                numbers.add(last)
            case AtSparsity():
                numbers.add(nearest(network, level.sparsity))
            case int():
                if level > last and last > 0:
                    raise NoSuchLevel(index, f"the network {network.name!r} has levels 0 to {last}, not {level}")
                if level <= last:
                    numbers.add(level)
    return tuple(sorted(numbers))


def nearest(network: NetworkPlan, sparsity: float) -> int:
    """The level whose sparsity is nearest, as far as it is known; of two equally near the denser."""
    return min(network.levels, key=lambda level: (abs(level.sparsity - sparsity), level.number)).number
