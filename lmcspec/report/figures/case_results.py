"""What figures are drawn from: the rows of one case, their means, and what of them a figure asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lmcspec.base import spread
from lmcspec.base.palette import Look
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog import Metric
from lmcspec.plan import Plan, Target
from lmcspec.plan.figure_targets import levels_shown
from lmcspec.plan.graph import Way
from lmcspec.plan.looks import looks_of_networks
from lmcspec.report.figures.options import Options
from lmcspec.report.summary import Cell, Where, key_of, summarise
from lmcspec.report.tidy import DIVERGED, Results, Row


@dataclass(frozen=True)
class CaseResults:
    """One case of a study with its results."""

    plan: Plan
    case: str
    rows: Sequence[Row]
    store: Results
    records: Results
    """The store itself: what its results took to make."""

    @cached_property
    def cells(self) -> Mapping[tuple, Cell]:
        """Every metric over its replicates."""
        return summarise(self.rows)

    @cached_property
    def _pooled(self) -> Mapping[tuple, Cell]:
        return summarise(self.rows, pooled=True)

    @cached_property
    def networks(self) -> tuple[str, ...]:
        """The names of the networks, in the order of the spec."""
        return tuple(dict.fromkeys(row.network for row in self.rows))

    @cached_property
    def pruned(self) -> tuple[str, ...]:
        """The networks that have more than a dense level."""
        return tuple(name for name in self.networks if len(self.plan.levels.get((self.case, name), ())) > 1)

    @cached_property
    def looks(self) -> Mapping[str, Look]:
        """How each network looks, and each family by its name: the same in all figures of the study."""
        return looks_of_networks(self.plan)

    def original(self, network: str) -> str:
        """The network whose masks it takes; itself where it has its own."""
        return self._originals.get(network, network)

    @cached_property
    def _originals(self) -> Mapping[str, str]:
        return {name: str(params["like"]) for name, params in self._settings.items() if "like" in params}

    @cached_property
    def _settings(self) -> Mapping[str, Mapping[str, str | float | int]]:
        return {series.network: series.params for series in self.plan.series if series.case == self.case}

    @cached_property
    def permutations(self) -> Mapping[str, Way]:
        """The permutations of the case by name, as rows have it in `under`, in the order of the spec."""
        return {way.name: way for way in self.plan.permutations if way.case == self.case}

    def rewind(self, network: str) -> int:
        """To which update the last stage of a network goes back."""
        settings = self._settings.get(network, {})
        stages = [int(key[5:].partition(".")[0]) for key in settings if key.startswith("stage")]
        return int(settings.get(f"stage{max(stages)}.rewind", 0)) if stages else 0

    def of(
        self, measures: str | Iterable[str], metric: Metric, options: Options | None = None, *, on_the_way: bool = False
    ) -> list[Row]:
        """The rows of a metric, of the networks that the figure asks for; what several measures have, of the first."""
        names = [measures] if isinstance(measures, str) else list(measures)
        wanted = self.networks if options is None or options.networks is None else options.networks
        at = None if options is None or options.at is None else str(options.at)
        rows: dict[tuple, Row] = {}
        for name in names:
            for row in self.rows:
                if (row.measure, row.metric) != (name, metric) or row.network not in wanted:
                    continue
                if row.at and at not in (None, row.at):
                    continue  # an accuracy is one of no k
                if on_the_way or row.through is None:
                    place = (row.network, row.level, row.k_updates, row.through, row.under, row.replicate)
                    rows.setdefault(place, row)
        return list(rows.values())

    def cell(self, row: Row, options: Options | None = None) -> Cell | None:
        """The mean that the row is a part of, None where there is no number. `band = "all"`: over all pairs, too."""
        pooled = options is not None and options.band == "all"
        cell = (self._pooled if pooled else self.cells).get(key_of(row))
        return cell if cell is not None and cell.n else None

    def why(self, row: Row) -> str:
        """What became of the replicates of a row where there is no number at all: `diverged`; empty where one is."""
        cell = self.cells.get(key_of(row))
        return "" if cell is None or cell.n else cell.note

    def where(self, targets: Sequence[Target]) -> Where:
        """Where a number stands that is made of several targets of one place, all of whose tasks are behind it."""
        first = targets[0]
        return Where(
            case=self.case,
            network=first.network,
            level=first.level,
            sparsity=self.sparsity(first.network, first.level),
            measure=first.measure,
            k="0" if first.at and not first.at_updates else first.at,
            k_updates=first.k_updates,
            under=first.under,
            through=first.through,
            tasks=tuple(dict.fromkeys(target.task for target in targets)),
        )

    def absent(self, task: str) -> str:
        """Why a result is not there: it may come yet, or never because the network behind it diverged."""
        never = any(row.task == task and DIVERGED in row.outcomes for row in self.rows)
        return "its networks diverged" if never else "not in the store yet"

    def density(self, network: str, level: int) -> float:
        """Measured, as a mean over replicates; the plan's where nothing was."""
        measured = [
            row.density for row in self.rows if (row.network, row.level) == (network, level) and row.density is not None
        ]
        if measured:
            return spread.mean(measured)
        return next(planned.density for planned in self.plan.levels[self.case, network] if planned.number == level)

    def sparsity(self, network: str, level: int) -> float:
        """1 - density."""
        return 1 - self.density(network, level)

    def levels(self, network: str, wanted: Sequence[int | str] | str | None, measured: Sequence[int]) -> list[int]:
        """The measured levels that a figure asks for by the words of measures; all of them where it asks for none."""
        return levels_shown(wanted, self.plan.levels[self.case, network], measured)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each measure, in the order of the spec."""
        return {target.measure: target.kind for target in self.plan.targets if target.case == self.case}

    def measures(self, kind: str) -> list[str]:
        """The names of the measures of a kind, in the order of the spec."""
        return [name for name, of_kind in self.kinds.items() if of_kind == kind]

    def targets(self, measure: str, options: Options | None = None) -> list[Target]:
        """The targets of a measure, in the order of the plan; of the networks and the k that the figure asks for."""
        every = [target for target in self.plan.targets if (target.case, target.measure) == (self.case, measure)]
        if options is None:
            return every
        return [
            target
            for target in every
            if (options.networks is None or target.network in options.networks)
            and (options.at is None or str(options.at) == target.at)
        ]

    def headline(self, measure: str) -> Metric:
        """The metric by which a measure is known."""
        return next(row.metric for row in self.rows if row.measure == measure and row.headline)

    def per_epoch(self, row: Row) -> int:
        """How many updates are an epoch of the training, or of the copies, that a row is about."""
        params = self._trained(row)
        return updates_per_epoch(self.plan.facts[params.data.digest].train, params.recipe.value["batch"])

    def until(self, row: Row) -> int:
        """After how many updates the network, or the copies, that a row is about are looked at."""
        return self._trained(row).until

    def _trained(self, row: Row) -> Any:
        """The parameters of the training that evaluates itself, or of the first of two copies that are compared."""
        task = self.plan.tasks[row.task]
        return task.params if task.trains else self.plan.tasks[dict(task.inputs)["a"]].params
