import math
import subprocess
import sys
from itertools import pairwise

import pytest

from lmcspec.science import curves


@pytest.mark.parametrize("points", [2, 3, 11, 25, 30])
def test_positions_are_even_hold_the_ends_and_one_half(points):
    own, all_of_them = curves.alphas(points, add_half=False), curves.alphas(points)
    assert len(own) == points and own[0] == 0.0 and own[-1] == 1.0
    assert all(b - a == pytest.approx(1 / (points - 1)) for a, b in pairwise(own))
    assert all_of_them == tuple(sorted({*own, 0.5}))
    assert curves.half_added(points) == (0.5 not in own)
    assert curves.own_points(all_of_them, points) == own


def test_a_path_has_two_ends():
    with pytest.raises(ValueError, match="at least 2"):
        curves.alphas(1)
    with pytest.raises(ValueError, match="3 values for 31"):
        curves.own_points([1, 2, 3], 30)


def test_the_three_verdicts_by_hand():
    positions, values = (0.0, 0.25, 0.5, 0.75, 1.0), (0.10, 0.30, 0.40, 0.50, 0.30)
    assert curves.instability(values) == pytest.approx(0.50 - 0.20)
    assert curves.barrier(values, positions) == pytest.approx(0.50 - (0.25 * 0.10 + 0.75 * 0.30))
    assert curves.midpoint_barrier(values, positions) == pytest.approx(0.40 - 0.20)


def test_a_straight_slope_has_no_barrier_but_half_its_height_of_instability():
    positions = curves.alphas(5)
    values = tuple(0.1 + 0.4 * alpha for alpha in positions)
    assert curves.barrier(values, positions) == pytest.approx(0, abs=1e-15)
    assert curves.instability(values) == pytest.approx(0.2)


def test_a_valley_has_no_barrier_and_a_negative_midpoint():
    assert curves.barrier((1.0, 0.0, 1.0), (0, 0.5, 1)) == 0
    assert curves.midpoint_barrier((1.0, 0.0, 1.0), (0, 0.5, 1)) == -1
    assert curves.instability((1.0, 0.0, 1.0)) == 0


def test_an_added_half_is_for_the_midpoint_barrier_only():
    positions = curves.alphas(4)
    values = (0.0, 0.1, 0.9, 0.1, 0.0)
    assert curves.instability(curves.own_points(values, 4)) == pytest.approx(0.1)
    assert curves.midpoint_barrier(values, positions) == 0.9
    with pytest.raises(ValueError, match="not in tuple"):
        curves.midpoint_barrier(curves.own_points(values, 4), curves.alphas(4, add_half=False))


def test_curves_need_no_torch():
    code = "import sys, lmcspec.science.curves; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("place", range(5))
def test_a_value_that_is_no_number_leaves_no_maximum(place):
    """`max` finds a NaN or overlooks it, by where it stands; a barrier next to one was 0."""
    values = [0.1, 0.4, 0.2, 0.3, 0.1]
    values[place] = math.nan
    assert math.isnan(curves.instability(values))
    assert math.isnan(curves.barrier(values, curves.alphas(5)))


def test_infinite_losses():
    assert curves.instability([0.1, math.inf, 0.1]) == math.inf
    assert curves.barrier([0.1, math.inf, 0.1], (0, 0.5, 1)) == math.inf
    assert math.isnan(curves.barrier([math.inf, 3.0, 0.1], (0, 0.5, 1)))
