"""Values over replicates: mean, spread and n, and what went otherwise than well."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lmcspec.base import spread
from lmcspec.catalog import Metric
from lmcspec.report.noise import Draws, Floor, floor
from lmcspec.report.tidy import MISSING, Row, tasks_of

NO_NUMBER = "no number"
"""What became of a value that is infinite or undefined although no training behind it is known to have collapsed."""


class Where(NamedTuple):
    """Where in the study a number stands, and the tasks that it comes from, those of all copies and replicates."""

    case: str
    network: str
    level: int
    sparsity: float | None = None
    measure: str = ""
    k: str = ""
    k_updates: int | None = None
    under: str = ""
    through: int | None = None
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A value over replicates: mean, sample standard deviation (None below two), n, and what went otherwise than well.

    Mean and spread are those of the `n` finite values; where there is none the mean is NaN. `asked` is the number of
    replicates that should have a value; where it is over n some are missing, or have one that is no number.
    """

    mean: float
    std: float | None
    n: int
    values: tuple[float, ...]
    outcomes: tuple[str, ...] = ()
    asked: int = 0
    told: Mapping[str, int] = field(default_factory=dict, compare=False)
    """How many of the asked each outcome is told of, `no number` among them."""
    noise: tuple[tuple[Draws, ...], ...] = field(default=(), compare=False, repr=False)
    """What is known of the noise of each replicate, pair by pair."""
    replicates: Mapping[int, float] = field(default_factory=dict, compare=False, repr=False)
    """The values by replicate, where they are one each."""
    where: Where | None = field(default=None, compare=False, repr=False)
    """Where it stands in the study; None of what is no number of one network."""
    shares: str = ""
    """What the replicates of two cells agree in if they share their initial weights; empty where that is not known."""

    @property
    def floor(self) -> Floor | None:
        """What the choice of images alone makes of the mean; None where that is not known, or not what it is about."""
        return floor(self.noise) if self.noise else None

    @property
    def is_noise(self) -> bool:
        """Whether noise alone would make as much of it."""
        return (noise_floor := self.floor) is not None and self.mean <= noise_floor.high

    @property
    def half_width(self) -> float | None:
        """Half the 95 % interval of the mean, by Student's t; None below two values."""
        if self.std is None:
            return None
        from scipy.special import stdtrit

        return float(stdtrit(self.n - 1, 0.975)) * self.std / self.n**0.5

    @property
    def collapsed(self) -> tuple[str, ...]:
        """How trainings behind it collapsed, if any did: `diverged`, `dead-layer`, `chance`; or `no number`."""
        return tuple(outcome for outcome in self.outcomes if outcome != MISSING)

    @property
    def note(self) -> str:
        """`diverged`, `diverged in 1 of 2`, or nothing."""
        asked = max(self.asked, self.n)
        parts = []
        for outcome in self.collapsed:
            count = self.told.get(outcome, asked)
            parts.append(outcome if count >= asked else f"{outcome} in {count} of {asked}")
        return ", ".join(parts)


Key = tuple[str, str, int, str, Metric, int | None, int | None, str]
"""(case, network, level, measure, metric, k in updates or None, updates on the way, permutation)."""


def key_of(row: Row) -> Key:
    """What is alike in the rows of all replicates."""
    place = row.case, row.network, row.level, row.measure, row.metric
    return *place, row.k_updates, row.through, row.under


def summarise(rows: Iterable[Row], *, pooled: bool = False) -> dict[Key, Cell]:
    """Each metric over the replicates that have it. Pairs and copies were averaged within a replicate before.

    A replicate of which some copies or pairs are missing counts as missing: a mean over fewer of them varies more, and
    is no value like the others. `pooled` takes every pair and copy of every replicate as a value of its own: they are
    not independent, and n is how many there are, so that neither verdicts nor intervals may rest on it. What has no
    result at all has no cell.
    """
    rows = list(rows)
    groups: dict[Key, list[Row]] = {}
    places: dict[tuple, dict[int, Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
        places.setdefault(place_of(row), {}).setdefault(row.replicate, row)
    cells = {}
    for key, group in groups.items():
        # A task that came to no end has none of its numbers: the others' cells count it all the same.
        known = {row.replicate for row in group}
        others = [row for replicate, row in places[place_of(group[0])].items() if replicate not in known]
        if (cell := _cell([*group, *(replace(row, value=None, parts=()) for row in others)], pooled)) is not None:
            cells[key] = cell
    return cells


def place_of(row: Row) -> tuple:
    """Where a number of a row stands, whichever of its measure's numbers it is."""
    return row.case, row.network, row.level, row.measure, row.k_updates, row.through, row.under


def _cell(group: list[Row], pooled: bool) -> Cell | None:
    values: list[float] = []
    asked = 0
    told: Counter[str] = Counter()
    for row in group:
        of_row = () if row.value is None else row.parts if pooled else (row.value,) if row.whole else ()
        of_asked = max(len(of_row), len(row.tasks), 1) if pooled else 1
        values += of_row
        asked += of_asked
        told.update(dict.fromkeys(row.outcomes, of_asked))
        if not row.outcomes:
            told[NO_NUMBER] += sum(not math.isfinite(value) for value in of_row) if of_row else of_asked
    told = +told
    if not values and not set(told) - {MISSING}:
        return None
    counted = [row for row in group if row.value is not None and (pooled or row.whole)]
    finite = [row for row in counted if row.value is not None and math.isfinite(row.value)]
    noise = tuple(row.noise for row in finite)
    shares = {row.shares for row in finite}
    return replace(
        cell_of(values, asked, told),
        noise=tuple((pair,) for pairs in noise for pair in pairs) if pooled else noise if all(noise) else (),
        replicates={} if pooled else {row.replicate: row.value for row in finite if row.value is not None},
        where=_where(group),
        shares=shares.pop() if len(shares) == 1 else "",
    )


def _where(group: Sequence[Row]) -> Where:
    first, sparsities = group[0], [row.sparsity for row in group if row.sparsity is not None]
    return Where(
        case=first.case,
        network=first.network,
        level=first.level,
        sparsity=spread.mean(sparsities) if sparsities else None,
        measure=first.measure,
        k=first.k,
        k_updates=first.k_updates,
        under=first.under,
        through=first.through,
        tasks=tasks_of(group),
    )


def cell_of(values: Iterable[float], asked: int, told: Mapping[str, int] | None = None) -> Cell:
    """The cell of values, of which those that are no numbers are counted and left out."""
    numbers = spread.finite(values)
    told = told or {}
    return Cell(
        mean=spread.mean(numbers) if numbers else math.nan,
        std=spread.std(numbers),
        n=len(numbers),
        values=numbers,
        outcomes=tuple(sorted(told)),
        asked=asked,
        told=told,
    )
