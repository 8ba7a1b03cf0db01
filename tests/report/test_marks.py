"""What stands in a figure: links over its marks, what they say, and the figure in words."""

import io
import re
from dataclasses import replace
from statistics import fmean, stdev
from xml.etree import ElementTree

import pytest
from drawn_for_tests import draw, recorded
from results_for_tests import made_up, plan_of
from rewound_for_tests import TEXT, over, results

from lmcspec.catalog.metric import NUMBER, PERCENT
from lmcspec.report.figures import files
from lmcspec.report.figures.alt import seen
from lmcspec.report.figures.links import overlay
from lmcspec.report.figures.marks import Mark, marks_of, put_marks
from lmcspec.report.figures.numbers import numbers
from lmcspec.report.figures.space import canvas
from lmcspec.report.figures.style import DPI, Drawing
from lmcspec.report.summary import Where, cell_of

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
STUDY = """
[networks]
dense = []
imp = [{ data = "real", rounds = 5 }]
[measures]
accuracy = {}
"""


def error(target) -> float:
    return 0.05 + 0.02 * target.level + 0.004 * target.replicate


@pytest.fixture(scope="module")
def accuracies():
    plan = plan_of(STUDY)
    store = recorded(plan, lambda target: made_up(plan, error).found[target.task])
    drawing = draw(plan, store, **{"accuracy-vs-sparsity": {"networks": ["imp"]}})["accuracy-vs-sparsity"]
    return plan, drawing, files(drawing)


def circles(svg: bytes) -> list[tuple[str, str, float, float]]:
    """(address, words, x, y) of each link."""
    tree = ElementTree.fromstring(svg)
    (group,) = [part for part in tree.iter(f"{SVG}g") if part.get("class") == "marks"]
    return [
        (link.get(LINK, ""), circle.findtext(f"{SVG}title", ""), float(circle.get("cx")), float(circle.get("cy")))
        for link in group.iter(f"{SVG}a")
        for circle in link.iter(f"{SVG}circle")
    ]


def test_each_mark_leads_to_its_number_on_the_page(accuracies):
    _, _, of_figure = accuracies
    shown = circles(of_figure["svg"])
    assert len(shown) == 6
    for level, (address, words, *_) in enumerate(shown):
        assert address == f"report.html#imp/l{level}/accuracy"
        values = [100 * (1 - 0.05 - 0.02 * level - 0.004 * replicate) for replicate in range(3)]
        assert words.startswith(f"imp at level {level}, ")
        assert words.endswith(f"% sparse: {fmean(values):.2f} ± {stdev(values):.2f} (3)")


def test_links_lie_over_what_is_drawn(accuracies):
    """At each of them the picture, which was drawn by itself, has the colour of the network."""
    from PIL import Image

    _, drawing, of_figure = accuracies
    (colour,) = {line.get_color() for axes in drawing.figure.axes for line in axes.lines if line.get_label() == "imp"}
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    picture = Image.open(io.BytesIO(of_figure["png"])).convert("RGB")
    for _, _, x, y in circles(of_figure["svg"]):
        assert picture.getpixel((round(x * DPI / 72), round(y * DPI / 72))) == wanted


def test_over_the_page_s_own_picture_they_lead_to_the_page(accuracies):
    _, _, of_figure = accuracies
    links = overlay(of_figure["svg"])
    assert links.count('<a href="#') == 6 and "report.html" not in links and "xlink" not in links
    sizes = [re.search(r'viewBox="([^"]*)"', text)[1] for text in (links, of_figure["svg"].decode())]
    assert sizes[0] == sizes[1]
    assert overlay(b"<svg/>") == ""


def test_what_is_written_by_people_stays_text():
    figure, ((axes,),) = canvas(1, 1, 3, 3)
    cell = replace_where(0.5, Where("a<b>&c", "imp", 0, measure="accuracy", tasks=('"x"',)))
    put_marks(figure, [Mark("", "<line>", "y", 0.5, cell, NUMBER, axes)])
    svg = files(Drawing("x", 'Is it <stable> & "so"?', figure))["svg"]
    ((address, words, *_),) = circles(svg)
    assert (address, words) == ("report.html#a%3Cb%3E%26c/imp/l0/accuracy", "a<b>&c, imp at level 0: 0.500 (1)")
    assert ElementTree.fromstring(svg).findtext(f"{SVG}desc").startswith('Is it <stable> & "so"?')


def test_marks_that_cover_each_other_are_told_together():
    figure, ((axes,),) = canvas(1, 1, 3, 3)
    cells = [replace_where(0.5, Where("", network, 0, measure="accuracy", tasks=("x",))) for network in ("a", "b")]
    put_marks(figure, [Mark("", "dense", "y", 0.5, cell, NUMBER, axes) for cell in cells])
    ((address, words, *_),) = circles(files(Drawing("x", "X", figure))["svg"])
    assert (address, words) == ("report.html#a/l0/accuracy", "a at level 0: 0.500 (1)\nb at level 0: 0.500 (1)")


def test_copies_and_replicates_are_all_behind_a_number():
    plan = plan_of(TEXT)
    drawing = draw(plan, results(plan), **{"instability-vs-step": {"networks": ["dense"]}})["instability-vs-step"]
    marks = marks_of(drawing.figure)
    assert [mark.cell.where.k for mark in marks] == ["0", "20it", "100it"]
    for mark in marks:
        targets = [
            target
            for target in plan.targets
            if (target.network, target.measure, target.k_updates, target.through)
            == ("dense", "dense_lmc", mark.cell.where.k_updates, None)
        ]
        assert set(mark.cell.where.tasks) == {target.task for target in targets} and len(targets) == 9


def mark(line: str, level: int, value: float, unit=PERCENT, panel: str = "") -> Mark:
    where = Where("", line, level, 1 - 0.5**level)
    cell = replace_where(value, where)
    return Mark(panel, line, "test accuracy (%)", 100 * 0.5**level, cell, unit, over_levels=True)


def replace_where(value: float, where: Where):
    return replace(cell_of([value], 1), where=where)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.9, 0.7, 0.2), "imp falls from 90.0 when dense to 20.0 at 75.0 % sparsity"),
        ((0.2, 0.3, 0.9), "imp rises from 20.0 when dense to 90.0 at 75.0 % sparsity"),
        ((0.90, 0.91, 0.89), "imp stays between 89.0 and 91.0"),
        ((0.9, 0.9, 0.9), "imp stays at 90.0"),
        (
            (0.5, 0.9, 0.4),
            "imp rises from 50.0 when dense to 90.0 at 50.0 % sparsity and ends at 40.0 at 75.0 % sparsity",
        ),
        (
            (0.9, 0.2, 0.8),
            "imp falls from 90.0 when dense to 20.0 at 50.0 % sparsity and ends at 80.0 at 75.0 % sparsity",
        ),
    ],
)
def test_a_line_in_words(values, words):
    marks = [mark("imp", level, value) for level, value in enumerate(values)]
    assert seen(marks, "Accuracy") == f"Accuracy. Test accuracy (%): {words}."
    assert seen(marks[::-1], "Accuracy") == f"Accuracy. Test accuracy (%): {words}.", "in the order of levels"


def test_of_many_lines_and_panels_some_are_told():
    marks = [mark(f"n{line}", level, 0.5, panel=f"k = {k}") for k in range(4) for line in range(5) for level in (0, 1)]
    words = seen(marks, "T")
    assert words.count("stays") == 6 and words.count("and 2 more lines") == 2 and words.endswith("And 2 more panels.")


def test_off_levels_places_are_those_of_the_axis():
    cells = [replace_where(value, Where("", "dense", 0)) for value in (1.0, 9.0, 2.0)]
    marks = [Mark("", "dense", "loss", alpha, cell, NUMBER) for alpha, cell in zip((0.0, 0.5, 1.0), cells, strict=True)]
    assert seen(marks, "T") == "T. Loss: dense rises from 1.00 at 0 to 9.00 at 0.5 and ends at 2.00 at 1."


def test_over_rewind_points_places_are_steps_and_not_levels():
    """Each point is another member of a family, all of them equally sparse."""
    plan = plan_of(TEXT)
    drawing = draw(plan, results(plan), **{"instability-vs-step": {"x": "rewind"}})
    values = [100 * fmean(over(plan, "sparse_lmc", network=f"imp[rewind={k}]")) for k in ("0", "100it")]
    words = f"imp falls from {values[0]:.1f} at k = 0 to {values[1]:.1f} at k = 100it;"
    assert words in drawing["instability-vs-step"].alt


def test_marks_of_a_panel_are_told_together_in_whatever_order_they_come():
    marks = [mark("imp", level, value, panel=f"k = {k}") for level, value in ((0, 0.9), (1, 0.2)) for k in range(2)]
    words = "imp falls from 90.0 when dense to 20.0 at 50.0 % sparsity"
    assert seen(marks, "T") == f"T. Test accuracy (%), k = 0: {words}. Test accuracy (%), k = 1: {words}."


def test_several_numbers_at_one_place_say_which_they_are():
    figure, ((axes,),) = canvas(1, 1, 3, 3)
    cell = replace_where(0.5, Where("", "imp", 0, measure="accuracy", tasks=("x",)))
    put_marks(figure, [Mark("", "imp", on_y, 0.5, cell, NUMBER, axes) for on_y in ("barrier", "accuracy")])
    ((_, words, *_),) = circles(files(Drawing("x", "X", figure))["svg"])
    assert words == "barrier: imp at level 0: 0.500 (1)\naccuracy: imp at level 0: 0.500 (1)"


@pytest.mark.parametrize(
    ("of", "words", "n"),
    [("", " (3 of 4)", (3, 4)), ("paths", " (3 of 4 paths)", (None, None)), (None, "", (None, None))],
)
def test_n_is_that_of_replicates_alone(of, words, n):
    cell = replace(cell_of([0.5, 0.5, 0.5], 4), where=None)
    made = Mark("", "imp", "y", 1.0, cell, NUMBER, of=of)
    assert made.words == f"imp: 0.500 ± 0.000{words}"
    (record,) = numbers([made])
    assert (record["n"], record["asked"]) == n


def test_a_figure_says_what_is_seen_where_it_stands(accuracies):
    _, drawing, of_figure = accuracies
    assert drawing.alt.startswith("Accuracy against sparsity. Test accuracy (%): imp falls from 94.6 when dense to ")
    tree = ElementTree.fromstring(of_figure["svg"])
    assert tree.get("aria-label") == drawing.alt == tree.findtext(f"{SVG}desc")
