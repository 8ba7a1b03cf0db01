"""The series runs that a plan asks for: which there are, which tasks are done for whom, and the points of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lmcspec.base.ids import short
from lmcspec.base.spread import alike
from lmcspec.catalog.metric import POLICIES
from lmcspec.plan import Plan, Series
from lmcspec.plan.graph import beneath
from lmcspec.tasks import kind
from lmcspec.track import names
from lmcspec.track.memory import Memory
from lmcspec.track.said import Point

if TYPE_CHECKING:
    from lmcspec.report import Row


@dataclass(frozen=True, slots=True)
class SeriesRun:
    """One line of a chart: a network of a case in one replicate."""

    series: Series
    replicate: int

    @property
    def name(self) -> str:
        """The name that people see."""
        return names.series(self.series.case, self.series.network, self.replicate)

    @property
    def group(self) -> str:
        """A name that all replicates share, for MLflow's Group by."""
        return f"{names.series(self.series.case, self.series.network, 0).removesuffix('/s0')} {self.identity}"

    @property
    def identity(self) -> str:
        """The first digits of the series' identity."""
        return short(self.series.identity)


@dataclass(frozen=True)
class Wanted:
    """The series runs of a plan, with the tasks and numbers that each rests on, worked out once."""

    plan: Plan

    @cached_property
    def runs(self) -> tuple[SeriesRun, ...]:
        """The series runs in the order of the networks, replicate by replicate."""
        replicates: dict[tuple[str, str], set[int]] = {}
        for target in self.plan.targets:
            replicates.setdefault((target.case, target.network), set()).add(target.replicate)
        return tuple(
            SeriesRun(series, replicate)
            for series in self.plan.series
            for replicate in sorted(replicates.get((series.case, series.network), ()))
        )

    @cached_property
    def needs(self) -> dict[SeriesRun, frozenset[str]]:
        """All tasks on which the numbers of a series run rest."""
        tops: dict[tuple[str, str, int], list[str]] = {}
        for target in self.plan.targets:
            of_run = tops.setdefault((target.case, target.network, target.replicate), [])
            of_run += [task for task in (target.task, target.mask) if task]
        places = {run: (run.series.case, run.series.network, run.replicate) for run in self.runs}
        plan = self.plan
        return {run: frozenset(beneath(plan.tasks, tops[place], plan.byproducts)) for run, place in places.items()}

    @cached_property
    def owners(self) -> dict[str, tuple[SeriesRun, ...]]:
        """Task -> the series runs that rest on it; under the first it hangs, and the others name it."""
        series_runs: dict[str, list[SeriesRun]] = {}
        for run, tasks in self.needs.items():
            for task in tasks:
                series_runs.setdefault(task, []).append(run)
        return {task: tuple(runs) for task, runs in series_runs.items()}

    def shared(self, run_of: Callable[[str], str | None]) -> dict[SeriesRun, dict[str, str]]:
        """Series run -> label and run of each task that hangs beneath another series, of those that have a run."""
        shared: dict[SeriesRun, dict[str, str]] = {}
        for task, of_plan in self.plan.tasks.items():
            owners = self.owners.get(task, ())
            if len(owners) > 1 and (run := run_of(task)):
                for owner in owners[1:]:
                    shared.setdefault(owner, {})[of_plan.label] = run
        return shared

    @cached_property
    def _asked(self) -> Counter[tuple]:
        """How many copies or pairs make a value."""
        return Counter(
            (
                *(target.case, target.network, target.level, target.replicate),
                *(target.measure, target.k_updates, target.under),
            )
            for target in self.plan.targets
            if target.through is None
        )

    def points(self, rows: Iterable["Row"], results: Memory) -> dict[SeriesRun, list["ChartPoint"]]:
        """The points of each series run, a level a step. A value of which a part is missing is not there yet."""
        runs = {(run.series.case, run.series.network, run.replicate): run for run in self.runs}
        charted: dict[SeriesRun, dict[tuple[str, int], ChartPoint]] = {run: {} for run in self.runs}
        rows = [row for row in rows if row.through is None]  # a chart's steps are levels
        says_anything = _says_anything(rows)
        for row in rows:
            run = runs.get((row.case, row.network, row.replicate))
            chart = names.chart(row)
            stored = results.find(row.task)
            whole = self._asked[_place(row)]
            if run is None or chart is None or stored is None or row.value is None or row.n < whole:
                continue
            at = stored.record.get("committed", 0.0)
            of_row = [(chart, row.value), (chart.floor, row.floor)] if says_anything(row) else []
            for chart_of_value, value in (*of_row, (names.SPARSITY, row.sparsity)):
                if value is not None:
                    charted[run].setdefault(
                        (chart_of_value.name, row.level), ChartPoint(chart_of_value, value, row.level, at)
                    )
        return {run: list(points.values()) for run, points in charted.items()}


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A value of a charted metric at a level."""

    chart: names.Chart
    value: float
    level: int
    at: float

    @property
    def point(self) -> Point:
        """The point as the server takes it."""
        return Point(self.chart.name, self.value, self.level, self.at)


def _says_anything(rows: Iterable["Row"]) -> Callable[["Row"], bool]:
    """Whether a number says anything: recomputed statistics do nothing for networks without batch norm."""
    usual = {
        (row.metric.measure, row.metric.on_images, *_place(row)): row.value
        for row in rows
        if row.metric.policy == POLICIES[0]
    }

    def differs(row: "Row") -> bool:
        place = (row.metric.measure, row.metric.on_images, *_place(row))
        return place in usual and not alike(usual[place], row.value)

    recomputed = {names.chart(row) for row in rows if row.metric.policy not in ("", POLICIES[0]) and differs(row)}
    return lambda row: row.metric.policy in ("", POLICIES[0]) or names.chart(row) in recomputed


def _place(row: "Row") -> tuple[str, str, int, int, str, int | None, str]:
    return row.case, row.network, row.level, row.replicate, row.measure, row.k_updates, row.under


def finals(points: Sequence[ChartPoint]) -> list[Point]:
    """The value at the last level of each headline metric, once more under `final/…`, where it has no step."""
    deepest = max((point.level for point in points), default=0)
    return [
        Point(point.chart.final, point.value, 0, point.at)
        for point in points
        if point.level == deepest and point.chart.final
    ]


def facts(plan: Plan, tasks: Iterable[str]) -> list[tuple[str, str, str]]:
    """(name, digest, what for) of the data sets that these tasks read."""
    sources: dict[str, tuple[str, str, str]] = {}
    for identifier in tasks:
        task = plan.tasks[identifier]
        if (data := task.data) is not None:
            config: Mapping = plan.neutral.get(data.digest, {}).get("config", {})
            digest = data.value.get("digest", "")
            sources.setdefault(digest, (str(config.get("name", "data")), digest, "real"))
        if (file := task.in_place) is not None:
            digest, config = file.value.get("digest", ""), plan.neutral.get(file.digest, {}).get("config", {})
            sources.setdefault(
                digest, (str(config.get("name", "distilled")), digest, "real" if config else "distilled")
            )
        if kind(task.kind).makes == "set":
            sources.setdefault(identifier, (task.label.rpartition("/")[2], identifier, "distilled"))
    return [source for digest, source in sources.items() if digest]
