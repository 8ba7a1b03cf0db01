"""Figures for a column, a page and a slide: as wide as these, and nothing in them too small or cut off."""

import pytest
from drawn_for_tests import draw, recorded
from matplotlib.text import Text
from results_for_tests import Result, plan_of
from specs_for_tests import plan_of as plan_of_whole
from test_looks import QUICKSTART, SWEEP, result

from lmcspec.base.errors import UsageError
from lmcspec.report.figures import files
from lmcspec.report.figures.medium import MEDIA, drawn_for, medium, medium_called
from lmcspec.report.figures.style import drawn

SIZES = {"column": (3.25, 3.5, 6.0), "page": (6.75, 7.0, 6.0), "slide": (13.3, 13.4, 14.0)}
"""Of each medium the least and the greatest width in inches, and the least letters in points."""
PLOTS = ("accuracy-vs-sparsity", "instability-vs-sparsity", "instability-vs-step", "error-along-path", "layers", "cost")


@pytest.fixture(scope="module")
def studies():
    plans = {"quickstart": plan_of_whole(QUICKSTART.read_text()), "sweep": plan_of(SWEEP)}
    return {name: (plan, recorded(plan, result)) for name, plan in plans.items()}


def texts(figure) -> list[Text]:
    """All that is written: of ticks those within their axis."""
    hidden = {id(tick) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for tick in _beyond(axis)}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden and _shown(text)
    ]


def _beyond(axis):
    low, high = sorted(axis.get_view_interval())
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        if not low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)


def _shown(text) -> bool:
    return text.axes is None or text.axes.axison


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(("study", "case"), [("quickstart", ""), ("sweep", "a")])
def test_it_has_the_width_and_all_letters_are_large_enough_and_within_it(studies, study, case, name):
    narrowest, widest, smallest = SIZES[name]
    plan, store = studies[study]
    kinds = {target.kind for target in plan.targets}
    plots = {plot: {} for plot in PLOTS if plot != "layers" or "masks" in kinds}
    with drawn_for(MEDIA[name]):
        for plot, drawing in draw(plan, store, case=case, **plots).items():
            figure = drawing.figure
            with drawn():
                figure.draw_without_rendering()
            assert narrowest <= figure.get_figwidth() <= widest
            assert name != "slide" or figure.get_figwidth() / figure.get_figheight() == pytest.approx(16 / 9)
            assert name == "slide" or figure.get_figheight() < 9.5
            for text in texts(figure):
                assert text.get_fontsize() >= smallest, (plot, text)
                box = text.get_window_extent()
                assert box.x0 > -2 and box.y0 > -2, (plot, text)
                assert box.x1 < figure.bbox.x1 + 2 and box.y1 < figure.bbox.y1 + 2, (plot, text)
            assert all(axes.get_window_extent().width > 0.25 * figure.bbox.width for axes in figure.axes if axes.axison)


def test_a_pdf_has_its_letters_and_no_date(studies):
    plan, store = studies["quickstart"]
    with drawn_for(MEDIA["column"]):
        wish = {"accuracy-vs-sparsity": {}}
        first, again = (files(draw(plan, store, **wish)["accuracy-vs-sparsity"], ("pdf",))["pdf"] for _ in range(2))
    assert first == again
    assert (
        b"/FontFile2" in first
        and b"/Type3" not in first
        and b"Date" not in first
        and b"matplotlib" not in first.lower()
    )
    assert b"/MediaBox [ 0 0 244.8 " in first, "3.4 inches"


def test_after_it_reports_are_drawn_as_ever(studies):
    plan, store = studies["quickstart"]
    wish = {"accuracy-vs-sparsity": {}}
    before = files(draw(plan, store, **wish)["accuracy-vs-sparsity"])
    with pytest.raises(ZeroDivisionError), drawn_for(MEDIA["slide"]):
        raise ZeroDivisionError
    assert medium().name == "report"
    assert files(draw(plan, store, **wish)["accuracy-vs-sparsity"]) == before


def test_a_medium_that_is_none():
    with pytest.raises(UsageError, match="figures are not drawn for 'colum'") as refused:
        medium_called("colum")
    assert refused.value.help == "did you mean column?"
    with pytest.raises(UsageError) as refused:
        medium_called("poster")
    assert refused.value.help == "there are: column, page, slide"


def test_of_nothing_that_is_there_nothing_is_drawn_for_any(studies):
    plan, _ = studies["quickstart"]
    empty = recorded(plan, lambda target: Result({}))
    with drawn_for(MEDIA["column"]):
        drawing = draw(plan, empty, **{"error-along-path": {}})["error-along-path"]
        assert (drawing.figure, drawing.notes) == (None, ("no path is in the store yet",))
        assert files(drawing, ("pdf",)) == {}
