"""Verdicts on numbers that noise alone may make: however many levels, one line of words."""

from results_for_tests import plan_of
from test_noise_floor import STUDY, filled
from test_table import printed

from lmcspec.report import summarise, tidy


def test_levels_within_noise_are_told_together_whatever_each_floor_is(tmp_path):
    plan = plan_of(STUDY)
    store = filled(plan, tmp_path, 0.002)
    cells = summarise(row for row in tidy(plan, store) if row.headline)
    assert len({cell.floor for cell in cells.values()}) > 1
    flat = " ".join(printed(plan, store).split())
    assert flat.count("within the noise of 500 images") == 1
    assert "(n = 3) at levels 0, 2 from k = 0, 3ep, 95 % t-intervals within" in flat
