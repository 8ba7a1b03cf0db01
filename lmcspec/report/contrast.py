"""A number of two networks at equal sparsity: how far it is apart, how sure that is, and what would make it surer."""

from dataclasses import dataclass, field
from functools import cached_property

from lmcspec.catalog import Metric
from lmcspec.report.compare import MeanDifference, difference
from lmcspec.report.difference_words import SAME
from lmcspec.report.replicates import FEWEST, needed
from lmcspec.report.sides import Place
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import MISSING
from lmcspec.report.verdicts import UNDECIDED

COLLAPSED = "collapsed"


@dataclass(frozen=True, slots=True)
class Spot:
    """The number of one side: where it stands, and what it is over replicates."""

    place: Place
    measure: str
    level: int
    density: float
    """Measured; the plan's where no mask is there yet."""
    k: str = ""
    """The step at which its copies part, as it is written; empty for measures without any."""
    cell: Cell | None = None
    """None where nothing is there."""
    tasks: tuple[str, ...] = field(default=(), repr=False)

    @property
    def collapsed(self) -> bool:
        """Whether trainings behind it collapsed."""
        return self.cell is not None and bool(self.cell.collapsed)


@dataclass(frozen=True)
class Contrast:
    """B against A in one metric."""

    metric: Metric
    a: Spot
    b: Spot
    under: str = ""
    """The permutation under which two partners are compared, as it is called beside the networks."""
    same: bool = False
    """Whether both sides are the very same results."""
    threshold: float = 0.0
    """The instability below which the study calls a network stable; 0 where nothing is held against one."""

    @cached_property
    def gap(self) -> MeanDifference | None:
        """B - A; None where a side has no number."""
        return None if self.a.cell is None or self.b.cell is None else difference(self.a.cell, self.b.cell)

    @property
    def n(self) -> int:
        """How many replicates the difference is of: the paired ones, else those of the side that has fewer."""
        if self.gap is None or self.a.cell is None or self.b.cell is None:
            return 0
        return self.gap.pairs or min(self.a.cell.n, self.b.cell.n)

    @property
    def verdict(self) -> str:
        """What B is against A: `larger` or `smaller` where the 95 % interval excludes 0, else `undecided`.

        Of the very same results `same results`. On paths between networks that collapsed nothing rises, so that less
        says nothing: `collapsed`. Nothing where a number is missing; below three replicates it is undecided.
        """
        if self.gap is None:
            return ""
        if self.same:
            return SAME
        if self.metric.policy and (self.a.collapsed or self.b.collapsed):
            return COLLAPSED
        interval = self.gap.interval
        if interval is None or self.n < FEWEST or not interval.excludes_zero:
            return UNDECIDED
        return "larger" if interval.low > 0 else "smaller"

    @property
    def negligible(self) -> bool:
        """Whether all of the interval of three replicates or more lies within the study's threshold of stability."""
        interval = None if self.gap is None else self.gap.interval
        within = interval is not None and -self.threshold < interval.low and interval.high < self.threshold
        return within and self.n >= FEWEST

    @property
    def needed(self) -> int | None:
        """How many replicates decide it, if the mean and the spread of the difference stay as they are.

        Their interval excludes 0, or is narrower than the threshold. None where there is nothing to decide, or no
        number up to a thousand does. Where no spread is known yet, as many as any verdict takes.
        """
        if self.verdict != UNDECIDED or self.negligible or self.gap is None or self.single:
            return None
        if not self.gap.spreads:
            return FEWEST if self.n < FEWEST else None
        return needed(self.gap.spreads, max(abs(self.gap.mean), self.threshold / 2))

    @property
    def single(self) -> bool:
        """Whether one side is a single number, however many replicates there are: more of them decide nothing."""
        asked = [spot.cell.asked for spot in (self.a, self.b) if spot.cell is not None]
        return min(asked, default=0) == 1 < max(asked, default=0)

    @property
    def lost(self) -> int:
        """How many replicates came to no number and never will."""
        cells = [spot.cell for spot in (self.a, self.b) if spot.cell is not None]
        return max((cell.asked - cell.n - cell.told.get(MISSING, 0) for cell in cells), default=0)
