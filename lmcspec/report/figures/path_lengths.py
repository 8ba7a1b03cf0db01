"""What becomes of permutations that are composed along paths, against how many networks the paths visit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmcspec.catalog import Metric
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint, spreads_of
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.style import DENSE, Drawing
from lmcspec.report.figures.ways import UNPERMUTED, looks_of_ways
from lmcspec.report.summary import Where, cell_of
from lmcspec.report.tidy import measure_of
from lmcspec.spec.names import NONE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KIND = "transitivity"
SHOWN: Mapping[str, tuple[str, ...]] = {
    "barrier": ("composed-barrier", "direct-barrier", "unpermuted-barrier"),
    "cycle": ("cycle-barrier",),
    "fixed-points": ("fixed-points", "fixed-points-by-chance"),
}
"""The numbers of each row of axes, the first of which says what stands on y."""
SAID = {"barrier": "barrier", "cycle": "barrier around a cycle", "fixed-points": "fixed points"}
BY_CHANCE = LineStyle(DENSE, "", ":")


@dataclass(frozen=True, slots=True)
class _Lengths:
    """What is on x: whole numbers."""

    lengths: Sequence[int]

    def __call__(self, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
        axes.set_xticks(list(self.lengths))
        axes.set_xlim(min(self.lengths) - 0.25, max(self.lengths) + 0.25)
        if last:
            axes.set_xlabel("networks on the path")


def over_lengths(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel for each network and level; composed permutations solid, those of the ends themselves dashed."""
    rows = (options.y,) if isinstance(options.y, str) else (options.y or ("barrier", "fixed-points"))
    shown: list[LinePanel] = []
    notes: list[str] = []
    paths: set[int] = set()
    for case in cases:
        for title, targets in _places(case, options):
            results = [(target, _lengths_of(case, target)) for target in targets]
            notes += [f"{title}, under {target.under}: {case.absent(target.task)}" for target, it in results if not it]
            drawn = [(target, lengths) for target, lengths in results if lengths]
            if drawn:
                paths |= {len(of["paths"]) for _, lengths in drawn for of in lengths.values()}
                several = f"{case.case}, " * (len(cases) > 1) + title
                panel = [_row(case, options, what, drawn) for what in rows]
                notes += [f"{several}: {note}" for row in panel for note in gaps(row.points, _networks)]
                empty = [what for what, row in zip(rows, panel, strict=True) if not row.lines]
                notes += [f"{several}: no numbers of the {SAID[what]} are there" for what in empty]
                on_x = sorted({int(length) for _, lengths in drawn for length in lengths})
                shown.append(LinePanel(several, panel, _Lengths(on_x)))
    titles = [SAID[row] for row in rows]
    title = f"{', '.join(titles).capitalize()} against the length of paths"
    if not shown:
        return Drawing(name, title, None, notes=tuple(notes) or ("no paths through networks are in the store yet",))
    figure = draw(shown, Frame(2.6, (7.2, 3.5), counted=False), options, from_zero)
    return Drawing(name, title, figure, _caption(rows, paths, shown), tuple(dict.fromkeys(notes)))


def _networks(places: Iterable[float]) -> str:
    return f"{', '.join(f'{place:g}' for place in sorted(places))} networks"


def _places(case: CaseResults, options: Options) -> Iterator[tuple[str, list[Target]]]:
    """(title, its targets by permutation) of each network and level that a figure asks for."""
    measure = options.measure or case.measures(KIND)[0]
    places: dict[tuple[str, int], list[Target]] = {}
    for target in case.targets(measure, options):
        if options.under is None or target.under in options.under:
            places.setdefault((target.network, target.level), []).append(target)
    for (network, level), targets in places.items():
        measured = sorted({other for name, other in places if name == network})
        if level in case.levels(network, options.levels, measured):
            order = options.under or tuple(target.under for target in targets)
            yield named(case, network, level), sorted(targets, key=lambda target: order.index(target.under))


def _lengths_of(case: CaseResults, target: Target) -> Mapping[str, Any]:
    stored = case.store.find(target.task)
    return stored.scalars.get("lengths", {}) if stored is not None else {}


def _row(case: CaseResults, options: Options, what: str, drawn: Sequence[tuple[Target, Mapping[str, Any]]]) -> Plotted:
    metrics = [_metric(case, options, number, drawn[0][0]) for number in SHOWN[what]]
    looks = looks_of_ways(case)
    lines: list[Line] = []
    for target, lengths in drawn:
        solid = looks[target.under]
        for metric in metrics:
            if points := _points(metric, lengths, case.where([target])):
                line = _line(metric, target.under, solid, looks[NONE], points)
                # What is unpermuted, and chance, are the same whatever the permutation.
                lines += [line] if line.label not in {other.label for other in lines} else []
    said = replace(metrics[0], quantity=SAID[what])
    return Plotted(OnY((drawn[0][0].measure,), said), lines, of="paths")


def _metric(case: CaseResults, options: Options, number: str, target: Target) -> Metric:
    """The number on the images, and in the mistake, that a figure asks for: of the headline's unless told."""
    usual = case.headline(target.measure)
    split = options.split or usual.split
    known = measure_of(KIND).metrics
    name = number
    if number.endswith("barrier"):
        policy = "" if usual.name.partition("@")[2] == "" else f"@{usual.policy}"
        name = f"{number}/{split}{'-loss' if options.metric == 'loss' else ''}{policy}"
    metric = known.called(name)
    assert metric is not None, name
    return metric


def _points(metric: Metric, lengths: Mapping[str, Any], where: Where) -> list[MeanPoint]:
    """The mean over paths of each length, and their spread."""
    of_lengths = {int(length): of["values"].get(metric.name, ()) for length, of in lengths.items()}
    chance = metric.name == "fixed-points-by-chance"
    shown = {length: values[:1] if chance else values for length, values in of_lengths.items() if values}
    cells = {length: replace(cell_of(values, len(values)), where=where) for length, values in sorted(shown.items())}
    return [
        MeanPoint(float(length), cell if cell.n else None, "" if cell.n else "no number")
        for length, cell in cells.items()
    ]


def _line(metric: Metric, under: str, solid: LineStyle, grey: LineStyle, points: Sequence[MeanPoint]) -> Line:
    match metric.name.partition("/")[0]:
        case "direct-barrier":
            return Line(f"{under}, of the ends alone", replace(solid, dashes="--"), points)
        case "unpermuted-barrier":
            return Line(UNPERMUTED, grey, points)
        case "fixed-points-by-chance":
            return Line("by chance", BY_CHANCE, points)
        case _:
            return Line(f"{under}, along the path", solid, points)


def _caption(rows: Sequence[str], paths: set[int], shown: Sequence[LinePanel]) -> str:
    count = f"{min(paths)}" if len(paths) == 1 else f"{min(paths)} to {max(paths)}"
    caption = (
        f"Means over {count} random paths of each length, {spreads_of(points_of(shown))} one sample standard deviation "
        "of these: paths share networks, so that no n and no interval follow from it."
    )
    if "barrier" in rows:
        caption += (
            " Between the ends of a path: the last network under the permutations from each to the next, one after the "
            "other, or under that of the two alone, or as it is."
        )
    if "cycle" in rows:
        caption += " Around a cycle: between a network and itself, permuted along the path and back from its end."
    if "fixed-points" in rows:
        caption += " Fixed points: the share of units that come back to their place around the closed path."
    return caption
