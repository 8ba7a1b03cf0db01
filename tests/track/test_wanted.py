"""The points of series runs from made-up results, without any server."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from safetensors.numpy import save_file
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.report import tidy
from lmcspec.report.noise import FILE
from lmcspec.track.wanted import Wanted

WAY = """
[networks]
dense = []
[measures]
stability = { levels = ["dense"], at = [0], through = "2it" }
distance = { levels = ["dense"], at = [0], through = "2it" }
"""


@dataclass
class Made:
    """A path or distance whose numbers tell where on the way it lies."""

    number: float
    outcome: str = "ok"
    record: dict = field(default_factory=lambda: {"committed": 1.0})

    @property
    def scalars(self):
        summary = {"instability/test": self.number}
        sides = {"distance": self.number, "from-start": [1.0, 1.0], "angle": 60.0}
        paths = {policy: {"summary": summary} for policy in ("average", "recompute")[: 1 + hasattr(self, "out")]}
        return {**sides, "alphas": [0, 1], "paths": paths, "images": {"test": 360}}


class MadeUp:
    def __init__(self, plan):
        self.found = {one.task: Made(0.5 if one.through is None else one.through / 100) for one in plan.targets}

    def find(self, identifier):
        return self.found.get(identifier)


def test_what_is_on_the_way_is_no_point_of_a_chart_by_level():
    plan = plan_of(SEVEN_UPDATES + WAY)
    store = MadeUp(plan)
    rows = tidy(plan, store)
    assert {row.through for row in rows} == {None, 2, 4}
    ((_, points),) = Wanted(plan).points(rows, store).items()
    found = [(point.chart.name, point.level, point.value) for point in points]
    assert found == [("lmc/instability k0", 0, 0.5), ("mask/sparsity", 0, 0.0), ("lmc/distance k0", 0, 0.5)]


def test_a_number_of_paths_has_its_noise_floor_beside_it(tmp_path):
    """Of draws 0, 0.001, ..., 0.1 the 95 % quantile is 0.095."""
    plan = plan_of(SEVEN_UPDATES + WAY.replace(', through = "2it"', "").partition("distance")[0])
    draws = np.linspace(0, 0.1, 101)
    save_file({f"{policy}/instability/test": draws for policy in ("average", "recompute")}, tmp_path / FILE)
    store = MadeUp(plan)
    for made in store.found.values():
        made.out, made.has_outputs = tmp_path, True
    # Recomputed statistics make no difference here: neither they nor their floor are charted.
    ((_, points),) = Wanted(plan).points(tidy(plan, store), store).items()
    found = {point.chart.name: (point.level, point.value) for point in points}
    assert list(found) == ["lmc/instability k0", "lmc/instability k0 floor", "mask/sparsity"]
    assert found["lmc/instability k0 floor"] == (0, pytest.approx(0.095))
