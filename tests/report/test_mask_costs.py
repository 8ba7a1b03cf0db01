"""What finding masks takes, read back from figures and from the page, against numbers by hand."""

from pathlib import Path

import pytest
from drawn_for_tests import Recorded, draw, draw_across, panels
from drawn_for_tests import lines as from_left
from results_for_tests import made_up, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures import files
from lmcspec.report.html import html
from lmcspec.report.page import page

WIDTH_4 = 'model = { name = "convnet", depth = 1, width = 4 }'
MADE_BY = f'{{ method = "idc", {WIDTH_4}, ipc = 1, factor = 2, networks = 2, inner = 3, batch = 5, seen = 100 }}'
TEXT = """
recipes.distilled = { length = "50ep", batch = 10, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
syn = MADE_BY
[networks]
dense = []
imp = [{ rounds = 4 }]
syn = [{ data = "syn", rounds = 4 }]
random = [{ rounds = 4, criterion = "random" }]
shuffled = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
""".replace("MADE_BY", MADE_BY)
IMP = 10 * 1437
"""Ten epochs on the training images of digits."""
SYN = 50 * 40
"""Fifty epochs on an image of four tiles for each of ten classes."""
MAKING = 2 * (3 * 10 * 5 + 2 * 128)
"""Two networks: three steps on five images of each class, and 100 images, two batches of 64, between two of them."""
SEES, STORED, MADE = "", ", as they are stored", ", with making the set"


def lines(axes):
    """Label -> (x, y), from the densest level on."""
    return {label: (x[::-1], y[::-1]) for label, (x, y) in from_left(axes).items()}


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


class Placed(Recorded):
    """Results that lie somewhere."""

    def find(self, identifier):
        found = super().find(identifier)
        if found:
            found.path = Path("objects", identifier[:2], identifier)
        return found


@pytest.fixture(scope="module")
def store(plan):
    """Every mask is a little denser than was planned."""
    results = made_up(plan, lambda target: 0.1)
    for target in plan.targets:
        if target.mask:
            results.found[target.mask] = type(results.found[target.mask])({"density": 0.81**target.level})
    return Placed(results.found)


def test_a_line_for_each_way_to_count(plan, store):
    drawing = draw(plan, store, cost={"x": "density"})["cost"]
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["imp", "syn" + SEES, "syn" + STORED, "syn" + MADE]
    for x, _ in shown.values():
        assert x == pytest.approx([100 * 0.81**level for level in range(1, 5)])
    assert [y for _, y in shown.values()] == [
        [IMP * level for level in range(1, 5)],
        [SYN * level for level in range(1, 5)],
        [SYN // 4 * level for level in range(1, 5)],
        [SYN * level + MAKING for level in range(1, 5)],
    ]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    dashes = {line.get_label(): line.get_linestyle() for line in axes.lines}
    assert list(dashes.values()) == ["-", "-", "--", ":"]
    assert len({line.get_color() for line in axes.lines[1:]}) == 1
    assert drawing.notes == ("random: no image is seen to find a mask",)
    for word in ("one replicate", "Dashed", "Dotted", "Baselines"):
        assert word in drawing.caption
    assert [one.get_text() for one in drawing.figure.legends[0].get_texts()] == [
        "imp",
        "syn",
        "as networks see them",
        "as they are stored",
        "with making the set",
    ]


def test_against_sparsity_on_a_plain_axis(plan, store):
    wish = {"x": "sparsity", "networks": ["imp"], "levels": [1, "last"]}
    drawing = draw(plan, store, cost=wish)["cost"]
    (axes,) = drawing.figure.axes
    ((x, y),) = from_left(axes).values()
    assert x == pytest.approx([19, 100 * (1 - 0.81**4)]) and y == [IMP, 4 * IMP]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert drawing.notes == () and "Dashed" not in drawing.caption
    assert [one.get_text() for one in drawing.figure.legends[0].get_texts()] == ["imp"]
    assert [one.get_text() for one in axes.get_yticklabels() if one.get_text()], "less than a decade has labels, too"


def test_networks_with_one_line_share_it(plan, store):
    (axes,) = draw(plan, store, cost={"x": "density", "networks": ["imp", "shuffled"]})["cost"].figure.axes
    assert list(lines(axes)) == ["imp, shuffled"]


def test_cases_side_by_side():
    plan = plan_of(TEXT + "[[sweep.cases]]\ncase = 'one'\n[[sweep.cases]]\ncase = 'ten'\ndistilled.syn.ipc = 10\n")
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    (drawing,) = draw_across(plan, store, cost={"x": "density", "networks": ["syn"], "panels": "case"}).values()
    found = {title: lines(axes)["syn"][1] for title, axes in panels(drawing).items()}
    assert found == {case: [SYN * ipc * level for level in range(1, 5)] for case, ipc in (("one", 1), ("ten", 10))}
    assert draw_across(plan, store, cost={}) == {}, "bars are of one case"


def test_before_anything_is_there_sparsity_is_the_plans(plan):
    drawing = draw(plan, Recorded(), cost={"x": "density"})["cost"]
    (axes,) = drawing.figure.axes
    assert lines(axes)["imp"][0] == pytest.approx([80, 64, 51.2, 40.96])
    assert files(drawing) == files(draw(plan, Recorded(), cost={"x": "density"})["cost"])


def test_without_masks_there_is_nothing_to_draw(plan, store):
    (drawing,) = draw(plan, store, cost={"x": "density", "networks": ["random"]}).values()
    assert (drawing.figure, drawing.notes) == (None, ("random: no image is seen to find a mask",))
    (drawing,) = draw(plan, store, cost={"x": "density", "networks": ["dense"]}).values()
    assert (drawing.figure, drawing.notes) == (None, ("there are no masks to find",))


def test_the_page_says_what_the_last_masks_took(plan, store):
    found = page(plan, tidy(plan, store), store, {})
    assert " ".join(found.masks.headings) == "network level sparsity images as stored to make the set updates"
    sparsity = f"{1 - 0.81**4:.1%}"
    assert {line[0].text: [cell.text for cell in line[1:]] for line in found.masks.lines} == {
        "imp": ["4", sparsity, f"{4 * IMP:,}", f"{4 * IMP:,}", "", f"{4 * 10 * 23:,}"],
        "syn": ["4", sparsity, f"{4 * SYN:,}", f"{SYN:,}", f"{MAKING:,}", f"{4 * 50 * 4:,}"],
        "random": ["4", sparsity, "", "", "", ""],
        "shuffled": ["4", sparsity, f"{4 * IMP:,}", f"{4 * IMP:,}", "", f"{4 * 10 * 23:,}"],
    }
    assert html(found, []).count("last mask took</span></caption>") == 1


def test_the_page_of_several_cases_and_of_none_with_masks(tmp_path):
    sweep = "[[sweep.cases]]\ncase = 'one'\n[[sweep.cases]]\ncase = 'other'\n"
    text = TEXT.replace(MADE_BY, "FILE")
    plan = plan_of(text.replace("FILE", f'{{ load = "{tmp_path}/no.pt", space = "raw", ipc = 1, factor = 2 }}') + sweep)
    masks = page(plan, tidy(plan, Placed()), Placed(), {}).masks
    assert masks.headings[:2] == ("case", "network") and masks.names == 2
    assert [tuple(cell.text for cell in line) for line in masks.lines if line[1].text == "syn"] == [
        (case, "syn", "4", "59.0%", f"{4 * SYN:,}", f"{SYN:,}", "unknown", f"{4 * 50 * 4:,}")
        for case in ("one", "other")
    ]
    plan = plan_of("networks.dense = []\nmeasures.accuracy = {}")
    assert "last mask took" not in html(page(plan, tidy(plan, Placed()), Placed(), {}), [])


def test_what_files_took_is_not_known(tmp_path):
    tables = "[weights]\nlate = { load = 'no.pt', step = '5ep' }\n[masks]\nm = { load = 'no.pt' }\n"
    networks = """
    given = [{ mask = "m" }, { rounds = 1 }]
    late = [{ weights = "late", rounds = 2 }]
    imp = [{ rounds = 2 }]
    """
    plan = plan_of(f"{tables}[networks]\n{networks}\n[measures]\naccuracy = {{}}\n")
    (drawing,) = draw(plan, Recorded(), cost={"x": "density"}).values()
    (axes,) = drawing.figure.axes
    assert list(lines(axes)) == ["late", "imp"], "what is of unknown sparsity has no place"
    assert drawing.notes == (
        "given: how sparse some levels are is not known, as a mask's file is not here",
        "given: what the mask from a file took is not known, and not counted",
        "late: what the weights from a file took is not known, and not counted",
    )
    table = page(plan, tidy(plan, Placed()), Placed(), {}).masks
    cells = {line[0].text: [cell.text for cell in line[2:]] for line in table.lines}
    assert cells["given"] == ["?", f"{IMP:,} + unknown", f"{IMP:,} + unknown", "", f"{10 * 23:,} + unknown"]
    assert cells["late"] == ["36.0%", f"{IMP:,} + unknown", f"{IMP:,} + unknown", "", f"{2 * 5 * 23:,} + unknown"]
    assert cells["imp"][1] == f"{2 * IMP:,}"
