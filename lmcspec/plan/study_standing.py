"""All that `status` says of one study: its tasks, its networks, the time that is left and the bytes that it has."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmcspec.plan.cost import AS_EVER, Pace
from lmcspec.plan.graph import Plan
from lmcspec.plan.network_standing import OVER, NetworkStanding, network_standings
from lmcspec.plan.outlook import outlook
from lmcspec.plan.progress import Standing, standing
from lmcspec.plan.simulate import Slots
from lmcspec.plan.time_left import Left, TimeLeft

if TYPE_CHECKING:
    from lmcspec.store import Store


@dataclass(frozen=True, slots=True)
class StudyStanding:
    """How far a study is, with its networks."""

    tasks: Standing
    networks: tuple[NetworkStanding, ...]
    left: TimeLeft
    slots: Slots
    """Those for which the time left is told."""
    bytes: Mapping[str, int]
    """Of its results that are in the store, by kind of task, the largest first."""
    obstacles: tuple[str, ...]
    """Why tasks are blocked, each reason once."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to run."""
        return not any(count for state, count in self.tasks.counts.items() if state not in OVER)

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **self.tasks.document(),
            "networks": [network.document() for network in self.networks],
            "left": {**self.left._asdict(), "slots": self.slots.total},
            "bytes": {"total": sum(self.bytes.values()), "kinds": dict(self.bytes)},
            "obstacles": list(self.obstacles),
        }


def study_standing(
    plan: Plan, store: "Store | None", slots: Slots, *, pace: Pace = AS_EVER, families: bool = False
) -> StudyStanding:
    """Hold a plan against a store (None: nothing has run); with `families` their networks stand together."""
    view = outlook(plan, store, pace=pace)
    tasks = standing(plan, store, view.diff)
    left = Left(view, slots, {task.id: task.seconds for task in tasks.running})
    sizes = _sizes(plan, store)
    by_kind: Counter[str] = Counter()
    for task, size in sizes.items():
        by_kind[plan.tasks[task].kind] += size
    networks = network_standings(plan, tasks.states, left, sizes, families=families)
    return StudyStanding(tasks, tuple(networks), left.of(), left.slots, dict(by_kind.most_common()), view.obstacles)


def _sizes(plan: Plan, store: "Store | None") -> dict[str, int]:
    if store is None:
        return {}
    from lmcspec.store.sizes import sizes

    return sizes(store, [task for task in plan.tasks if task not in plan.unknown])
