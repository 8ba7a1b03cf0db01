"""What each network costs: images seen and seconds, with what it shares with others in a lighter tone."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lmcspec.catalog.metric import NUMBER
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import exact
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.mask_costs import masks
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.space import LETTER, canvas, legend
from lmcspec.report.figures.style import Drawing, drawn, look_of
from lmcspec.report.figures.ticks import thousands
from lmcspec.report.spending import network_costs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IMAGES, SECONDS = "training images seen", "seconds of work"
NAME = 20
"""Letters of a name for which there is room beside the bars; the figure grows by what is beyond, or it is broken."""


def cost(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """What networks cost, or with `x` what finding the masks of their levels costs, against sparsity."""
    return masks(cases, options, name) if options.x else _bars(cases[0], options, name)


def _bars(case: CaseResults, options: Options, name: str) -> Drawing:
    """Two panels of bars, a bar per network: what nobody else needs, and what others need, too."""
    from matplotlib.patches import Patch

    costs = [
        cost
        for cost in network_costs(case.plan, case.case, case.records)
        if options.networks is None or cost.network in options.networks
    ]
    costs.reverse()  # bars are drawn from the bottom
    names = [cost.network for cost in costs]
    colours = [look_of(case, network).colour for network in names]
    with drawn():
        beyond = LETTER * max(0, max(map(len, names), default=0) - NAME)
        figure, ((images, seconds),) = canvas(1, 2, 7.2 + beyond, 0.9 + 0.32 * len(costs), sharey=True)
        for axes, what, whole, alone in (
            (images, IMAGES, [cost.whole.images for cost in costs], [cost.alone.images for cost in costs]),
            (seconds, SECONDS, [cost.whole.seconds for cost in costs], [cost.alone.seconds for cost in costs]),
        ):
            axes.barh(names, alone, color=colours, height=0.62)
            put_marks(figure, _marks(axes, what, names, whole))
            rest = [all_ - mine for all_, mine in zip(whole, alone, strict=True)]
            axes.barh(names, rest, left=alone, color=colours, alpha=0.35, height=0.62)
            axes.grid(visible=False, axis="y")
            axes.margins(x=0.02)
        if medium().width is not None:
            images.set_yticks(range(len(names)), [textwrap.fill(name, NAME) for name in names])
        images.xaxis.set_major_formatter(thousands)
        images.set_xlabel(IMAGES)
        seconds.set_xlabel(SECONDS)
        grey = "#555555"
        legend(
            figure, [Patch(color=grey, label="its own"), Patch(color=grey, alpha=0.35, label="shared with others")], ""
        )
    caption = (
        "What all replicates of a network rest on; shared work counts for each network that needs it, and ran once."
    )
    gaps = {
        "missing": sum(cost.whole.missing for cost in costs),
        "skipped after a collapse": sum(cost.whole.skipped for cost in costs),
    }
    uncounted = ", ".join(f"{count:,} result{'s' * (count != 1)} {words}" for words, count in gaps.items() if count)
    notes = (f"{uncounted}: their seconds are not counted",) if uncounted else ()
    return Drawing(name, "Cost of each network", figure, caption, notes)


def _marks(axes: "Axes", what: str, names: Sequence[str], values: Sequence[float]) -> Iterator[Mark]:
    """The bars, from end to end."""
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        middle = (value / 2, float(place))
        yield Mark("", name, what, None, exact(value), NUMBER, axes, middle, anchor="cost", of=None)
