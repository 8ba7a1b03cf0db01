"""The whole answer to "what would run": plan, diff, reasons and costs, the same for plan, run and status."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING

from lmcspec.base.errors import BlockedError
from lmcspec.base.facts import ModelFacts
from lmcspec.plan.calibration import Calibration, calibration
from lmcspec.plan.cost import AS_EVER, Cost, Pace, cost
from lmcspec.plan.diff import Diff, diff, needs
from lmcspec.plan.graph import Plan
from lmcspec.plan.model_facts import known_facts
from lmcspec.plan.reasons import Reason, reasons
from lmcspec.plan.simulate import Slots, peak_bytes, wall_time
from lmcspec.tasks import kind

if TYPE_CHECKING:
    from lmcspec.plan.chosen import Chosen, Figures
    from lmcspec.store import Store
    from lmcspec.tasks import Task


@dataclass(frozen=True)
class Outlook:
    """A plan held against a store."""

    plan: Plan
    store: "Store | None"
    diff: Diff
    reasons: Mapping[str, Reason]
    costs: Mapping[str, Cost]
    """The cost of each task that runs, and, without seconds, of each blocked one that the plan counts."""
    models: Mapping[str, ModelFacts]
    calibration: Calibration
    chosen: "Chosen | None" = None
    """The part that is asked for; None for all of it."""
    figures: "Figures" = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def counted(self) -> "tuple[Task, ...]":
        """The tasks as people count them: by-products only where one has to run by itself."""
        alone = set(self.diff.run)
        return tuple(
            task for task in self.plan.tasks.values() if task.id not in self.plan.byproducts or task.id in alone
        )

    @cached_property
    def untimed(self) -> tuple[str, ...]:
        """Tasks to run of a kind and model that has never finished here, so that no seconds are known."""
        return tuple(task for task in self.diff.run if self.costs[task].seconds is None)

    @cached_property
    def guessed(self) -> int:
        """How many tasks to run have seconds by a first estimate only."""
        return sum(self.costs[task].guessed for task in self.diff.run)

    @cached_property
    def passes(self) -> Mapping[str, float]:
        """Of each state that is committed in passing at which share of its host's updates that happens."""
        shares = {}
        for byproduct, host in self.diff.passing.items():
            until, params = self.plan.tasks[byproduct].params.until, self.plan.tasks[host].params
            before = self.diff.continued.get(host)
            begin = self.plan.tasks[before].params.until if before else getattr(params, "begin", 0)
            shares[byproduct] = (until - begin) / max(1, params.until - begin)
        return shares

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why tasks are blocked, each reason once."""
        return tuple(dict.fromkeys(self.diff.blocked.values()))

    @property
    def running(self) -> Mapping[str, Cost]:
        """The costs of the tasks that run, by id."""
        return {task: cost for task, cost in self.costs.items() if task not in self.diff.blocked}

    @property
    def waiting(self) -> Mapping[str, Cost]:
        """The costs of the blocked tasks, by id."""
        return {task: cost for task, cost in self.costs.items() if task in self.diff.blocked}

    @property
    def kept_bytes(self) -> int:
        """Bytes that stay after the run: what is kept until it is used has gone by then."""
        tasks = self.plan.tasks
        return sum(cost.work.stored or 0 for task, cost in self.running.items() if tasks[task].keep == "always")

    @property
    def peak_bytes(self) -> int:
        """The most bytes that the run's outputs take at once, tasks running one after the other."""
        tasks = self.plan.tasks
        passing = {task for task in self.diff.run if tasks[task].keep == "until-used"}
        reads = {task: [source for _, source in tasks[task].inputs] for task in self.diff.run}
        return peak_bytes(
            self.diff.run, reads, {task: cost.work.stored or 0 for task, cost in self.costs.items()}, passing
        )

    def wall(self, slots: Slots, which: str = "seconds") -> float | None:
        """Predicted seconds on these slots, start-up included; None while any task is untimed."""
        if self.untimed:
            return None
        if not self.diff.run:
            return 0.0
        return self.calibration.startup + self.work(slots, which, self.calibration.overhead)

    def least(self, slots: Slots) -> float:
        """Predicted seconds without those of untimed tasks, start-up included."""
        return self.calibration.startup + self.work(slots, "low", self.calibration.overhead)

    def work(self, slots: Slots, which: str = "seconds", overhead: float = 0.0) -> float:
        """Predicted seconds of the tasks alone, 0 for untimed ones, `overhead` added to each."""
        waits = self.waits
        seconds = {task: float(getattr(self.costs[task], which) or 0) + overhead for task in waits}
        tasks = self.plan.tasks
        indifferent = {task for task in waits if not kind(tasks[task].kind).gains(tasks[task].params)}
        return wall_time(list(TopologicalSorter(waits).static_order()), waits, seconds, slots, indifferent)

    @cached_property
    def waits(self) -> Mapping[str, list[str]]:
        """What each task to run waits for among the others: its inputs, or what passes them."""
        running, passing = set(self.diff.run), self.diff.passing
        return {
            task: [
                host
                for source in needs(self.plan, self.diff, task)
                if (host := passing.get(source, source)) in running and host != task
            ]
            for task in self.diff.run
        }


def images_to_see(view: Outlook) -> int:
    """The images that the tasks to run and the blocked ones train on, each as often as it is seen."""
    return sum(cost.work.images for cost in view.costs.values())


def refuse_blocked(view: Outlook) -> None:
    """Raise BlockedError where tasks are blocked and nothing else is left to run."""
    if view.diff.blocked and not view.diff.run:
        raise BlockedError(view.obstacles[0], help="lmcspec plan SPEC shows what waits for it")


def outlook(
    plan: Plan,
    store: "Store | None",
    forced: Set[str] = frozenset(),
    *,
    checked: bool = False,
    chosen: "Chosen | None" = None,
    figures: "Figures" = MappingProxyType({}),
    pace: Pace = AS_EVER,
) -> Outlook:
    """Hold a plan against a store (None: an empty one); `checked` as in `diff`, for a plan that is carried out.

    `chosen` is the part of it that is asked for, and `figures` what that may name besides what the plan has. `pace`
    says how tasks are timed.
    """
    asked = None
    if chosen is not None:
        from lmcspec.plan.chosen import wanted  # planning starts faster without, where all is asked for

        asked = wanted(plan, chosen, figures)
    difference = diff(plan, store, forced, checked=checked, wanted=asked)
    history, last = None, {}
    if store is not None:
        # Without a store there is no past to ask, and planning starts faster without the code for it.
        from lmcspec.plan.history import StoreHistory

        history = StoreHistory(store)
        if not difference.nothing_to_do:
            from lmcspec.plan.recorded import last_recorded

            last = {part.study: last_recorded(store, part.study) for part in plan.each}
    why = reasons(plan, difference, history, last, forced)
    if chosen is not None:
        from lmcspec.plan.chosen import narrowed

        difference = narrowed(plan, difference, why, chosen)
        why = {task: reason for task, reason in why.items() if task not in difference.left_out}
    models = {}
    folder = store.root / "facts" if store else None
    for part in {task.params.model for task in plan.tasks.values()}:
        if facts := known_facts(part, folder):
            models[part.digest] = facts
    return Outlook(
        plan=plan,
        store=store,
        diff=difference,
        reasons=why,
        costs={task: cost(plan.tasks[task], plan, history, models, pace) for task in difference.run}
        | {task.id: cost(task, plan, None, models) for task in plan.counted if task.id in difference.blocked},
        models=models,
        calibration=calibration(store),
        chosen=chosen,
        figures=figures,
    )
