"""The number that a run says of a task, against the same number read off the result by hand."""

import math
import re

import pytest
from specs_for_tests import STABILITY

import lmcspec
from lmcspec.engine.said import number
from lmcspec.store import Store
from lmcspec.tasks import kinds


def test_real_results_say_what_is_in_them(tmp_path):
    spec = tmp_path / "study.toml"
    spec.write_text(STABILITY)
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    plan.run(runner="inline", track=False, progress=False)
    store = Store.open(tmp_path / "store")
    said = {}
    for task in plan.graph.tasks.values():
        stored = store.find(task.id)
        assert stored is not None
        scalars = stored.scalars
        text = number(task.kind, scalars)
        (value,) = re.findall(r"-?[\d.]+", text)
        said.setdefault(task.kind, []).append(text)
        match task.kind:
            case "train":
                assert float(value) == pytest.approx(100 * (1 - scalars["test_error"]), abs=0.05)
            case "prune":
                assert float(value) == pytest.approx(100 * (1 - scalars["density"]), abs=0.05)
            case "path":
                whole = task.params.points - 1
                curve = zip(scalars["alphas"], scalars["paths"]["average"]["test_error"], strict=True)
                errors = [error for alpha, error in curve if math.isclose(alpha * whole, round(alpha * whole))]
                rise = 100 * (max(errors) - (errors[0] + errors[-1]) / 2)
                assert float(value) == pytest.approx(rise, abs=0.05)
    assert said.keys() == {"train", "prune", "path"}


@pytest.mark.parametrize("scalars", [{}, {"test_error": math.nan}, {"density": None}, {"paths": {}}, {"distance": "x"}])
@pytest.mark.parametrize("name", [*kinds(), "no-such-kind", "no_such_package:KIND", "lmcspec.tasks.train:KIND"])
def test_what_collapsed_or_is_odd_says_nothing(name, scalars):
    assert number(name, scalars) == ""


def test_images_that_the_path_is_asked_for():
    summary = {"instability/train": 0.015, "barrier/train": 0.01}
    assert number("path", {"paths": {"repair": {"summary": summary}}}) == "train error rises by 1.5 points"
    assert number("path", {"paths": {"average": {"summary": summary | {"instability/test": 0.2}}}}) == (
        "test error rises by 20.0 points"
    )
