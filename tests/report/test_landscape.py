"""Landscapes of made-up results, and what their figures show read back."""

from statistics import fmean

import numpy as np
import pytest
import specs_for_tests
from drawn_for_tests import Recorded, draw, panels
from landscapes_for_tests import PLACES, Written, apart, landscape, values
from results_for_tests import BASE, made_up, plan_of
from safetensors.numpy import save_file

from lmcspec.report.figures.landscape import draw as draw_one
from lmcspec.report.figures.numbers import points

TEXT = """
[networks]
imp = [{ rounds = 2 }]
[measures]
landscape = { levels = ["dense", "last"], grid = 4 }
released = { kind = "landscape", levels = ["last"], grid = 4, plane = "as-released", split = ["test"] }
"""


class Files(Recorded):
    """Made-up results, of which landscapes have a file."""

    def find(self, identifier):
        own = self.found.get(identifier)
        return own if isinstance(own, Written) else super().find(identifier)


@pytest.fixture
def plan():
    return plan_of(TEXT)


@pytest.fixture
def store(plan, tmp_path):
    found = Files(made_up(plan, lambda target: 0.1).found)
    for one in plan.targets:
        out = tmp_path / one.task
        out.mkdir(exist_ok=True)
        found.found[one.task] = landscape(out, one.level, "test" if one.measure == "released" else "train")
    return found


def dots(axes):
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axes.lines]


def test_a_panel_of_contours_and_one_of_heights_per_network(plan, store):
    drawing = draw(plan, store, landscape={"measure": "landscape"})["landscape"]
    flat = panels(drawing)
    assert list(flat) == ["dense\nlowest 0", "imp, 36.0 % sparse\nlowest 200"]
    for axes in flat.values():
        assert dots(axes) == [(one["x"], one["y"]) for one in PLACES]
        assert [text.get_text() for text in axes.texts] == ["0", "1", "2", "3 (0.75 off)"]
        assert axes.get_xlabel() == "distance of weights"
        assert axes.get_aspect() == 1
    surfaces = [axes for axes in drawing.figure.axes if axes.name == "3d"]
    assert len(surfaces) == 2
    for axes, level in zip(surfaces, (0, 2), strict=True):
        corners = axes.collections[0]._faces.reshape(-1, 3).tolist()
        at = {(round(x, 3), round(y, 3)): height for x, y, height in corners}
        assert at[0.0, -1.0] == 0, "above the lowest point, which is in the first corner"
        assert at[3.0, -1.0] == values(level)[0, 3] - 100 * level, "x runs along a row"
    assert "Distances in a plane are those of weights" in drawing.caption


def test_errors_are_in_percent_and_all_panels_have_one_scale(plan, store):
    drawing = draw(plan, store, landscape={"measure": "landscape", "metric": "error"})["landscape"]
    bar = next(axes for axes in drawing.figure.axes if axes.get_ylabel())
    assert any(axes.get_ylabel() == "train error (points) above the lowest point" for axes in drawing.figure.axes)
    assert bar is not None
    norms = {id(one.norm) for axes in panels(drawing).values() for one in axes.collections[:1]}
    assert len(norms) == 1


def test_the_released_plane_says_that_its_distances_are_none(plan, store):
    drawing = draw(plan, store, landscape={"measure": "released"})["landscape"]
    (axes,) = panels(drawing).values()
    assert axes.get_xlabel() == "halves of two networks' distance"
    assert "not those of weights" in drawing.caption
    assert any(axes.get_ylabel() == "test loss above the lowest point" for axes in drawing.figure.axes)


def test_distances_in_weights_and_in_the_plane_stand_below(plan, store):
    table = draw(plan, store, landscape={"measure": "landscape"})["landscape"].table
    assert table.headings[0] == "network"
    replicates = len({one.replicate for one in plan.targets})
    to_others = fmean(apart(a, 3) for a in range(3))
    for line, (name, level) in zip(table.lines, (("dense", 0), ("imp, 36.0 % sparse", 2)), strict=True):
        own = [fmean(apart(a, b) for a, b in ((0, 1), (0, 2), (1, 2))), to_others + level + 1, to_others]
        wanted = [*own, to_others / (to_others + level + 1), 0.75]
        assert [cell.text for cell in line] == [name, *(f"{one:.4g} ± 0 ({replicates})" for one in wanted)]
        assert len(line[1].tasks) == replicates
    assert draw(plan, store, landscape={"measure": "released"})["landscape"].table is None


def test_networks_that_span_no_plane_are_said_and_counted(plan, store):
    """As those that diverged: of three replicates the first has none, and the second one is shown."""
    wanted = [one for one in plan.targets if one.measure == "landscape"]
    for one in wanted:
        if one.replicate == 0 or one.level == 0:
            why = "the anchors of the plane lie on one line"
            store.found[one.task] = Written(store.find(one.task).out, {"metrics": {}, "no-plane": why})
    drawing = draw(plan, store, landscape={"measure": "landscape"})["landscape"]
    assert drawing.notes == ("dense: the anchors of the plane lie on one line",)
    assert list(panels(drawing)) == ["imp, 36.0 % sparse\nlowest 200"]
    replicates = len({one.replicate for one in wanted})
    (line,) = drawing.table.lines
    assert line[0].text == "imp, 36.0 % sparse"
    assert all(cell.text.endswith(f"({replicates - 1} of {replicates})") for cell in line[1:])


def test_the_numbers_of_planes_are_those_of_their_files(plan, store):
    """As they were measured: panels show what lies above their lowest point."""
    drawing = draw(plan, store, landscape={"measure": "landscape"})["landscape"]
    shown = {name.partition("\n")[0] for name in panels(drawing)}
    rows = list(points(drawing.grids))
    assert {row["panel"] for row in rows} == shown and {row["of"] for row in rows} == {"train loss"}
    (first, *_) = (one for one in plan.targets if (one.measure, one.level, one.replicate) == ("landscape", 0, 0))
    scalars, wanted = store.find(first.task).scalars, values(0)
    dense = [row for row in rows if row["panel"] == "dense"]
    assert [(row["y"], row["x"]) for row in dense] == [(y, x) for y in scalars["y"] for x in scalars["x"]]
    assert [row["value"] for row in dense] == pytest.approx(np.ravel(wanted).tolist())


def test_what_is_not_there_is_said(plan, store):
    missing, dropped = (one.task for one in plan.targets if (one.measure, one.replicate) == ("landscape", 0))
    for one in plan.targets:
        if one.level == 0:
            store.found.pop(one.task, None)
        else:
            store.found[one.task].has_outputs = False
    drawing = draw(plan, store, landscape={"measure": "landscape"})["landscape"]
    assert drawing.figure is None
    assert missing != dropped
    notes = " ".join(drawing.notes)
    assert "dense: not in the store yet" in notes
    assert "imp, 36.0 % sparse: its outputs were dropped" in notes


def test_images_that_were_not_looked_at_and_values_that_are_none(plan, store, tmp_path):
    drawing = draw(plan, store, landscape={"measure": "landscape", "split": "test"})["landscape"]
    assert "it was looked at on train images only" in drawing.notes[0]
    for one in plan.targets:
        wild = values(one.level) * (np.nan if one.level == 0 else 1)
        save_file({"train_loss": wild}, tmp_path / one.task / "landscape.safetensors")
    drawing = draw(plan, store, landscape={"measure": "landscape"})["landscape"]
    assert list(panels(drawing)) == ["imp, 36.0 % sparse\nlowest 200"]
    assert drawing.notes == ("dense: its loss is finite nowhere",)


def test_the_picture_of_one_task(plan, store):
    one = next(one for one in plan.targets if one.measure == "landscape")
    task, stored = plan.tasks[one.task], store.find(one.task)
    assert len(draw_one(task, stored).figure.axes) == 3, "contours, heights, shades"
    assert draw_one(task, Written(stored.out, {"metrics": {}})).figure is None, "its networks diverged"


PARTNERS = """
[networks]
dense = []
[permutations]
wm = { method = "weights", network = "dense" }
am = { method = "activations", network = "dense" }
[measures]
plane = { kind = "landscape", levels = ["dense"], grid = 4, under = ["wm", "am"], anchors = [0, { partner = "second" }, { partner = "second", under = "none" }] }
"""


def test_planes_of_partners_say_what_they_go_through(tmp_path):
    plan = specs_for_tests.plan_of(f"partners = 2\n{BASE}{PARTNERS}", "replicates=2")
    store = Files(made_up(plan, lambda target: 0.1).found)
    for one in plan.targets:
        out = tmp_path / one.task
        out.mkdir()
        written = landscape(out, 0)
        first, none = {"x": [0.5, 0.25], "y": [1.0, 0.5], "residual": [3.0, 1.0]}, {"x": [], "y": [], "residual": []}
        written.scalars["ways"] = [first, none, none]
        store.found[one.task] = written
    asked = {"plot": "landscape", "measure": "plane"}
    drawing = draw(plan, store, plane=asked, narrow=asked | {"under": ["am"]})
    flat = panels(drawing["plane"])
    assert list(flat) == ["dense, under wm\nlowest 0", "dense, under am\nlowest 0"]
    for axes in flat.values():
        drawn = [tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines]
        anchors = [(place["x"], place["y"]) for place in PLACES[:3]]
        assert drawn[:3] == [(anchors[0], anchors[1]), (anchors[1], anchors[2]), (anchors[2], anchors[0])]
        assert drawn[3] == ((0.5, 1.0), (0.25, 0.5), anchors[0]), "a way ends at its anchor"
    caption = drawing["plane"].caption
    assert "0 copy 0; 1 second partner, permuted as the title says; 2 second partner, unpermuted" in caption
    assert "their states lie 1 to 3 off the plane" in caption
    assert [line[0].text for line in drawing["plane"].table.lines] == ["dense, under wm", "dense, under am"]
    assert list(panels(drawing["narrow"])) == ["dense, under am\nlowest 0"]
    assert len(drawing["narrow"].table.lines) == 1
