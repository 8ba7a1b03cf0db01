"""The plan graph: tasks by id, each once, and the targets that the study asks for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from lmcspec.base.facts import DataFacts
from lmcspec.base.ids import short
from lmcspec.plan.level import Level
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.tasks import Task, make


class TooManyTasks(Exception):
    """The study has more tasks than it may."""


@dataclass(frozen=True, slots=True)
class Target:
    """One number that the study asks for: what it is, and the task whose result holds it."""

    measure: str
    kind: str
    case: str
    network: str
    replicate: int
    level: int
    task: str
    mask: str | None
    """The task that made the level's mask; None where it is dense."""
    at: str = ""
    """The step k as it was written, resolved; empty for measures without copies that part."""
    at_updates: int = 0
    copies: tuple[int, ...] = (0,)
    """The copies that it looks at: one for an accuracy, a pair for a path."""
    through: int | None = None
    under: str = ""
    """The permutation under which two partners are compared, or `none`; empty where no partners are."""
    against: str = ""
    """Of fixed points the permutation with which that is compared."""
    split: str = "test"
    """The images by which an accuracy is known; empty for other measures."""
    looks_at: tuple[str, ...] = ()
    """Of a landscape what its networks are, in words, anchors first; nothing where all are copies by number."""

    @property
    def k_updates(self) -> int | None:
        """The step k in updates; None for measures without copies that part, which is another thing than k = 0."""
        return self.at_updates if self.at else None

    @property
    def key(self) -> str:
        """The target's name in the study, the same in every plan of it."""
        place = [self.case] * bool(self.case) + [self.network, f"s{self.replicate}", f"l{self.level}", self.measure]
        if self.at:
            place.append(f"k={self.at_updates}")
        if self.through is not None:
            place.append(f"t={self.through}")
        if self.under:
            place.append(f"under {self.under}")
        return "/".join([*place, "-".join(map(str, self.copies))])


@dataclass(slots=True, eq=False, repr=False)
class Graph:
    """Tasks in an order in which every one comes after its inputs. Adding the same work twice is adding it once."""

    limit: int = 100_000
    tasks: dict[str, Task] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    """Every place of the study at which a task stands, to the task's id."""
    measure: str = ""
    """The measure for which tasks are added: it tells a place from another one's that would be called the same."""
    _made: dict[tuple, Task] = field(default_factory=dict)
    """By kind, parameters, inputs and seeds: most work is asked for several times, and an id takes a while."""

    def add(
        self,
        kind: str,
        params: Any,
        inputs: dict[str, str] | None = None,
        seeds: dict[str, int] | None = None,
        *,
        role: str,
        keep: Any = "always",
    ) -> str:
        """The id of this task, which is now in the graph, and stands at `role`."""
        key = (kind, params, tuple((inputs or {}).items()), tuple((seeds or {}).items()))
        task = self._made.get(key)
        if task is None:
            task = make(kind, params, inputs, seeds, label=role, keep=keep)
            if (apart := self._apart(role, task.id)) != role:
                task = replace(task, label=apart)
            self._made[key] = task
        known = self.tasks.get(task.id)
        if known is None:
            if len(self.tasks) >= self.limit:
                raise TooManyTasks
            self.tasks[task.id] = task
        elif known.keep != keep == "always":
            self.tasks[task.id] = replace(known, keep="always")
        self.roles.setdefault(self._apart(role, task.id), task.id)
        return task.id

    def _apart(self, role: str, task: str) -> str:
        """A role under which no other task stands: of measures that differ the later ones say who they are."""
        if self.roles.get(role, task) == task:
            return role
        named = f"{role} of {self.measure}" if self.measure else role
        return named if self.roles.get(named, task) == task else f"{named} {short(task)}"


@dataclass(frozen=True, slots=True)
class Question:
    """A verdict that the study asks for, of the kind that the card of its measure says."""

    case: str
    measure: str
    kind: str
    networks: tuple[str, ...]
    threshold: float = 0.0
    """The mean test instability below which a network is stable; 0 where nothing is held against one."""
    reads: str = ""
    """The accuracy measure whose levels a `matching` looks at; empty for others."""


@dataclass(frozen=True, slots=True)
class Series:
    """A network of a case as one line of a chart.

    More rounds, levels, measures or replicates leave its `identity`; another learning rate does not.
    """

    case: str
    network: str
    identity: str
    params: Mapping[str, str | float | int | bool] = field(hash=False)
    """Its settings, flat and dotted like the spec: `recipe.lr`, `stage1.rewind`. They follow from the identity."""


@dataclass(frozen=True, slots=True)
class Way:
    """A permutation of a case: what tells it from others. `Target.under` is its name."""

    case: str
    name: str
    """Of a family's member such as `wt[step=1ep]`."""
    family: str
    """Its own name where it stands alone."""
    values: Mapping[str, str] = field(hash=False)
    """What varies in its family, as it stands in the name: `{"step": "1ep"}`; nothing where it stands alone."""
    paths: Mapping[str, str] = field(hash=False)
    """Under which of its `params` each of these stands: `{"fraction": "prune.fraction"}`; none for what it takes over
    from a family of networks, such as their `rewind`."""
    params: Mapping[str, str | float | int | bool] = field(hash=False)
    """Its settings, flat and dotted like the spec: `method`, `step`. Points in training are updates."""
    called: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What it is called beside networks whose names say already what of its own it takes over from there.

    `ss[rewind=0]` beside `imp[rewind=0]` is `ss`, as `ss[rewind=2it]` is beside `imp[rewind=2it]`.
    """

    def setting(self, name: str) -> str | float | int | bool | None:
        """A setting by its name, or by the short one by which its family varies in it; None where it has none."""
        value = self.params.get(self.paths.get(name, name))
        return self.values.get(name) if value is None else value

    def beside(self, network: str) -> str:
        """What it is called beside a network."""
        return self.called.get(network, self.name)


@dataclass(frozen=True)
class Plan:
    """All tasks of a study with their targets; the same for plan, run, status and report."""

    study: str
    tasks: Mapping[str, Task]
    roles: Mapping[str, str]
    targets: tuple[Target, ...]
    levels: Mapping[tuple[str, str], tuple[Level, ...]]
    """By (case, network)."""
    byproducts: Mapping[str, str]
    """Training until k -> the longer training of the same branch that passes k."""
    neutral: Mapping[str, Mapping[str, Any]]
    """By digest of a data part: where its images lie."""
    facts: Mapping[str, DataFacts]
    """By digest of a data part."""
    images: Mapping[str, int]
    """How many images a distilled set holds, by the id of the task that makes it or the digest of its file's part."""
    missing: Mapping[str, str]
    """By digest of a part: why its data are not here."""
    notes: tuple[str, ...]
    verdicts: tuple[Question, ...] = ()
    series: tuple[Series, ...] = ()
    permutations: tuple[Way, ...] = ()
    """Those of all cases, in the order of the spec; members of a family one after another."""
    on_collapse: str = "go-on"
    networks: Mapping[tuple[str, str], NetworkPlan] = field(default_factory=dict, compare=False, repr=False)
    """By (case, network), as its spec says them; none in a plan that was saved, or put together of several."""
    parts: tuple["Plan", ...] = ()
    """The plans of several studies that this one puts together; nothing where it is the plan of one."""

    @property
    def each(self) -> tuple["Plan", ...]:
        """The plan of each study in it."""
        return self.parts or (self,)

    @cached_property
    def _owners(self) -> dict[str, "Plan"]:
        return {task: part for part in reversed(self.parts) for task in part.tasks}

    def owner(self, task: str) -> "Plan":
        """The plan of the study for which a task runs: the first that has it."""
        return self._owners[task] if self.parts else self

    @cached_property
    def unknown(self) -> frozenset[str]:
        """Tasks whose ids rest on the placeholder of data that are not here: shown as `?`, never stored."""
        parts = {digest for digest, facts in self.facts.items() if not facts.known}
        tasks: set[str] = set()
        for identifier, task in self.tasks.items():
            sources = task.from_outside
            if any(part.digest in parts or "missing" in part.value for part in sources) or any(
                source in tasks for _, source in task.inputs
            ):
                tasks.add(identifier)
        return frozenset(tasks)

    def shown(self, task: str) -> str:
        """The first digits of a task's id, or `?`."""
        return "?" if task in self.unknown else short(task)

    @property
    def counted(self) -> Iterator[Task]:
        """The tasks as people count them: without by-products."""
        return (task for task in self.tasks.values() if task.id not in self.byproducts)


def needed(tasks: Mapping[str, Task], targets: tuple[Target, ...]) -> dict[str, Task]:
    """The tasks that the targets rest on, in the order of `tasks`."""
    wanted = beneath(tasks, [task for target in targets for task in (target.task, target.mask) if task])
    return {identifier: task for identifier, task in tasks.items() if identifier in wanted}


def beneath(
    tasks: Mapping[str, Task], tops: Iterable[str], byproducts: Mapping[str, str] = MappingProxyType({})
) -> set[str]:
    """The ids of these tasks and of all tasks whose results they need, directly or not.

    A byproduct needs the training that makes it in passing: `byproducts` says which, where that is asked for.
    """
    reached = set(tops)
    queue = list(reached)
    while queue:
        task = queue.pop()
        longer = [byproducts[task]] if task in byproducts else []
        for source in [*longer, *(source for _, source in tasks[task].inputs)]:
            if source not in reached:
                reached.add(source)
                queue.append(source)
    return reached
