"""Ratios to a baseline over the cases of a sweep, read back from their axes."""

from math import sqrt
from statistics import covariance, fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, draw_across
from results_for_tests import made_up, plan_of

from lmcspec.report.figures import files
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.numbers import numbers
from lmcspec.report.figures.ratios import ratio
from lmcspec.report.summary import Cell

TEXT = """
recipes.distilled = { length = "2ep", batch = 8, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
d = { method = "dm", ipc = 10 }
[networks]
dense = []
imp = [{ rounds = 3 }]
syn = [{ data = "d", rounds = 3 }]
random = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { networks = ["imp", "syn", "random"], levels = ["dense", 1, 3], copies = 3 }
"""
CASES = """
[[sweep.cases]]
case = "ten"
[[sweep.cases]]
case = "one"
distilled.d.ipc = 1
model.widths = [12]
"""
KIND = {"dense": 0, "imp": 1, "syn": 2, "random": 3}


def error(target) -> float:
    shift = 0.05 * (target.case == "one")
    return 0.1 + shift + 0.01 * KIND[target.network] * target.level + 0.004 * target.replicate * (1 + target.level)


def rise(target) -> float:
    """Of the loss at the midpoint, on training images; three times as much on test images."""
    base = {"dense": 1.0, "imp": 1.0, "syn": 0.2, "random": 0.8}[target.network] / (1 + target.level)
    return base + 0.02 * target.replicate * KIND[target.network] + 0.001 * sum(target.copies) + target.at_updates / 1e3


def results(plan, splits=("train", "test"), barrier=rise):
    store = Recorded(made_up(plan, lambda one: error(one) if one.kind == "accuracy" else 0.1).found)
    for target in plan.targets:
        if target.kind == "stability":
            summary = store.found[target.task].scalars["paths"]["average"]["summary"]
            times = {"train": 1.0, "test": 3.0}
            summary |= {f"midpoint/{split}-loss": times[split] * barrier(target) for split in splits}
    return store


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT + CASES)


@pytest.fixture(scope="module")
def store(plan):
    return results(plan)


def over(plan, kind, of, **wanted) -> list[float]:
    """Values by replicate, pairs averaged, found by looking at every target."""
    found: dict[int, list[float]] = {}
    for one in plan.targets:
        if one.kind == kind and all(getattr(one, key) == value for key, value in wanted.items()):
            found.setdefault(one.replicate, []).append(of(one))
    assert len(found) == 3
    return [fmean(values) for values in found.values()]


def by(plan, kind, of, network, **place) -> tuple[float, float]:
    """The ratio to imp, and its spread."""
    own, base = (over(plan, kind, of, network=name, **place) for name in (network, "imp"))
    a, b, s_a, s_b = fmean(own), fmean(base), stdev(own), stdev(base)
    # Replicates of one study share their initial weights: with their covariance.
    return a / b, abs(a / b) * sqrt((s_a / a) ** 2 + (s_b / b) ** 2 - 2 * covariance(own, base) / (a * b))


def markers(drawing) -> dict[str, object]:
    """By what they are of, the markers of a case's network from level to level."""
    axes = drawing.figure.axes[0]
    return {one.get_label(): one for one in axes.collections if not one.get_label().startswith(("_", "imp"))}


def points(drawing) -> dict[str, list[tuple[float, float]]]:
    return {label: [tuple(map(float, place)) for place in one.get_offsets()] for label, one in markers(drawing).items()}


def sizes(drawing) -> dict[str, list[float]]:
    return {label: list(one.get_sizes()) for label, one in markers(drawing).items()}


def accuracy(target) -> float:
    return 1 - error(target)


def test_all_cases_in_one_figure(plan, store):
    drawing = draw_across(plan, store, overview={"baseline": "imp"})["overview"]
    shown = points(drawing)
    assert list(shown) == ["ten, syn", "ten, random", "one, syn", "one, random"]
    for label, places in shown.items():
        case, network = label.split(", ")
        expected = [
            (
                by(plan, "stability", rise, network, case=case, level=level)[0],
                by(plan, "accuracy", accuracy, network, case=case, level=level)[0],
            )
            for level in (1, 3)
        ]
        assert [one for place in places for one in place] == pytest.approx([one for pair in expected for one in pair])
    assert drawing.notes == ()
    assert "matched by their number" in drawing.caption
    assert draw(plan, store, case="ten", overview={"baseline": "imp"}) == {}, "it stands once, before the cases"
    (axes,) = drawing.figure.axes
    assert axes.get_xlabel() == "loss barrier at the midpoint (train), ratio to imp"
    assert axes.get_ylabel() == "test accuracy, ratio to imp"
    (baseline,) = [one for one in axes.collections if one.get_label() == "imp"]
    assert baseline.get_offsets().tolist() == [[1, 1]], "one marker for it, as in the papers"
    assert "imp" in [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    ones = [line for line in axes.lines if line.get_label().startswith("_child")]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in ones] == [([0, 1], [1, 1]), ([1, 1], [0, 1])]


def test_error_bars_are_propagated(plan, store):
    wish = {"baseline": "imp", "networks": ["syn"], "levels": [3]}
    drawing = draw_across(plan, store, overview=wish)["overview"]
    bars = [one for one in drawing.figure.axes[0].collections if hasattr(one, "get_segments")]
    halves = [abs(end - start).max() / 2 for one in bars for start, end in one.get_segments()]
    expected = [
        by(plan, kind, of, "syn", case=case, level=3)[1]
        for case in ("ten", "one")
        for kind, of in (("stability", rise), ("accuracy", accuracy))
    ]
    assert halves == pytest.approx(expected)


def test_a_ratio_by_random_draws():
    """First-order propagation against what happens to ratios of draws."""
    import numpy as np

    generator = np.random.default_rng(0)
    a, b = generator.normal(0.3, 0.01, 100_000), generator.normal(1.5, 0.03, 100_000)
    found = ratio(Cell(0.3, 0.01, 3, ()), Cell(1.5, 0.03, 4, ()))
    assert (found.value, found.std) == pytest.approx((fmean(a / b), np.std(a / b)), rel=0.01)
    assert (found.n, found.unstable) == (3, False)
    assert ratio(Cell(0.0, 0.1, 3, ()), Cell(-2.0, 0.1, 3, ())).std == pytest.approx(0.05)
    assert ratio(Cell(0.1, None, 1, ()), Cell(0.2, None, 1, ())).std == 0
    assert ratio(Cell(0.1, 0.1, 3, ()), Cell(-0.1, 0.1, 3, ())).unstable
    assert ratio(Cell(0.1, 0.1, 3, ()), Cell(0.0, 0.1, 3, ())) is None


def test_an_unstable_ratio_is_hollow_and_said(plan):
    def small(target):
        near = target.network == "imp" and target.level == 3 and target.case == "one"
        return 0.01 - 0.02 * target.replicate if near else rise(target)

    drawing = draw_across(plan, results(plan, barrier=small), overview={"baseline": "imp", "networks": ["syn"]})[
        "overview"
    ]
    assert len(drawing.notes) == 1
    assert drawing.notes[0].startswith("one, syn at level 3: the ratio is unstable when the imp barrier is small")
    faces = {
        label: [tuple(face) == (1, 1, 1, 1) for face in one.get_facecolors()] for label, one in markers(drawing).items()
    }
    assert faces == {"ten, syn": [False, False], "one, syn": [False, True]}
    bars = [one for one in drawing.figure.axes[0].collections if hasattr(one, "get_segments")]
    lengths = [[abs(end - start).max() for start, end in one.get_segments()] for one in bars]
    assert lengths[2][0] > 0 and lengths[2][1] == 0, "and its spread means nothing"


def test_markers_grow_with_compression(plan, store):
    wish = {"baseline": "imp", "networks": ["syn"]}
    drawing = draw_across(plan, store, overview=wish | {"size": "sparsity"})["overview"]
    first, last = sizes(drawing)["ten, syn"]
    assert first < last and sizes(drawing)["one, syn"] == pytest.approx([first, last], rel=0.01)
    densities = [one.density for one in plan.levels["ten", "syn"]]
    texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert texts[:3] == ["ten", "one", "imp"]
    assert texts[3].startswith(f"{1 / densities[1]:.3g}×") and f"{100 * (1 - densities[3]):.0f} % sparse" in texts[4]
    data = draw_across(plan, store, overview=wish | {"size": "compression"})["overview"]
    ten, one = sizes(data)["ten, syn"], sizes(data)["one, syn"]
    assert ten[0] == ten[1] < one[0] == one[1]
    texts = [text.get_text() for text in data.figure.legends[0].get_texts()]
    assert texts[3:] == [f"{1437 / 100:.3g}× less data", f"{1437 / 10:.3g}× less data"], "digits has 1,437 images"
    assert {text.get_text() for text in data.figure.axes[0].texts} == {
        f"{100 * (1 - density):.0f} %" for density in (densities[1], densities[3])
    }


def test_axes_can_be_exchanged(plan, store):
    usual = points(draw_across(plan, store, overview={"baseline": "imp"})["overview"])
    for wish in ({"x": "accuracy-ratio"}, {"y": "barrier-ratio"}, {"x": "accuracy-ratio", "y": "barrier-ratio"}):
        other = points(draw_across(plan, store, overview={"baseline": "imp"} | wish)["overview"])
        assert other == {label: [place[::-1] for place in places] for label, places in usual.items()}


def test_test_images_where_training_images_were_not_looked_at(plan):
    drawing = draw_across(plan, results(plan, ("test",)), overview={"baseline": "imp"})["overview"]
    assert drawing.figure.axes[0].get_xlabel() == "loss barrier at the midpoint (test), ratio to imp"


def test_one_case_has_a_colour_for_each_network():
    plan = plan_of(TEXT)
    drawing = draw(plan, results(plan), overview={"baseline": "imp", "levels": ["last"]})["overview"]
    assert {label: len(places) for label, places in points(drawing).items()} == {"syn": 1, "random": 1}
    texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert texts[:3] == ["syn", "random", "imp"]
    colours = {tuple(one.get_edgecolors()[0]) for one in markers(drawing).values()}
    assert len(colours) == 2


def test_copies_part_at_the_same_k():
    plan = plan_of(TEXT.replace("copies = 3", 'copies = 3, at = [0, "20it"]'))
    store = results(plan)
    for wish, at in (({}, 0), ({"at": "20it"}, 20)):
        drawing = draw(plan, store, overview={"baseline": "imp", "networks": ["syn"], "levels": [1]} | wish)["overview"]
        ((x, _),) = points(drawing)["syn"]
        assert x == pytest.approx(by(plan, "stability", rise, "syn", level=1, at_updates=at)[0])
        assert drawing.notes == (() if wish else ("k = 0 of 0, 20it; say which with `at`",))


def test_what_is_missing_is_said(plan):
    store = results(plan)
    for target in plan.targets:
        if (target.case, target.network, target.level, target.kind) == ("ten", "syn", 3, "accuracy"):
            store.found.pop(target.task, None)
    drawing = draw_across(plan, store, overview={"baseline": "imp", "networks": ["syn"]})["overview"]
    assert drawing.notes == ("ten, syn at level 3: imp or it has no accuracy or no barrier there",)
    assert [len(places) for places in points(drawing).values()] == [1, 2]
    empty = draw_across(plan, Recorded(), overview={"baseline": "imp"})["overview"]
    assert (empty.figure, empty.notes) == (None, ("no barrier is in the store yet",))


def test_each_ratio_is_of_its_own_measure_and_has_the_tasks_of_both_sides(plan, store):
    drawing = draw_across(plan, store, overview={"baseline": "imp", "networks": ["syn"], "levels": [3]})["overview"]
    records = list(numbers(marks_of(drawing.figure)))
    assert [(record["case"], record["measure"]) for record in records] == [
        (case, measure) for case in ("ten", "one") for measure in ("accuracy", "stability")
    ]
    for record in records:
        assert record["y"].split()[0] == {"accuracy": "test", "stability": "loss"}[record["measure"]]
        tasks = [
            target.task
            for target in plan.targets
            if (target.case, target.level, target.measure) == (record["case"], 3, record["measure"])
            and target.network in ("imp", "syn")
        ]
        assert sorted(record["tasks"].split()) == sorted(set(tasks))
    assert (
        drawing.alt.count("Test accuracy, ratio to imp: ") == drawing.alt.count("ratio to imp: ten, syn is ") / 2 == 1
    )


def test_of_missing_replicates_it_is_known_how_many_were_asked_for(plan):
    store = results(plan)
    for target in plan.targets:
        place = target.case, target.network, target.level, target.kind, target.replicate
        if place == ("ten", "syn", 3, "accuracy", 0):
            store.found.pop(target.task, None)
    drawing = draw_across(plan, store, overview={"baseline": "imp", "networks": ["syn"], "levels": [3]})["overview"]
    counts = [(record["n"], record["asked"]) for record in numbers(marks_of(drawing.figure))]
    assert counts == [(2, 3), (3, 3), (3, 3), (3, 3)]


def test_it_can_be_written(plan, store):
    drawing = draw_across(plan, store, overview={"baseline": "imp"})["overview"]
    assert set(files(drawing)) == {"svg", "png"}
    drawing.figure.draw_without_rendering()
    assert drawing.figure.axes[0].get_tightbbox().x1 <= drawing.figure.legends[0].get_window_extent().x0


def test_a_network_of_which_nothing_is_left_has_a_size_too(plan):
    store = results(plan)
    empty = {one.mask for one in plan.targets if (one.case, one.network, one.level) == ("ten", "random", 3)}
    for mask in empty:
        store.found[mask].scalars["density"] = 0.0
    drawing = draw_across(plan, store, overview={"baseline": "imp", "size": "sparsity"})["overview"]
    kept = 1 / 0.8**3
    found = sizes(drawing)
    assert max(found["ten, random"]) > max(found["one, random"]) == pytest.approx(max(found["ten, syn"]))
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert "no weight left" in labels and f"{kept:.3g}× (49 % sparse)" not in labels
    assert set(files(drawing)) == {"svg", "png"}
