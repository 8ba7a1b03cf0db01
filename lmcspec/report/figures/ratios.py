"""Networks against a baseline at the same level: ratios of barriers and of accuracies, with their errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot

from lmcspec.base.spread import std
from lmcspec.catalog import Metric
from lmcspec.catalog.metric import POLICIES
from lmcspec.plan import Plan
from lmcspec.plan.graph import needed
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options
from lmcspec.report.summary import Cell, Where
from lmcspec.report.tidy import Row, measure_of
from lmcspec.report.words import at_levels
from lmcspec.tasks import Task

NetworkLevel = tuple[str, int]
"""A network and a level."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two means over replicates."""

    value: float
    std: float
    n: int
    unstable: bool
    """Whether its denominator is within one standard deviation of zero, or no more than noise makes."""
    asked: int = 0
    """Replicates that should have a value of both."""
    where: Where | None = None
    """Where its numerator stands, with the tasks of both."""


@dataclass(frozen=True, slots=True)
class RatioPoint:
    """A network at a level, by the baseline at that level."""

    case: str
    network: str
    level: int
    barrier: Ratio
    accuracy: Ratio
    density: float
    data_compression: float


@dataclass(frozen=True, slots=True)
class CaseRatios:
    """What can be compared in one case, on which images its barriers are, and what has to be said."""

    points: tuple[RatioPoint, ...]
    split: str
    notes: tuple[str, ...]


def ratio(over: Cell, under: Cell) -> Ratio | None:
    """a / b of two means, with its spread by first-order propagation of their sample standard deviations s_a and s_b:

        s = sqrt((s_a / b)² + (a s_b / b²)²)

    as if a and b were independent. Where their replicates share initial weights it is the standard deviation of
    (a_i - r b_i) / b over these, r = a / b: the same with their covariance. A mean of one replicate has no spread, and
    adds none. None where b is 0.
    """
    a, b = over.mean, under.mean
    if b == 0:
        return None
    s_a, s_b = over.std or 0.0, under.std or 0.0
    spread = hypot(s_a / b, a / b * (s_b / b))
    common = over.replicates.keys() & under.replicates.keys() if over.shares and over.shares == under.shares else ()
    if len(common) > 1:
        pairs = ((over.replicates[replicate], under.replicates[replicate]) for replicate in sorted(common))
        spread = std([(ours - a / b * theirs) / b for ours, theirs in pairs]) or 0.0
    unstable = abs(b) <= s_b or under.is_noise
    return Ratio(a / b, spread, min(over.n, under.n), unstable, max(over.asked, under.asked), _where(over, under))


def _where(over: Cell, under: Cell) -> Where | None:
    if over.where is None:
        return None
    tasks = (*over.where.tasks, *(under.where.tasks if under.where else ()))
    return over.where._replace(tasks=tuple(dict.fromkeys(tasks)))


def compare(case: CaseResults, options: Options, baseline: str, label: str) -> CaseRatios:
    """The points of one case: every network but the baseline, at the levels at which both have a barrier.

    Barriers are those of the loss at the midpoint, on training images where both were looked at on these, else on test
    images; accuracies are on test images. Levels are matched by number, and copies part at the same k. The dense level
    is left out: it is one network.
    """
    split, barriers = _barriers(case, options, baseline)
    accuracies = {
        (row.network, row.level): row for row in _rows(case, options, "accuracy", _named("accuracy", "test/accuracy"))
    }
    points: list[RatioPoint] = []
    without: dict[str, list[int]] = {}
    steps: dict[int, str] = {}
    for network in case.networks:
        if network == baseline or (options.networks is not None and network not in options.networks):
            continue
        measured = sorted(level for name, level in barriers if name == network)
        for level in (level for level in case.levels(network, options.levels, measured) if level):
            ours, other = barriers[network, level], barriers.get((baseline, level), {})
            alike = sorted(ours.keys() & other.keys())
            steps |= {at: ours[at].k for at in alike if len(alike) > 1}
            barrier = _ratio(case, ours[alike[0]], other[alike[0]]) if alike else None
            accuracy = _ratio(case, accuracies.get((network, level)), accuracies.get((baseline, level)))
            if barrier and accuracy:
                density, data = case.density(network, level), data_compression(case, network, level)
                points.append(RatioPoint(case.case, network, level, barrier, accuracy, density, data))
            else:
                without.setdefault(network, []).append(level)
    return CaseRatios(tuple(points), split, tuple(_notes(points, baseline, label, without, steps)))


def _notes(
    points: Sequence[RatioPoint], baseline: str, label: str, without: Mapping[str, list[int]], steps: Mapping[int, str]
) -> Iterator[str]:
    """The k that was chosen of several, what is not there, and which ratios say little."""
    if steps:
        note = f"k = {steps[min(steps)]} of {', '.join(steps[at] for at in sorted(steps))}; say which with `at`"
        yield f"{label}: {note}" if label else note
    unstable: dict[str, list[int]] = {}
    for point in points:
        if point.barrier.unstable:
            unstable.setdefault(point.network, []).append(point.level)
    prefix = f"{label}, " if label else ""
    for network, levels in without.items():
        yield f"{prefix}{network} {at_levels(levels)}: {baseline} or it has no accuracy or no barrier there"
    for network, levels in unstable.items():
        why = (
            f"the ratio is unstable when the {baseline} barrier is small, and here it is within one standard deviation"
        )
        yield f"{prefix}{network} {at_levels(levels)}: {why} of zero, or within noise (hollow markers)"


def _named(kind: str, name: str, **changes: str) -> Metric:
    known = measure_of(kind).metrics
    metric = known.called(name)
    wanted = known.like(metric, **changes) if metric else None
    assert wanted is not None, (kind, name, changes)
    return wanted


def _rows(case: CaseResults, options: Options, kind: str, metric: Metric) -> Sequence[Row]:
    measures = case.measures(kind)
    measures = [options.measure] if options.measure in measures else measures
    return case.of(measures, metric, replace(options, networks=None))


def _barriers(
    case: CaseResults, options: Options, baseline: str
) -> tuple[str, Mapping[NetworkLevel, Mapping[int, Row]]]:
    """The images that barriers are on, and their rows by network and level, then by k."""
    measures = case.measures("stability")
    policy = case.headline(measures[0]).policy if measures else POLICIES[0]
    barriers: dict[NetworkLevel, dict[int, Row]] = {}
    for split in ("train", "test"):
        barriers = {}
        midpoint = _named("stability", "midpoint/test-loss", split=split, policy=policy)
        for row in _rows(case, options, "stability", midpoint):
            barriers.setdefault((row.network, row.level), {})[row.at_updates] = row
        networks = {network for network, _ in barriers}
        if baseline in networks and len(networks) > 1:
            return split, barriers
    return "test", barriers


def _ratio(case: CaseResults, over: Row | None, under: Row | None) -> Ratio | None:
    cells = [case.cell(row) if row else None for row in (over, under)]
    return ratio(cells[0], cells[1]) if cells[0] and cells[1] else None


def data_compression(case: CaseResults, network: str, level: int) -> float:
    """Training images to each image of the distilled set behind a level's mask; 1 where that was found on real data."""
    plan = case.plan
    with_mask = [
        target
        for target in plan.targets
        if (target.case, target.network, target.level) == (case.case, network, level) and target.mask
    ]
    for task in needed(plan.tasks, tuple(with_mask[:1])).values():
        if task.trains and task.on_distilled:
            return plan.facts[task.params.data.digest].train / _images(plan, task)
    return 1.0


def _images(plan: Plan, training: Task) -> float:
    """How many images the set of a training holds as it is stored: packed ones count once."""
    part = training.in_place
    if part is not None:
        return plan.images[part.digest] / part.value.get("factor", 1) ** 2
    made = plan.tasks[str(training.made_set)].params
    return made.method.value["ipc"] * made.model.value["classes"]
