"""Pictures of distilled sets, read back pixel by pixel."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_for_tests import Recorded, draw, draw_across
from results_for_tests import plan_of
from sets_for_tests import GAP, SIDE, draws_sets, shade

from lmcspec.report.figures import files

TEXT = """
recipes.distilled = { length = "2ep", batch = 8, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
one = { method = "dm", ipc = 1 }
many = { method = "random-images", ipc = 12 }
idle = { method = "dm", ipc = 3 }
[networks]
dense = []
syn = [{ data = "one", rounds = 1 }]
more = [{ data = "many", rounds = 1 }]
[measures]
accuracy = {}
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan, tmp_path_factory):
    return draws_sets(plan, Recorded(), tmp_path_factory.mktemp("sets"))


def shown(drawing) -> dict[str, np.ndarray]:
    """By title the greys of a picture, 0 to 255."""
    return {
        axes.get_title(loc="left"): np.asarray(axes.images[0].get_array())[..., 0] * 255 for axes in drawing.figure.axes
    }


def with_classes(plan, classes: int):
    """The plan, its sets of a data set with so many classes."""
    tasks = dict(plan.tasks)
    for task in plan.tasks.values():
        if task.kind == "distill":
            model = replace(task.params.model, value=task.params.model.value | {"classes": classes})
            tasks[task.id] = replace(task, params=replace(task.params, model=model))
    return replace(plan, tasks=tasks)


def test_a_panel_per_set_that_is_used(plan, store):
    drawing = draw(plan, store, images={})["images"]
    one, many = shown(drawing).items()
    assert (one[0], many[0]) == ("one\ndm, 1 ipc", "many\nrandom-images, 12 ipc")
    for (_, greys), columns in ((one, 1), (many, 10)):
        for label in range(10):
            for place in range(columns):
                top, left = GAP + label * (SIDE + GAP), GAP + place * (SIDE + GAP)
                assert np.unique(greys[top : top + SIDE, left : left + SIDE].round()) == [shade(label, place)]
        assert greys.shape[1] < columns * (SIDE + GAP) + SIDE, "and no further one"
    assert drawing.notes == ()
    assert "many: the first 10 of 12 images of each class" in drawing.caption and "one:" not in drawing.caption


def test_pixels_are_not_blurred(plan, store):
    drawing = draw(plan, store, images={})["images"]
    figure = drawing.figure
    for axes in figure.axes:
        assert not axes.axison and axes.images[0].get_interpolation() == "nearest"
        height, width = axes.images[0].get_array().shape[:2]
        box = axes.get_position()
        assert box.width * figure.get_figwidth() * 160 == pytest.approx(width)
        assert box.height * figure.get_figheight() * 160 == pytest.approx(height)


def test_large_images_are_made_smaller(plan, tmp_path):
    drawing = draw(plan, draws_sets(plan, Recorded(), tmp_path, side=224), images={})["images"]
    for axes in drawing.figure.axes:
        assert axes.images[0].get_interpolation() == "antialiased"
        assert axes.get_position().height * drawing.figure.get_figheight() <= 10 * 0.6


def test_of_many_classes_the_first(tmp_path):
    plan = with_classes(plan_of(TEXT), 40)
    store = draws_sets(plan, Recorded(), tmp_path)
    drawing = draw(plan, store, images={})["images"]
    (greys, _) = shown(drawing).values()
    assert len(greys) == pytest.approx(10 * (SIDE + GAP), abs=GAP)
    assert round(float(greys[-GAP - 1, SIDE // 2])) == shade(9, 0)
    assert "one: the first 10 of 40 classes." in drawing.caption
    assert "many: the first 10 of 40 classes, the first 10 of 12 images of each class." in drawing.caption


def test_nothing_is_clipped_and_titles_have_room(plan, store):
    drawing = draw(plan, store, images={})["images"]
    assert set(files(drawing)) == {"svg", "png"}
    figure = drawing.figure
    box = figure.get_tightbbox()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.get_figwidth() and box.y1 <= figure.get_figheight()
    one, many = (axes.get_tightbbox() for axes in figure.axes)
    assert one.x1 < many.x0


def test_what_has_no_picture(plan, store, tmp_path):
    tasks = {task.params.method.value["ipc"]: task.id for task in plan.tasks.values() if task.kind == "distill"}
    nothing = draw(plan, Recorded(), images={})["images"]
    assert (nothing.figure, nothing.notes) == (None, ("one: not in the store yet", "many: not in the store yet"))
    some = draws_sets(plan, Recorded(), tmp_path)
    some.sets[tasks[1]].has_outputs = False
    (some.sets[tasks[12]].out / "grid.png").unlink()
    dropped = draw(plan, some, images={})["images"]
    assert dropped.notes == (
        "one: its outputs were dropped, and its picture with them; running its task again puts them back",
        "many: its outputs lack grid.png",
    )
    some.sets[tasks[12]].outcome = "diverged"
    assert draw(plan, some, images={})["images"].notes[1] == "many: it diverged, and there is nothing to look at"
    real = plan_of("networks.dense = []\nmeasures.accuracy = {}")
    assert draw(real, Recorded(), images={})["images"].notes == ("the study makes no distilled set",)


def test_a_set_from_a_file_is_named(plan, store):
    missing = plan_of(
        TEXT.replace('many = { method = "random-images", ipc = 12 }', 'many = { load = "no/such.pt", space = "raw" }')
    )
    drawing = draw(missing, store, images={})["images"]
    assert drawing.notes == ("such.pt: loaded from a file, so that no task has drawn it",)
    assert list(shown(drawing)) == ["one\ndm, 1 ipc"]


def test_cases_show_a_set_that_they_share_once(tmp_path):
    cases = '[[sweep.cases]]\ncase = "a"\n[[sweep.cases]]\ncase = "b"\ndistilled.one.ipc = 2\n'
    plan = plan_of(TEXT + cases)
    store = draws_sets(plan, Recorded(), tmp_path)
    together = draw_across(plan, store, images={"panels": "case"})["images"]
    assert [title.partition("\n")[0] for title in shown(together)] == ["a, one", "a, many", "b, one"]
    apart = draw(plan, store, case="b", images={})["images"]
    assert list(shown(apart)) == ["one\ndm, 2 ipc", "many\nrandom-images, 12 ipc"]
