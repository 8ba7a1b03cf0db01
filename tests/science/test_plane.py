"""Planes through networks: geometry against numpy, and values at anchors against their own evaluation."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.science import data, masks
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet
from lmcspec.science.plane import as_released, grid, plane_through, values


def states(seed, count=4, size=7):
    draws = np.random.default_rng(seed)
    return [
        {"a": torch.tensor(draws.normal(size=size)), "b": torch.tensor(draws.normal(size=(2, 3)))} for _ in range(count)
    ]


def flat(state):
    return np.concatenate([state["a"].numpy(), state["b"].numpy().ravel()])


@given(st.integers(0, 10_000))
def test_distances_in_the_plane_are_those_of_parameters(seed):
    anchors = states(seed)
    plane = plane_through(anchors[:3], ("a", "b"))
    for one in range(3):
        for other in range(3):
            apart = np.hypot(*(np.array(plane.anchors[one]) - plane.anchors[other]))
            assert apart == pytest.approx(np.linalg.norm(flat(anchors[one]) - flat(anchors[other])), abs=1e-9)
    for state, place in zip(anchors, plane.anchors, strict=False):
        seen = plane.project(state)
        assert (seen.x, seen.y) == pytest.approx(place, abs=1e-9)
        assert seen.residual < 1e-9


@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(-3, 3))
def test_points_are_where_their_weights_put_them(seed, x, y):
    anchors = states(seed)[:3]
    plane = plane_through(anchors, ("a", "b"))
    weights = plane.weights(x, y)
    assert sum(weights) == pytest.approx(1)
    made = {name: sum(w * anchor[name] for w, anchor in zip(weights, anchors, strict=True)) for name in ("a", "b")}
    seen = plane.project(made)
    assert (seen.x, seen.y) == pytest.approx((x, y), abs=1e-7)
    assert seen.residual < 1e-7


@given(st.integers(0, 10_000))
def test_the_residual_is_that_of_least_squares(seed):
    anchors = states(seed)
    seen = plane_through(anchors[:3], ("a", "b")).project(anchors[3])
    basis = np.stack([flat(anchors[1]) - flat(anchors[0]), flat(anchors[2]) - flat(anchors[0])], 1)
    off = flat(anchors[3]) - flat(anchors[0])
    solution, *_ = np.linalg.lstsq(basis, off, rcond=None)
    assert seen.residual == pytest.approx(np.linalg.norm(off - basis @ solution), rel=1e-7)


def test_anchors_on_a_line_or_twice_the_same_are_refused():
    one, other, *_ = states(0)
    between = {name: (one[name] + other[name]) / 2 for name in one}
    with pytest.raises(ValueError, match="one line"):
        plane_through([one, other, between], ("a", "b"))
    with pytest.raises(ValueError, match="same state"):
        plane_through([one, one, other], ("a", "b"))


def test_the_released_plane_holds_its_four_only_where_midpoints_agree():
    a, b, c, d = states(1)
    at_a, at_c = (
        sum(w * flat(s) for w, s in zip(as_released(*place), (a, b, c, d), strict=True)) for place in ((1, 0), (0, -1))
    )
    np.testing.assert_allclose(at_a, flat(a))
    assert not np.allclose(at_c, flat(c)), "its slices beside the first pair are parallel to others"
    shift = (flat(a) + flat(b)) / 2 - (flat(c) + flat(d)) / 2
    np.testing.assert_allclose(at_c, flat(c) + shift)


@given(st.integers(2, 30), st.floats(0, 1))
def test_grids_are_square_and_hold_every_point(count, margin):
    points = [(0.0, 0.0), (4.0, 0.0), (1.0, 7.0), (-1.0, 2.0)]
    xs, ys = grid(points, count, margin)
    assert len(xs) == len(ys) == count
    assert xs[-1] - xs[0] == pytest.approx(ys[-1] - ys[0]) == pytest.approx(7 * (1 + 2 * margin))
    assert all(xs[0] <= x + 1e-9 and x <= xs[-1] + 1e-9 and ys[0] <= y + 1e-9 and y <= ys[-1] + 1e-9 for x, y in points)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", space="standardised")


def trained(norm):
    module = construct(convnet.build, ConvNet(depth=2, width=4, norm=norm), (1, 8, 8), 10)
    found = [initial_state(module, "default", ("init", number)) for number in range(4)]
    for number, state in enumerate(found):
        for name in state:
            if name.endswith("running_var"):
                state[name] = state[name] + number / 4
    return module, found


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("masked", [False, True])
def test_values_at_anchors_are_their_own_evaluation(digits, norm, masked):
    module, anchors = trained(norm)
    mask = None
    if masked:
        draws = torch.Generator().manual_seed(0)
        mask = {name: torch.rand(anchors[0][name].shape, generator=draws) < 0.5 for name in masks.prunable(module)}
    shown = [masks.apply(mask or {}, anchor) for anchor in anchors]
    plane = plane_through(shown[:3], [name for name, _ in module.named_parameters()])
    corners = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    found = list(values(module, anchors[:3], mask, corners, digits.test))
    near = list(values(module, anchors[:3], mask, [plane.weights(*place) for place in plane.anchors], digits.test))
    for state, exact, close in zip(shown, found, near, strict=False):
        module.load_state_dict(state)
        assert exact == evaluate(module, digits.test)
        assert close.loss == pytest.approx(exact.loss, rel=1e-5)


def test_points_between_are_mixtures(digits):
    module, anchors = trained("batch")
    weights = (0.2, 0.5, 0.3)
    (found,) = values(module, anchors[:3], None, [weights], digits.test)
    mixed = dict(anchors[0])
    for name in mixed:
        if mixed[name].is_floating_point():
            mixed[name] = torch.stack([w * anchor[name] for w, anchor in zip(weights, anchors, strict=False)]).sum(0)
    module.load_state_dict(mixed)
    assert found.loss == pytest.approx(evaluate(module, digits.test).loss, rel=1e-5)


def test_statistics_beyond_the_anchors_stay_possible(digits):
    """Variances extrapolated below 0 would make every value NaN."""
    module, anchors = trained("batch")
    (far,) = values(module, anchors[:3], None, [(9.0, -4.0, -4.0)], digits.test)
    assert np.isfinite(far.loss)
    (taken,) = values(
        module, anchors[:3], None, [(9.0, -4.0, -4.0)], digits.test, digits.test.subset(torch.arange(100))
    )
    assert np.isfinite(taken.loss)
    assert taken.loss != far.loss


@pytest.mark.gpu
@pytest.mark.parametrize("policy", ["average", "recompute"])
def test_a_gpu_finds_the_same_landscape(cuda, digits, policy):
    module, anchors = trained("batch")
    there, on_gpu = copy.deepcopy(module).to(cuda), data.load("digits", space="standardised", device=cuda)
    points, images = [(1.0, 0.0, 0.0), (0.2, 0.5, 0.3), (-1.0, 1.5, 0.5)], torch.arange(300)
    refill, refill_there = (part.train.subset(images) if policy == "recompute" else None for part in (digits, on_gpu))
    expected = list(values(module, anchors[:3], None, points, digits.test, refill))
    found = list(values(there, anchors[:3], None, points, on_gpu.test, refill_there))
    for one, two in zip(expected, found, strict=True):
        assert two.images == one.images
        assert abs(two.errors - one.errors) <= 2
        assert two.loss == pytest.approx(one.loss, rel=1e-4)
