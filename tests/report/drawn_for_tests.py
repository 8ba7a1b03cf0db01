"""Figures of made-up results, and what they show read back from their axes."""

from results_for_tests import Results, made_up

from lmcspec.report import tidy
from lmcspec.report.figures import across, drawings
from lmcspec.report.figures.options import figure_of
from lmcspec.report.figures.style import DENSE


class Recorded(Results):
    """Made-up results, each of which took a second."""

    def find(self, identifier):
        found = super().find(identifier)
        return found and type(
            "Stored", (), {"scalars": found.scalars, "outcome": found.outcome, "record": {"seconds": 1}}
        )


def recorded(plan, result) -> Recorded:
    """A store with `result(target)` for each target, and with the masks behind them."""
    found = Recorded(made_up(plan, lambda target: 0.1).found)
    found.found |= {one.task: result(one) for one in plan.targets}
    return found


def draw(plan, store, case="", **figures):
    wanted = {name: figure_of({"plot": name, **table}) for name, table in figures.items()}
    return {one.name: one for one in drawings(plan, case, tidy(plan, store), store, wanted)}


def lines(axes) -> dict[str, tuple[list[float], list[float]]]:
    """Label -> (x, y) of what stands in the legend."""
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def draw_across(plan, store, **figures):
    """The figures that show all cases together, by name."""
    wanted = {name: figure_of({"plot": name, **table}) for name, table in figures.items()}
    every = dict.fromkeys((target.case for target in plan.targets), wanted)
    return {one.name: one for one in across(plan, tidy(plan, store), store, every)}


def dense_bars(axes) -> list:
    """What shows the spread of the dense network where lines have bars."""
    return [line for line in axes.lines if line.get_label() == "_bars" and line.get_color() == DENSE]


def panels(drawing) -> dict[str, object]:
    """The axes that have a title, by it."""
    return {axes.get_title(): axes for axes in drawing.figure.axes if axes.get_title()}
