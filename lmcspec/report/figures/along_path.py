"""Error or loss along the straight path between copies, on training and on test images."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.catalog import Metric
from lmcspec.catalog.metric import ALONG, CHANGED, NUMBER
from lmcspec.catalog.metric import PERCENT as SHARE
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, points_of
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, drawable, spreads_of
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import panels_of
from lmcspec.report.figures.style import (
    DASHES,
    SPLITS,
    Drawing,
    look_of_split,
    looks_of_places,
    shades,
)
from lmcspec.report.summary import Cell, Where

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = tuple[float, ...]
UNITS = {"error": SHARE, "loss": NUMBER}
"""What there is along a path, and its unit."""


@dataclass(frozen=True, slots=True)
class Key:
    """What tells a line from the others: k, network, level and images."""

    at: int
    k: str
    network: str
    level: int
    split: str


@dataclass(frozen=True, slots=True)
class PathLine:
    """A line: where on the path, and the curves whose mean it is; one a replicate, or one a pair."""

    key: Key
    alphas: Curve
    curves: Sequence[Curve]
    asked: int
    """How many curves there would be if nothing were missing."""
    where: Where


def error(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per k and split; a line per network at its sparsest measured level, and dense once.

    With panels of cases or networks those stand side by side, one row for each split. With `series = "at"` lines of
    panels of cases are told apart by k, with `series = "split"` those of all images stand in one panel.
    """
    what = along(options)
    title = f"{what.capitalize()} along the straight path"
    abreast = options.panels in ("at", "case", "network")
    panels = panels_of(cases, options if abreast else replace(options, panels="at"), "stability")
    filled = [(panel, list(curves_of(panel.results, panel.options))) for panel in panels]
    every = [line for _, lines in filled for line in lines]
    if not every:
        return Drawing(name, title, None, notes=("no path is in the store yet",))
    splits = [split for split in SPLITS if any(line.key.split == split for line in every)]
    among = [tuple(splits)] if options.series == "split" else [(split,) for split in splits]
    steps = dict(sorted({line.key.at: line.key.k for line in every}.items()))
    metrics = {split: metric_along(what, split, policy_of(cases[0], options)) for split in splits}
    shown: list[LinePanel] = []
    parts_at: dict[str, int] = {}
    for panel, lines in filled:
        looks = _looks(panel.results, options, lines, steps)
        rows = []
        for of_row in among:
            here = [line for line in lines if line.key.split in of_row]
            above = [panel.title] if options.series == "split" else [panel.title, *of_row]
            curves = [Line(*looks[line.key], _points(line), metrics[line.key.split]) for line in here]
            rows.append(Plotted(OnY((), metrics[of_row[0]]), curves, title=", ".join(filter(None, above))))
        stacks = [rows] if abreast else [[row] for row in rows]
        shown += [LinePanel("", stack, partial(_on_x, abreast or panel is panels[-1])) for stack in stacks]
        for key, (label, _) in looks.items():
            parts_at.setdefault(label, key.at)
    labels = sorted(parts_at, key=parts_at.__getitem__) if _told_by_k(options) else None
    frame = Frame(2.3, columns=0 if abreast else len(among), split_in_label=False)
    figure = draw(shown, frame, options, _from_zero, labels)
    policies = {policy_of(case, options) for case in cases}
    spreads = spreads_of(points_of(shown))
    note = "".join(f", statistics of {of} {done}" for policy, (of, done) in CHANGED.items() if policy in policies)
    if options.band == "all":
        caption = f"Means and {spreads} are over all pairs of all replicates, which are not independent{note}."
    else:
        caption = f"Pairs of copies are averaged within a replicate; {spreads} are one sample standard deviation{note}."
    return Drawing(name, title, figure, caption, (*no_numbers(every, what), *incomplete(every, options.band)))


def no_numbers(lines: Sequence[PathLine], what: str) -> Iterator[str]:
    """Which lines have gaps because a loss is no number there, in how many replicates or pairs."""
    splits_of: dict[str, list[str]] = {}
    for line in lines:
        broken = sum(any(isnan(drawable(value)) for value in curve) for curve in line.curves)
        if broken:
            key, of = line.key, len(line.curves)
            words = f"{key.network} at level {key.level} from k = {key.k}: no number in {broken} of {of} curves (a gap)"
            splits_of.setdefault(words, []).append(key.split)
    for words, splits in splits_of.items():
        yield f"{what} on {' and '.join(splits)} images, {words}"


def incomplete(lines: Sequence[PathLine], band: str | None = None) -> Iterator[str]:
    """Which lines are means over fewer curves than are asked for."""
    there = "pairs are there" if band == "all" else "replicates are there with all their pairs"
    short = {line.key: line for line in lines if len(line.curves) < line.asked}
    words = (
        f"{key.network} at level {key.level} from k = {key.k}: {len(line.curves)} of {line.asked} {there}"
        for key, line in short.items()
    )
    yield from dict.fromkeys(words)  # once for all images


def _points(line: PathLine) -> list[MeanPoint]:
    """Means over replicates, or pairs, from one end to the other."""
    columns = zip(line.alphas, zip(*line.curves, strict=True), strict=True)
    return [MeanPoint(alpha, _cell(column, line)) for alpha, column in columns]


def _cell(values: Curve, line: PathLine) -> Cell:
    return Cell(spread.mean(values), spread.std(values), len(values), values, asked=line.asked, where=line.where)


def _on_x(last_of_figure: bool, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
    axes.set_xticks([0.0, 0.5, 1.0])
    if last and last_of_figure:
        axes.set_xlabel("from one copy to the other (α)")


def _from_zero(filled: "Sequence[tuple[Axes, Plotted]]") -> None:
    for axes, _ in filled:
        axes.set_ylim(bottom=0)


def _told_by_k(options: Options) -> bool:
    """Whether a panel's lines differ in k. The legend has them in its order, whichever panel has them."""
    return options.panels == "network" or options.series == "at"


def _looks(
    case: CaseResults, options: Options, lines: Sequence[PathLine], steps: Mapping[int, str]
) -> Mapping[Key, tuple[str, LineStyle]]:
    """What each line is called and how it looks. Panels of one network, and `series = "at"`, have a line per k.

    Networks come in their order, the dense one first. `steps` are the k's of all panels.
    """
    keys = sorted(
        (line.key for line in lines),
        key=lambda key: (key.level > 0, case.networks.index(key.network), key.level, key.at),
    )
    if _told_by_k(options):
        lone = len({(key.network, key.level, key.at) for key in keys}) == len({key.at for key in keys})
        networks = list(dict.fromkeys((key.network, key.level) for key in keys))
        colours = dict(zip(steps, shades(len(steps)), strict=True))
        return {
            key: (
                f"k = {key.k}" + ("" if lone else f", {named(case, key.network, key.level)}"),
                LineStyle(colours[key.at], "", "-" if lone else DASHES[networks.index((key.network, key.level)) % 4]),
            )
            for key in keys
        }
    looks_of_keys = {}
    looks = looks_of_places(case, ((key.network, key.level, key.at) for key in keys))
    levels = {key.network: {other.level for other in keys if other.network == key.network} - {0} for key in keys}
    for key in keys:
        look = looks[key.network, key.level, key.at]
        label = named(case, key.network, key.level)
        if options.panels == "case":
            # A network's only level may be of another sparsity in every case.
            only = key.level and len(levels[key.network]) == 1
            label = (key.network if only else label) + (f", k = {key.k}" if len(steps) > 1 else "")
        if options.series == "split":
            alone = len({(key.network, key.level, key.at) for key in keys}) == 1
            look = look_of_split(key.split, alone, look)
            label = key.split if alone else f"{label}, {key.split}"
        looks_of_keys[key] = (label, replace(look, marker=""))
    return looks_of_keys


def along(options: Options) -> str:
    """What a figure shows along its paths: `error` or `loss`."""
    return ALONG[options.metric or "error"].mistake


def metric_along(what: str, split: str, policy: str) -> Metric:
    """Error or loss along a path, on these images."""
    return Metric(name=what, measure="stability", quantity=what, unit=UNITS[what], split=split, policy=policy)


def policy_of(case: CaseResults, options: Options) -> str:
    """What is done with batch norm's statistics: what the figure says, else what the measure goes by."""
    if policy := ALONG[options.metric or "error"].policy:
        return policy
    measures = [options.measure] if options.measure else case.measures("stability")
    return case.headline(measures[0]).policy


def curves_of(case: CaseResults, options: Options) -> Iterator[PathLine]:
    """Each line with its curves, pairs averaged within a replicate unless asked otherwise.

    What is not there is left out, and so is a replicate some of whose pairs are not, unless all pairs are shown. Of a
    network that several measures look at, those of the first are taken.
    """
    measures = [options.measure] if options.measure else case.measures("stability")
    what, policy = along(options), policy_of(case, options)
    groups: dict[tuple[int, str, str, int], list[Target]] = {}
    for measure in measures:
        targets = [target for target in case.targets(measure, options) if target.through is None]
        measured: dict[tuple[int, str, str, int], list[Target]] = {}
        for target in targets:
            measured.setdefault((target.at_updates, _written(target), target.network, target.level), []).append(target)
        groups = measured | groups
    kept = _without_twins(case, options, [target for group in groups.values() for target in group])
    ordered = sorted(groups.items(), key=lambda item: (item[0][3] > 0, case.networks.index(item[0][2]), item[0][3]))
    for (at, k, network, level), group in ordered:
        for split in ("test", "train") if options.split is None else (options.split,):
            replicates: dict[int, list[Curve]] = {}
            asked = Counter(target.replicate for target in group)
            alphas: Curve = ()
            for target in group if (network, level, at) in kept else ():
                stored = case.store.find(target.task)
                curve = stored.scalars.get("paths", {}).get(policy, {}).get(f"{split}_{what}") if stored else None
                if stored and curve:
                    alphas = tuple(stored.scalars["alphas"])
                    replicates.setdefault(target.replicate, []).append(tuple(curve))
            pooled = [curve for pairs in replicates.values() for curve in pairs]
            whole = [pairs for replicate, pairs in replicates.items() if len(pairs) == asked[replicate]]
            means = [tuple(map(spread.mean, zip(*pairs, strict=True))) for pairs in whole]
            curves, many = (pooled, asked.total()) if options.band == "all" else (means, len(asked))
            if curves:
                yield PathLine(Key(at, k, network, level, split), alphas, curves, many, case.where(group))


def _written(target: Target) -> str:
    return "0" if not target.at_updates else target.at


def _without_twins(case: CaseResults, options: Options, targets: Sequence[Target]) -> set[tuple[str, int, int]]:
    """(network, level, k) of what is shown, by default dense and sparsest; of networks with the same, the first."""
    seen: dict[tuple[int, frozenset[str]], str] = {}
    kept = set()
    for network in dict.fromkeys(target.network for target in targets):
        of_network = [target for target in targets if target.network == network]
        measured = sorted({target.level for target in of_network})
        for level in case.levels(network, options.levels or ("dense", "last"), measured):
            for at in sorted({target.at_updates for target in of_network}):
                cell = [target for target in of_network if (target.level, target.at_updates) == (level, at)]
                tasks = (at, frozenset(target.task for target in cell))
                if cell and seen.setdefault(tasks, network) == network:
                    kept.add((network, level, at))
    return kept


def over_replicates(curves: Sequence[Curve], scale: float = PERCENT) -> tuple[list[float], list[float]]:
    """Means and sample standard deviations, point by point; a mean is NaN where one of the curves has no number."""
    columns = list(zip(*curves, strict=True))
    means = [drawable(scale * spread.mean(column)) for column in columns]
    spreads = [spread.std(column) or 0.0 for column in columns]
    return means, [0.0 if isnan(mean) else scale * std for mean, std in zip(means, spreads, strict=True)]
