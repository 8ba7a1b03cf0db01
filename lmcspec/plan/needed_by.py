"""Who needs a task: what reads its result, which numbers are its own, and what rests on it in each study."""

from collections.abc import Iterator, Set
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.base.errors import StoreError
from lmcspec.base.word_lists import few
from lmcspec.plan.chosen import Figures
from lmcspec.plan.graph import Plan, Target

if TYPE_CHECKING:
    from lmcspec.store import Store

MOST_NAMED = 5
"""Tasks or names in one line."""


class NeededBy(NamedTuple):
    """What one study needs a task for."""

    study: str
    takers: tuple[tuple[str, str], ...]
    """(label, name of the input) of the tasks that read its result."""
    passes: tuple[str, ...]
    """Labels of the states that it commits on its way."""
    read_by: tuple[str, ...]
    """The measures of whose numbers some are its own."""
    tasks: int
    """How many tasks rest on it, directly or not."""
    networks: tuple[str, ...]
    """Those of which some measured number rests on it, with their cases."""
    measures: tuple[str, ...]
    """The measures of these numbers."""
    figures: tuple[str, ...]
    """The figures that show some of them, as far as they are known."""

    def lines(self) -> Iterator[str]:
        """What people are told; a line that says so where nothing needs it."""
        if self.takers:
            yield f"read by {few([f'{label} ({name})' for label, name in self.takers], MOST_NAMED)}"
        if self.passes:
            yield f"commits on its way {few(self.passes, MOST_NAMED)}"
        if self.read_by:
            yield f"its numbers are shown by {few(self.read_by, MOST_NAMED)}"
        what = [
            f"{name}{'' if len(names) == 1 else 's'} {few(names, MOST_NAMED)}"
            for name, names in (("network", self.networks), ("measure", self.measures), ("figure", self.figures))
            if names
        ]
        if self.tasks:
            what = [f"{self.tasks:,} {'task' if self.tasks == 1 else 'tasks'}", *what]
        yield f"on it rests: {'; '.join(what)}" if what else f"nothing that {self.study} measures rests on it"

    def document(self) -> dict[str, Any]:
        """As plain data."""
        lists = {key: list(value) for key, value in self._asdict().items() if isinstance(value, tuple)}
        takers = [{"label": label, "input": name} for label, name in self.takers]
        return {**self._asdict(), **lists, "takers": takers}


def needed_by(plan: Plan, task: str, figures: Figures = MappingProxyType({})) -> NeededBy:
    """What the study of a plan needs one of its tasks for; `figures` are by name what the spec's are drawn from."""
    passes = [byproduct for byproduct, host in plan.byproducts.items() if host == task]
    resting = _resting(plan, {task, *passes})
    shown = [target for target in plan.targets if target.task in resting or target.mask in resting]
    return NeededBy(
        plan.study,
        tuple(
            (reader.label, name) for reader in plan.tasks.values() for name, source in reader.inputs if source == task
        ),
        tuple(plan.tasks[byproduct].label for byproduct in passes),
        tuple(dict.fromkeys(target.measure for target in plan.targets if target.task == task)),
        len(resting - plan.byproducts.keys() - {task}),
        tuple(dict.fromkeys(_network(target) for target in shown)),
        tuple(dict.fromkeys(target.measure for target in shown)),
        tuple(
            name
            for name, drawn in figures.items()
            if not {target.key for target in drawn(plan)}.isdisjoint({target.key for target in shown})
        ),
    )


def needed_elsewhere(store: "Store", task: str, but: str = "") -> list[tuple[Plan, NeededBy]]:
    """What the recorded plans of a store need a task for, except that of one study. Those that can't be read are left
    out.
    """
    from lmcspec.plan.document import recorded
    from lmcspec.plan.recorded import recorded_plans

    needs = []
    for study, document in recorded_plans(store):
        if study == but or task not in document["tasks"]:
            continue
        try:
            plan = recorded(document)
        except StoreError:  # whoever asks for that study is told why
            continue
        needs.append((plan, needed_by(plan, task)))
    return needs


def _resting(plan: Plan, tops: Set[str]) -> set[str]:
    """These tasks and all that need them. Tasks stand in an order in which each comes after its inputs."""
    resting = set(tops)
    for task in plan.tasks.values():
        if any(source in resting for _, source in task.inputs):
            resting.add(task.id)
    return resting


def _network(target: Target) -> str:
    return f"{target.case}/{target.network}" if target.case else target.network
