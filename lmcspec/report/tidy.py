"""Tidy rows: one per (case, network, level, replicate, measure, metric), with the task that each value comes from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lmcspec.base import spread
from lmcspec.catalog import MeasureCard, Metric, get
from lmcspec.plan import Plan, Target
from lmcspec.report.noise import Draws, floor, noise_of
from lmcspec.tasks import kind

if TYPE_CHECKING:
    from lmcspec.store import Stored


def folder(result: "Stored") -> Path | None:
    """The folder of a result's files, each of which was compared with COMMIT; None where there are none any more.

    Every file is looked at each time: ask once for all that is read there. Results that are made up have none.
    """
    return result.out if getattr(result, "has_outputs", False) else None


class Results(Protocol):
    """Gives the committed results of tasks."""

    def find(self, identifier: str) -> "Stored | None":
        """The committed result of a task, or None."""
        ...


MISSING = "missing"
"""The outcome of a result that is not there (yet)."""
DIVERGED = "diverged"


_OF_ROWS_ALONE = ("beside", "noise", "shares", "emptied", "tasks")
"""Fields of rows that are in no document."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value. Where there are several copies or pairs of them, their mean, and `n` says of how many that are there.

    `outcome` is `ok`, or what else became of the tasks behind it, joined by commas.
    """

    case: str
    network: str
    level: int
    replicate: int
    measure: str
    metric: Metric
    value: float | None
    sparsity: float | None
    density: float | None
    n: int
    task: str
    outcome: str
    at: str = ""
    at_updates: int = 0
    headline: bool = False
    """Whether this is the metric by which the measure is known; never on the way."""
    through: int | None = None
    """After how many updates networks are compared on their way; None at the end of training."""
    under: str = ""
    """The permutation under which two partners are compared, or `none`; empty where no partners are."""
    beside: str = field(default="", repr=False)
    """What that is called beside the network, where the latter's name says some of it."""
    parts: tuple[float, ...] = ()
    """The values of the copies or pairs of which `value` is the mean."""
    noise: tuple[Draws, ...] = field(default=(), compare=False, repr=False)
    """What is known of the noise of a number of paths, pair by pair; nothing where it is not known of all."""
    shares: str = ""
    """What stands for the model and the data: replicates of one number that agree in it share their initial weights."""
    tasks: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The tasks of all copies or pairs of which `value` is the mean; `task` is the first."""
    emptied: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Layers of which its mask leaves nothing, while it leaves something of others."""

    @property
    def whole(self) -> bool:
        """Whether it has a value of all copies or pairs that are asked for: the mean of some is no replicate's."""
        return self.value is not None and self.n >= len(self.tasks)

    @property
    def way(self) -> str:
        """`under` as it is called beside the network: `ss` for `ss[rewind=0]`, under which `imp[rewind=0]` is."""
        return self.beside or self.under

    @property
    def k(self) -> str:
        """The step at which the copies part, for people; empty for measures without copies that part."""
        return "0" if self.at and not self.at_updates else self.at

    @property
    def k_updates(self) -> int | None:
        """That step in updates; None for measures without copies that part."""
        return self.at_updates if self.at else None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes of the tasks behind it, `ok` left out."""
        return tuple(outcome for outcome in self.outcome.split(",") if outcome != "ok")

    @property
    def floor(self) -> float | None:
        """What noise alone stays below in 19 of 20 cases; None where that is not known, or not what it is about."""
        noise_floor = floor((self.noise,)) if self.noise else None
        return None if noise_floor is None else noise_floor.high

    def document(self) -> dict[str, Any]:
        """As plain data."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in _OF_ROWS_ALONE}
        return fields | {"metric": self.metric.name, "floor": self.floor}


def tidy(plan: Plan, store: Results) -> list[Row]:
    """The rows of every target. A result that is not there (yet) is a row without a value, outcome `missing`.

    What copies are on their way comes after everything else: those rows are for figures, and no cells of a table.
    """
    groups: dict[tuple, list[Target]] = {}
    for target in plan.targets:
        key = (target.case, target.network, target.level, target.replicate, target.measure, target.k_updates)
        groups.setdefault((*key, target.through, target.under), []).append(target)
    masks: dict[str | None, Mapping[str, Any]] = {None: {"density": 1.0}}
    store = ResultsOf(plan, store)
    gone = cache(lambda: unranked(plan, store))
    origins = cache(lambda task: _origin(task, plan))
    ways = {(way.case, way.name): way for way in plan.permutations}
    rows = []
    for targets in sorted(groups.values(), key=lambda of_place: of_place[0].through is not None):
        first = targets[0]
        if first.mask not in masks:
            mask = store.find(first.mask) if first.mask else None
            masks[first.mask] = mask.scalars if mask else {}
        outcomes = {outcome for target in targets for outcome in _outcomes(target, plan, store, gone)}
        shares = origins(first.task)
        known_by = measure_of(first.kind).known_by(plan.tasks[first.task].params, first.split)
        way = ways.get((first.case, first.under))
        beside = "" if way is None else way.beside(first.network)
        rows += _rows(targets, store, masks[first.mask], known_by, outcomes, (beside, shares))
    return rows


def at_the_end(rows: Iterable[Row]) -> list[Row]:
    """Without what copies are on their way: what tables and verdicts are about."""
    return [row for row in rows if row.through is None]


def tasks_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """The tasks behind some rows, those of every copy and pair, each once."""
    return tuple(dict.fromkeys(task for row in rows for task in row.tasks or (row.task,)))


class ResultsOf:
    """Results of a plan's tasks, each read once: several numbers look at the same networks.

    One that says that another kind of task made it counts as none: its numbers would mean other things.
    """

    def __init__(self, plan: Plan, store: Results) -> None:
        self._plan, self._store, self._results = plan, store, dict[str, "Stored | None"]()

    def find(self, identifier: str) -> "Stored | None":
        if identifier not in self._results:
            result = self._store.find(identifier)
            says = getattr(result, "record", {}).get("kind")
            planned = self._plan.tasks[identifier].kind if identifier in self._plan.tasks else says
            self._results[identifier] = result if says in (None, planned) else None
        return self._results[identifier]


def _outcomes(target: Target, plan: Plan, store: Results, unranked: Callable[[], Set[str]]) -> set[str]:
    """The outcomes of what a number is about: of its own task, and of the trained networks that this looks at.

    Nothing is missing that can't come any more because there was nothing to rank for its mask.
    """
    stored = store.find(target.task)
    if stored is None:
        return {DIVERGED if target.task in unranked() else MISSING}
    ends = [store.find(trained) for trained in _looked_at(target.task, plan)]
    return {stored.outcome, *(end.outcome for end in ends if end is not None)} - {"ok"}


def _origin(task: str, plan: Plan) -> str:
    """The model and the data of the training from which a number comes, by their digests; empty where there is none."""
    while not plan.tasks[task].trains:
        if not (inputs := plan.tasks[task].inputs):
            return ""
        task = inputs[0][1]
    params = plan.tasks[task].params
    return f"{params.model.digest}/{params.data.digest}"


def _looked_at(task: str, plan: Plan) -> Iterator[str]:
    """The trainings whose networks a task is about; of masks, those that were ranked."""
    looking = plan.tasks[task]
    about = kind(looking.kind).about(looking.params)
    for source in (source for name, source in looking.inputs if name.startswith(about)):
        if plan.tasks[source].trains:
            yield source
        else:
            yield from _looked_at(source, plan)


def unranked(plan: Plan, store: Results) -> frozenset[str]:
    """All tasks that rest on a mask which was not made because the network to prune had diverged."""
    resting: set[str] = set()
    for identifier, task in plan.tasks.items():
        stored = store.find(identifier) if kind(task.kind).nothing_if_diverged else None
        if (stored and stored.outcome == DIVERGED) or any(source in resting for _, source in task.inputs):
            resting.add(identifier)
    return frozenset(resting)


def _rows(
    targets: list[Target],
    store: Results,
    mask: Mapping[str, Any],
    known_by: Metric,
    outcomes: set[str],
    of_plan: tuple[str, str],
) -> Iterator[Row]:
    beside, shares = of_plan
    first, density, empty = targets[0], mask.get("density"), emptied_layers(mask)
    tasks = tuple(target.task for target in targets)
    results = [store.find(task) for task in tasks]
    card = measure_of(first.kind)
    # Draws of noise are told of by metrics of a path.
    noisy = bool(known_by.policy)
    folders = [folder(result) if noisy and result else None for result in results]
    values: dict[Metric, list[float]] = {}
    for result in results:
        for metric, value in card.values(result.scalars if result else {}).items():
            values.setdefault(metric, []).append(value)
    for metric, several in (values or {known_by: []}).items():
        yield Row(
            case=first.case,
            network=first.network,
            level=first.level,
            replicate=first.replicate,
            measure=first.measure,
            metric=metric,
            value=spread.mean(several) if several else None,
            sparsity=None if density is None else 1 - density,
            density=density,
            n=len(several),
            task=first.task,
            outcome=",".join(sorted(outcomes)) or "ok",
            at=first.at,
            at_updates=first.at_updates,
            headline=metric == known_by and first.through is None,
            through=first.through,
            under=first.under,
            beside=beside,
            parts=tuple(several),
            noise=_noise(results, folders, metric) if noisy and len(several) == len(results) else (),
            shares=shares,
            tasks=tasks,
            emptied=empty,
        )


def _noise(results: Sequence["Stored | None"], folders: Sequence[Path | None], metric: Metric) -> tuple[Draws, ...]:
    """The draws of a metric of several paths; none where one of them has left none."""
    known = [
        noise_of(out, metric, result.scalars["images"])
        for result, out in zip(results, folders, strict=True)
        if result is not None and out is not None and isinstance(result.scalars.get("images"), Mapping)
    ]
    draws = [noise for noise in known if noise is not None]
    return tuple(draws) if len(draws) == sum(result is not None for result in results) else ()


def measure_of(kind: str) -> MeasureCard:
    """The card of a kind of measure."""
    card = get("measure", kind)
    assert isinstance(card, MeasureCard)
    return card


def emptied_layers(scalars: Mapping[str, Any]) -> tuple[str, ...]:
    """The layers of a mask without a weight; none where the whole network has none, or the mask doesn't say."""
    layers = scalars.get("layers", {})
    # Where another task's numbers stand as a mask's, they have its form: a table for each layer, not two counts.
    empty = tuple(
        name.removesuffix(".weight") for name, counts in layers.items() if isinstance(counts, list) and not counts[0]
    )
    return empty if len(empty) < len(layers) else ()
