"""Curves in a line of text, against the points that were written."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from results_for_tests import metric

from lmcspec.base.errors import StoreError
from lmcspec.report.sparkline import HEIGHT, MOST_POINTS, WIDTH, sparkline, sparkline_along
from lmcspec.store.layout import spelled


def stored(root: Path, *told: tuple[str, float, int]) -> SimpleNamespace:
    documents = [{"name": name, "value": value, "step": step, "at": 1.0} for name, value, step in told]
    lines = [json.dumps(spelled(document)) for document in documents]
    (root / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return SimpleNamespace(root=root, metrics=root / "metrics.jsonl")


def points(curve) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in curve.points.split()]


def test_the_first_metric_from_left_to_right_and_high_values_on_top(tmp_path):
    told = [("train/loss", 2.0, 10), ("other", 9.0, 10), ("train/loss", 1.0, 20), ("train/loss", 0.0, 30)]
    curve = sparkline(stored(tmp_path, *told))
    assert points(curve) == [(1, 1), (WIDTH / 2, HEIGHT / 2), (WIDTH - 1, HEIGHT - 1)]
    assert curve.words == "train/loss 2.00 to 0.00, updates 10 to 30"


@pytest.mark.parametrize("count", [2, MOST_POINTS, MOST_POINTS + 1, 5 * MOST_POINTS + 3])
def test_of_many_points_some_are_drawn_the_first_and_the_last_among_them(tmp_path, count):
    curve = sparkline(stored(tmp_path, *(("loss", float(step), step) for step in range(count))))
    drawn = points(curve)
    assert len(drawn) <= MOST_POINTS and (len(drawn) == count or count > MOST_POINTS)
    assert (drawn[0], drawn[-1]) == ((1, HEIGHT - 1), (WIDTH - 1, 1))
    assert all(y == pytest.approx(HEIGHT - 1 - (x - 1) * (HEIGHT - 2) / (WIDTH - 2), abs=0.1) for x, y in drawn), (
        "a line stays one"
    )


def test_what_is_no_number_is_left_out_and_what_never_moves_is_in_the_middle(tmp_path):
    told = [("loss", 1.0, 1), ("loss", math.nan, 2), ("loss", math.inf, 3), ("loss", 1.0, 4)]
    assert points(sparkline(stored(tmp_path, *told))) == [(1, HEIGHT / 2), (WIDTH - 1, HEIGHT / 2)]
    huge = sparkline(stored(tmp_path, ("loss", -1.7e308, 1), ("loss", 1.7e308, 2)))
    assert points(huge) == [(1, HEIGHT - 1), (WIDTH - 1, 1)]


def test_a_task_that_told_nothing_has_no_curve(tmp_path):
    assert sparkline(stored(tmp_path)) is None
    assert sparkline(stored(tmp_path, ("loss", 1.0, 1))) is None
    assert sparkline(SimpleNamespace(root=tmp_path, metrics=tmp_path / "none")) is None
    assert sparkline(SimpleNamespace(scalars={})) is None, "made up"


def test_a_damaged_file_has_no_curve(tmp_path):
    class Damaged:
        root = tmp_path

        @property
        def metrics(self):
            raise StoreError("damaged")

    assert sparkline(Damaged()) is None


def along(*errors: float, name: str = "instability/test", **others):
    paths = {"average": {"test_error": list(errors), "test_loss": [10 * error for error in errors]}}
    return sparkline_along({"alphas": [0.0, 0.5, 1.0], "paths": paths, **others}, metric(name, "stability"))


def test_error_along_a_path_is_at_least_ten_points_high():
    high, low = along(0.02, 0.32, 0.04), along(0.02, 0.03, 0.02)
    middle = WIDTH / 2
    assert points(high) == [
        (1, HEIGHT - 1),
        (middle, 1),
        (WIDTH - 1, pytest.approx(HEIGHT - 1 - 18 * 2 / 30, abs=0.05)),
    ]
    assert points(low)[1] == (middle, pytest.approx(HEIGHT - 1 - 18 / 10, abs=0.05)), "a point is a tenth of the height"
    assert high.words == "test error along the path: 2.00 to 4.00 %, at most 32.00"


def test_a_path_whose_ends_are_no_numbers_says_so_and_stays_in_its_place():
    found = {
        "alphas": [0.0, 0.25, 0.5, 0.75, 1.0],
        "paths": {"average": {"test_error": [math.nan, 0.3, 0.4, 0.5, math.inf]}},
    }
    curve = sparkline_along(found, metric("instability/test", "stability"))
    assert [x for x, _ in points(curve)] == pytest.approx([1 + (WIDTH - 2) * alpha for alpha in (0.25, 0.5, 0.75)])
    assert curve.words == "test error along the path: no number at an end, at most 50.00 where there is a number"
    middle = along(0.3, math.nan, 0.5)
    assert middle.words == "test error along the path: 30.00 to 50.00 %, at most 50.00 where there is a number"


def test_a_training_that_ends_without_a_number_says_so(tmp_path):
    told = [("loss", 2.0, 0), ("loss", 1.0, 10), ("loss", math.nan, 20), ("loss", math.nan, 40)]
    curve = sparkline(stored(tmp_path, *told))
    assert curve.words == "loss 2.00 to 1.00, updates 0 to 10, then no number"
    assert [x for x, _ in points(curve)] == pytest.approx([1, 1 + (WIDTH - 2) / 4])


def test_loss_along_a_path_fills_the_height():
    curve = along(0.02, 0.03, 0.02, name="barrier/test-loss")
    assert points(curve) == [(1, HEIGHT - 1), (WIDTH / 2, 1), (WIDTH - 1, HEIGHT - 1)]
    assert curve.words == "test loss along the path: 0.20 to 0.20, at most 0.30"


def test_what_is_of_no_path_has_no_curve():
    assert sparkline_along({"test_error": 0.1}, metric("test/accuracy", "accuracy")) is None
    assert sparkline_along({"test_error": 0.1}, metric("instability/test", "stability")) is None
    assert along(math.nan, 0.1, math.nan) is None
