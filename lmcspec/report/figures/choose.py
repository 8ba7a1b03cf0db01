"""Which figures a report has: those that the spec asks for, else those that its measures allow."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lmcspec.plan import Plan
from lmcspec.report.figures import (
    accuracy_through,
    along_path,
    by_sparsity,
    by_step,
    costs,
    curvature,
    images,
    landscape,
    layers,
    mask_costs,
    overview,
    surface,
    through,
)
from lmcspec.report.figures.best import WORD, axis_of
from lmcspec.report.figures.given import Given, member
from lmcspec.report.figures.metrics import y_of
from lmcspec.report.figures.one_shot import joins
from lmcspec.report.figures.style import Drawing
from lmcspec.report.page import results
from lmcspec.report.spending import Records
from lmcspec.report.tidy import Results, ResultsOf, Row
from lmcspec.spec.study import Figure as Wish

PLOTS = {
    "accuracy-vs-sparsity": by_sparsity.accuracy,
    "instability-vs-sparsity": by_sparsity.instability,
    "instability-vs-step": by_step.instability,
    "distance-vs-step": by_step.distance,
    "through-training": through.training,
    "accuracy-through-training": accuracy_through.accuracy,
    "error-along-path": along_path.error,
    "path-surface": surface.surface,
    "images": images.images,
    "landscape": landscape.landscape,
    "hessian": curvature.hessian,
    "layers": layers.layers,
    "overview": overview.overview,
}
SHOWN = {
    "accuracy-vs-sparsity": "accuracy",
    "instability-vs-sparsity": "instability",
    "instability-vs-step": "instability",
    "distance-vs-step": "distance",
    "through-training": "instability",
    "accuracy-through-training": "accuracy",
}
"""What stands on the y axis of each plot, unless the figure says."""
NEEDS = {
    "accuracy-vs-sparsity": ("accuracy",),
    "accuracy-through-training": ("accuracy",),
    "distance-vs-step": ("distance", "stability"),
    "images": (),
    "landscape": ("landscape",),
    "hessian": ("hessian",),
    "layers": ("masks", "overlap"),
    "overview": ("accuracy", "stability"),
}
"""The kinds of measure of which a plot needs one, where that is not stability; nothing where it needs none."""
ALWAYS = {"networks", "split", "metric", "levels", "measure", "panels", "series", "band", "shared"}
READS = {
    "accuracy-vs-sparsity": ALWAYS | {"x", "reduce", "baseline"},
    "instability-vs-sparsity": ALWAYS | {"x", "at"},
    "instability-vs-step": ALWAYS | {"x", "y", "at", "baseline"},
    "distance-vs-step": ALWAYS | {"x", "y", "at", "baseline"},
    "through-training": ALWAYS | {"x", "y", "at"},
    "accuracy-through-training": ALWAYS | {"x"},
    "error-along-path": ALWAYS | {"at"},
    "path-surface": {"networks", "split", "metric", "levels", "measure", "panels", "at"},
    "images": {"panels"},
    "landscape": {"networks", "split", "metric", "levels", "measure", "panels", "at"},
    "hessian": {"networks", "levels", "measure"},
    "layers": {"networks", "levels", "measure", "metric"},
    "overview": {"networks", "levels", "measure", "series", "x", "y", "size", "baseline", "at"},
    "cost": {"networks", "x", "levels", "panels", "shared"},
    "table": {"networks", "levels", "measure"},
}
"""What each plot heeds of what a spec can say about it."""
BY_CASE = ("accuracy-vs-sparsity",)
"""The plots that can have a line for each case."""
BARS = {"networks"}
"""What those of costs heed, which have no `x`."""
VALUES = {
    "accuracy-vs-sparsity": {
        "x": ("density", "sparsity"),
        "panels": ("case", "network"),
        "series": ("network", "case"),
    },
    "instability-vs-sparsity": {"x": ("density", "sparsity"), "panels": ("at", "case", "network")},
    "instability-vs-step": {"x": ("at", "rewind"), "panels": ("case", "network"), "series": ("network", "split")},
    "distance-vs-step": {"x": ("at", "rewind"), "panels": ("case", "network")},
    "through-training": {"x": ("epoch", "step"), "panels": ("case", "network"), "series": ("at",)},
    "accuracy-through-training": {"x": ("epoch", "step"), "panels": ("case", "network")},
    "error-along-path": {"panels": ("at", "case", "network"), "series": ("network", "at", "split")},
    "path-surface": {"panels": ("case", "network")},
    "images": {"panels": ("case",)},
    "landscape": {"panels": ("case",)},
    "cost": {"x": ("density", "sparsity"), "panels": ("case", "network")},
    "overview": {"x": overview.RATIOS, "y": overview.RATIOS, "series": ("case", "network"), "size": (*overview.SIZES,)},
}
"""What keys may say that are open to every word; `series` is `network` where it does not stand here."""


def drawings(
    plan: Plan, case: str, rows: Sequence[Row], store: Results, records: Records, wishes: Mapping[str, Wish]
) -> Iterator[Drawing]:
    """The figures of one case; of several, without those that show all of them (see `across`)."""
    given = Given(plan, case, [row for row in rows if row.case == case], ResultsOf(plan, store))
    several = len({row.case for row in rows}) > 1
    for name, plot, wish in _wanted(given, wishes):
        if not (several and shows_all(wish)):
            drawing = _drawing([given], name, plot, wish, records)
            yield replace(drawing, notes=(*drawing.notes, *unheeded(plot, wish)))


def across(
    plan: Plan, rows: Sequence[Row], store: Results, records: Records, wishes: Mapping[str, Mapping[str, Wish]]
) -> Iterator[Drawing]:
    """The figures in which the cases of a sweep stand side by side; `wishes` are by case and name."""
    cases = dict.fromkeys(row.case for row in rows)
    if len(cases) < 2:
        return
    store = ResultsOf(plan, store)
    givens = {case: Given(plan, case, [row for row in rows if row.case == case], store) for case in cases}
    names = dict.fromkeys(name for case in cases for name, wish in wishes.get(case, {}).items() if shows_all(wish))
    for name in names:
        # A case that changes a figure, or has none of its name, keeps its own.
        own = {case: wishes[case][name] for case in cases if name in wishes.get(case, {})}
        alike = {case: one for case, one in own.items() if shows_all(one)}
        wish = _of_all(list(alike.values()))
        chosen = [givens[case] for case in alike]
        drawing = _drawing(chosen, name, wish.plot, wish, records)
        yield replace(drawing, notes=(*drawing.notes, *unheeded(wish.plot, wish)))


def _of_all(wishes: Sequence[Wish]) -> Wish:
    """One wish for the panels of all cases: families have other members in each, so networks are those of any."""
    if any(wish.networks is None for wish in wishes):
        return wishes[0]
    often: Counter[str] = Counter()
    for wish in wishes:
        often |= Counter(wish.networks or ())  # what stands twice, a member beside its family, stays so
    return wishes[0].model_copy(update={"networks": tuple(often.elements())})


def shows_all(wish: Wish) -> bool:
    """Whether a figure is one of all cases together: an overview always is, bars of costs never."""
    plot = getattr(wish, "plot", "")
    by_case = plot in BY_CASE and getattr(wish, "series", None) == "case"
    return (
        plot == "overview" or by_case or (getattr(wish, "panels", None) == "case" and "panels" in _heeded(plot, wish))
    )


def _heeded(plot: str, wish: Wish) -> set[str]:
    return BARS if plot == "cost" and not wish.x else READS.get(plot, set(Wish.model_fields))


def _wanted(given: Given, wishes: Mapping[str, Wish]) -> list[tuple[str, str, Wish]]:
    """(name, plot, details)."""
    if wishes:
        return [(name, wish.plot, wish) for name, wish in wishes.items()]
    followed = {row.measure for row in given.rows if row.through is not None}
    plots = []
    if given.measures("accuracy"):
        plots.append("accuracy-vs-sparsity")
    if followed & set(given.measures("accuracy")):
        plots.append("accuracy-through-training")
    for measure in given.measures("stability")[:1]:
        steps = {row.at_updates for row in given.rows if row.measure == measure}
        plots += ["instability-vs-sparsity"] + ["instability-vs-step"] * (len(steps) > 1) + ["error-along-path"]
    if followed & set(given.measures("stability")):
        plots.append("through-training")
    plots += ["distance-vs-step"] if given.measures("distance") else []
    return [(plot, plot, Wish.model_construct()) for plot in [*plots, "cost"]]


def _drawing(givens: Sequence[Given], name: str, plot: str, wish: Wish, records: Records) -> Drawing:
    def nothing(why: str) -> Drawing:
        return Drawing(name, name, None, notes=(why,))

    given = givens[0]
    if plot == "cost":
        return mask_costs.masks(givens, wish, name) if wish.x else costs.cost(given, wish, name, records)
    if plot == "table":
        chosen = [row for row in given.rows if _is_wanted(given, row, wish)]
        return Drawing(name, "Results", None, table=results(chosen))
    if plot not in PLOTS:
        return nothing(f"the plot {plot!r} is not there yet")
    kinds = NEEDS.get(plot, ("stability",))
    measures = [measure for one in givens for kind in kinds for measure in one.measures(kind)]
    if kinds and not measures:
        return nothing(f"{plot} needs a measure of the kind {' or '.join(kinds)}, and the study has none")
    if kinds and wish.measure is not None and wish.measure not in measures:
        which = " or ".join(kinds)
        return nothing(f"{plot} can't be drawn from {wish.measure!r}, which is no measure of the kind {which}")
    for what in _shown(plot, wish):
        known = [y_of(one, wish, what) for one in givens]
        there = any(one.of(y.measures, y.metric, wish) for one, y in zip(givens, known, strict=True))
        if known[0].asked or not there:
            return nothing(f"there is no {known[0].asked or known[0].metric.name!r} to draw")
    if problem := _cannot(givens, plot, wish):
        return nothing(problem)
    return PLOTS[plot](givens, wish, name)


def _shown(plot: str, wish: Wish) -> tuple[str, ...]:
    """What a plot has on its y axes, from top to bottom."""
    if plot not in SHOWN:
        return ()
    if wish.y is None or "y" not in READS[plot]:
        return (SHOWN[plot],)
    return (wish.y,) if isinstance(wish.y, str) else wish.y


def _cannot(givens: Sequence[Given], plot: str, wish: Wish) -> str:
    """Why the keys of a figure have no meaning for this study; empty where they have."""
    axis = axis_of(wish)
    axes = {key for given in givens for network in given.networks for key in member(network)}
    there = f"its families vary in {', '.join(sorted(axes))}" if axes else "it has no families"
    if axis is not None and axis not in axes:
        return f"`reduce` chooses over {axis!r}, and the study has no such family: {there}"
    if axis is not None and any(joins(given, axis) for given in givens):
        return "`reduce` chooses at equal levels, and the levels of networks that are pruned once differ in sparsity"
    if wish.x == "rewind" and "rewind" not in axes and plot in ("instability-vs-step", "distance-vs-step"):
        return f"`x` is the rewind point, and the study has no family of those: {there}"
    return ""


def _is_wanted(given: Given, row: Row, wish: Wish) -> bool:
    measured = sorted({one.level for one in given.rows if one.network == row.network})
    return (
        (wish.networks is None or row.network in wish.networks)
        and (wish.measure is None or row.measure == wish.measure)
        and row.level in given.levels(row.network, wish.levels, measured)
    )


def unheeded(plot: str, wish: Wish) -> Iterator[str]:
    """A line for what the spec says about a figure in vain."""
    said = {key for key in wish.model_fields_set - {"plot"} if getattr(wish, key) is not None}
    heeded = _heeded(plot, wish)
    for key in sorted(said - heeded):
        yield f"`{key}` of this figure is not there yet: it is drawn without"
    allowed = {"series": ("network",), **VALUES.get(plot, {})} if plot in PLOTS or plot in VALUES else {}
    for key, values in allowed.items():
        value = getattr(wish, key, None)
        if value is not None and value not in values and key in heeded:
            yield f'`{key} = "{value}"` is not there: say {" or ".join(map(repr, values))}'
    if plot in PLOTS and "reduce" in READS[plot] and getattr(wish, "reduce", None) and axis_of(wish) is None:
        yield f'`reduce = "{wish.reduce}"` is not there: say {WORD}rewind, or another key in which a family varies'
