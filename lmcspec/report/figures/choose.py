"""Which figures a report has: those that the spec asks for, else those that its measures allow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lmcspec.plan import Plan
from lmcspec.report.figures import along_path, by_sparsity, by_step, costs
from lmcspec.report.figures.given import Given
from lmcspec.report.figures.style import Drawing
from lmcspec.report.page import results
from lmcspec.report.spending import Records
from lmcspec.report.tidy import Results, Row
from lmcspec.spec.study import Figure as Wish

PLOTS = {
    "accuracy-vs-sparsity": by_sparsity.accuracy,
    "instability-vs-sparsity": by_sparsity.instability,
    "instability-vs-step": by_step.instability,
    "error-along-path": along_path.error,
}
METRICS = {
    "accuracy-vs-sparsity": by_sparsity.accuracy_of,
    "instability-vs-sparsity": by_sparsity.metric_of,
    "instability-vs-step": by_sparsity.metric_of,
}
"""What stands on the y axis of each plot."""
NEEDS = {"accuracy-vs-sparsity": "accuracy"}
"""The kind of measure that a plot needs, where that is not stability."""
READS = {
    "accuracy-vs-sparsity": {"networks", "x", "split", "metric", "levels", "measure"},
    "instability-vs-sparsity": {"networks", "x", "split", "metric", "levels", "measure", "at"},
    "instability-vs-step": {"networks", "x", "split", "metric", "levels", "measure"},
    "error-along-path": {"networks", "split", "metric", "levels", "measure", "at"},
    "cost": {"networks"},
    "table": {"networks", "levels", "measure"},
}
"""What each plot heeds of what a spec can say about it."""


def drawings(
    plan: Plan, case: str, rows: Sequence[Row], store: Results, records: Records, wishes: Mapping[str, Wish]
) -> Iterator[Drawing]:
    """The figures of one case."""
    given = Given(plan, case, [row for row in rows if row.case == case], store)
    for name, plot, wish in _wanted(given, wishes):
        drawing = _drawing(given, name, plot, wish, records)
        yield replace(drawing, notes=(*drawing.notes, *_unheeded(plot, wish)))


def _wanted(given: Given, wishes: Mapping[str, Wish]) -> list[tuple[str, str, Wish]]:
    """(name, plot, details)."""
    if wishes:
        return [(name, wish.plot, wish) for name, wish in wishes.items()]
    plots = []
    if given.measures("accuracy"):
        plots.append("accuracy-vs-sparsity")
    for measure in given.measures("stability")[:1]:
        steps = {row.at_updates for row in given.rows if row.measure == measure}
        plots += ["instability-vs-sparsity"] + ["instability-vs-step"] * (len(steps) > 1) + ["error-along-path"]
    return [(plot, plot, Wish.model_construct()) for plot in [*plots, "cost"]]


def _drawing(given: Given, name: str, plot: str, wish: Wish, records: Records) -> Drawing:
    def nothing(why: str) -> Drawing:
        return Drawing(name, name, None, notes=(why,))

    if plot == "cost":
        return costs.cost(given, wish, name, records)
    if plot == "table":
        chosen = [row for row in given.rows if _is_wanted(given, row, wish)]
        return Drawing(name, "Results", None, table=results(chosen))
    if plot not in PLOTS:
        return nothing(f"the plot {plot!r} is not there yet")
    kind = NEEDS.get(plot, "stability")
    measures = given.measures(kind)
    if not measures:
        return nothing(f"{plot} needs a measure of the kind {kind}, and the study has none")
    if wish.measure is not None and wish.measure not in measures:
        return nothing(f"{plot} can't be drawn from {wish.measure!r}, which is no measure of the kind {kind}")
    metric = METRICS[plot](given, wish, wish.measure or measures[0]) if plot in METRICS else ""
    if "loss" in metric or metric == "distance":
        return nothing(f"{plot} draws errors and accuracies: one of {metric!r} is not there yet")
    if metric and not given.of(wish.measure or measures[0], metric, wish):
        return nothing(f"there is no {metric!r} to draw")
    return PLOTS[plot](given, wish, name)


def _is_wanted(given: Given, row: Row, wish: Wish) -> bool:
    measured = sorted({one.level for one in given.rows if one.network == row.network})
    return (
        (wish.networks is None or row.network in wish.networks)
        and (wish.measure is None or row.measure == wish.measure)
        and row.level in given.levels(row.network, wish.levels, measured)
    )


def _unheeded(plot: str, wish: Wish) -> Iterator[str]:
    """A line for what the spec says about a figure in vain."""
    said = {key for key in wish.model_fields_set - {"plot"} if getattr(wish, key) is not None}
    for key in sorted(said - READS.get(plot, said)):
        yield f"`{key}` of this figure is not there yet: it is drawn without"
