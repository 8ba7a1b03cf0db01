"""Matchings, repair and paths on a GPU find what they find on a CPU, in memory that does not grow with the images.

What is compared is computed by the same body on both, so that a machine without a GPU runs all of it but the device.
"""

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained

from lmcspec.base.steps import Step
from lmcspec.catalog.matchers.activations import ActivationMatching as ByActivations
from lmcspec.catalog.matchers.sinkhorn import SinkhornMatching as BySinkhorn
from lmcspec.catalog.matchers.ste import StraightThrough as ByStraightThrough
from lmcspec.catalog.matchers.weights import WeightMatching as ByWeights
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.curves import alphas, barrier
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import InOrder
from lmcspec.science.models import construct, convnet, mlp
from lmcspec.science.paths import Ends, Evaluated, Refill, curves
from lmcspec.science.permute.activation_matching import ActivationMatching, looking, match_activations, similarities
from lmcspec.science.permute.algebra import apply, random_permutation
from lmcspec.science.permute.matchers import by_activations, by_weights
from lmcspec.science.permute.matchers_by_gradient import by_sinkhorn, by_straight_through
from lmcspec.science.permute.midpoint import Midpoint
from lmcspec.science.permute.moments import moments
from lmcspec.science.permute.objective import objective, squared_distance
from lmcspec.science.permute.pair import Pair
from lmcspec.science.permute.repair import merged, mixed
from lmcspec.science.permute.sinkhorn_matching import SinkhornMatching, apart, halfway, match_by_sinkhorn
from lmcspec.science.permute.straight_through import StraightThrough, match_straight_through
from lmcspec.science.permute.tracing import trace
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

MODELS = {
    "mlp": (mlp.build, Mlp(widths=(24, 16))),
    "convnet": (convnet.build, ConvNet(depth=2, width=12, norm="batch")),
}


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """The device of a body; that of a GPU where there is one."""
    return request.param if request.param == "cpu" else request.getfixturevalue("cuda")


@pytest.fixture(scope="module", params=MODELS)
def networks(request, few):
    """Two networks that were trained for a moment on the CPU."""
    build, config = MODELS[request.param]
    module = construct(build, config, SHAPE, 10)
    a, b = (trained(module, few[0], replicate) for replicate in (0, 1))
    return (build, config), a, b


def on(device, networks, few):
    """(traced, a, b, images) on a device."""
    (build, config), a, b = networks
    module = construct(build, config, SHAPE, 10).to(device)
    a, b = ({name: tensor.to(device) for name, tensor in state.items()} for state in (a, b))
    return trace(module, SHAPE), a, b, Split(few[0].images.to(device), few[0].labels.to(device))


def here(state):
    return {name: tensor.cpu() for name, tensor in state.items()}


@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_weight_matching(device, networks, few, kernel):
    """Products are in float64 on both, so that the permutation is the same; states go on from the other's."""
    _, a, b = networks
    traced, there_a, there_b, _ = on(device, networks, few)
    groups = traced.groups
    expected = match_weights(groups, a, b, WeightMatching(kernel, restarts=2))
    found = match_weights(groups, there_a, there_b, WeightMatching(kernel, restarts=2, device=device))
    assert found.objective == pytest.approx(expected.objective, rel=1e-9)
    assert same(found.permutation, expected.permutation)
    assert all(vector.device.type == "cpu" for vector in found.permutation.values())
    moved = apply(groups, found.permutation, there_b)
    assert all(tensor.device.type == device for tensor in moved.values())
    assert objective(groups, found.permutation, there_a, there_b) == pytest.approx(
        objective(groups, expected.permutation, a, b), rel=1e-9
    )
    assert squared_distance(groups, found.permutation, there_a, there_b) == pytest.approx(
        squared_distance(groups, expected.permutation, a, b), rel=1e-9
    )


@pytest.mark.parametrize("kernel", ["inner-product", "correlation"])
def test_activation_matching(device, networks, few, kernel):
    """Up to ties: similarities agree, and those of the assignment found add up to as much."""
    settings = ActivationMatching(kernel=kernel, batch=100)
    (*_, here_last), (*_, there_last) = (
        looking(traced, a, b, images, settings)
        for traced, a, b, images in (on("cpu", networks, few), on(device, networks, few))
    )
    expected, found = similarities(here_last, settings), here(similarities(there_last, settings))
    traced, a, b, images = on(device, networks, few)
    p = match_activations(traced, a, b, images, settings)
    best = match_activations(*on("cpu", networks, few), settings)
    for group, similarity in expected.items():
        torch.testing.assert_close(found[group], similarity, rtol=1e-4, atol=1e-4)
        units = torch.arange(len(similarity))
        assert float(similarity[units, p[group]].sum()) == pytest.approx(
            float(similarity[units, best[group]].sum()), rel=1e-4
        )


def test_a_planted_permutation_comes_back(device, networks, few):
    traced, a, *_ = on(device, networks, few)
    planted = apply(traced.groups, random_permutation(traced.groups, 3), a)
    found = match_weights(traced.groups, a, planted, WeightMatching(device=device)).permutation
    assert same(apply(traced.groups, found, planted), a)


@pytest.mark.parametrize(
    ("method", "config"),
    [
        (by_weights, ByWeights(restarts=2)),
        (by_activations, ByActivations()),
        (by_straight_through, ByStraightThrough(length=Step(updates=4), look=Step(updates=2), batch=100)),
        (by_sinkhorn, BySinkhorn(length=Step(updates=4), batch=100)),
        (by_sinkhorn, BySinkhorn(length=Step(updates=4), loss="l2")),
    ],
)
def test_a_task_goes_on_from_what_lay_in_a_file(device, networks, few, method, config):
    """Its tensors come back on the CPU, wherever they were made."""
    traced, a, b, images = on(device, networks, few)
    pair = Pair(traced.module, traced, here(a), here(b), 0, images)
    *states, last = method(config, pair)
    for state in states[:-1]:
        kept = {name: tensor.cpu().clone() for name, tensor in state.tensors().items()}
        *_, again = method(config, Pair(traced.module, traced, here(a), here(b), 0, images, kept))
        assert same(again.permutation, last.permutation)


def test_straight_through(device, networks, few):
    """It ends no worse than weight matching on its device, from which it began."""
    traced, a, b, images = on(device, networks, few)
    midpoint = Midpoint(traced.module, a)
    settings = StraightThrough(steps=4, batch=100, look=2)
    p = match_straight_through(traced.groups, midpoint, b, images, settings)
    found, begun = (
        midpoint.evaluate(apply(traced.groups, way, b), images).loss
        for way in (p, match_weights(traced.groups, a, b).permutation)
    )
    assert found <= begun * (1 + 1e-5)


@pytest.mark.parametrize("which", ["apart", "halfway"])
def test_sinkhorn(device, networks, few, which):
    """Each loss falls on its device as on the CPU, to single precision."""
    losses = []
    for place in ("cpu", device):
        traced, a, b, images = on(place, networks, few)
        loss = apart(traced.groups, a) if which == "apart" else halfway(Midpoint(traced.module, a), images, 100, 0)
        seen = []
        match_by_sinkhorn(
            traced.groups,
            b,
            loss,
            SinkhornMatching(steps=5),
            after_step=lambda state, seen=seen: seen.append(state.loss),
        )
        losses.append(seen)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_merging_with_repair_or_fresh_statistics(device, networks, few):
    states = []
    for place in ("cpu", device):
        traced, a, b, images = on(place, networks, few)
        states.append(merged(traced.module, traced.groups, a, b, InOrder(images, 100)))
    assert all(tensor.device.type == device for tensor in states[1].values())
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name].cpu(), tensor, rtol=2e-3, atol=2e-4)


def test_barriers(device, networks, few):
    found = []
    for place in ("cpu", device):
        traced, a, b, images = on(place, networks, few)
        by_policy = curves(
            traced.module, Ends(a, b), alphas(5), Evaluated(images), ("average", "recompute"), Refill(images)
        )
        found.append({policy: barrier(line.values("test", "loss"), alphas(5)) for policy, line in by_policy.items()})
    assert found[1] == pytest.approx(found[0], rel=1e-3, abs=1e-4)


def test_networks_on_two_devices_are_matched_mixed_and_compared(device, networks, few):
    """Wherever each of them lies: what is computed goes to the one that the settings, or the first, say."""
    _, a, b = networks
    traced, there, _, images = on(device, networks, few)
    assert same(
        match_weights(traced.groups, there, b, WeightMatching(device=device)).permutation,
        match_weights(traced.groups, a, b).permutation,
    )
    assert all(tensor.device.type == device for tensor in mixed(there, b).values())
    assert match_activations(traced, a, there, images, ActivationMatching(batch=100)).keys() == traced.sites.keys()
    assert objective(traced.groups, {}, there, b) == pytest.approx(objective(traced.groups, {}, a, b), rel=1e-9)


@pytest.mark.gpu
def test_images_on_another_device_than_the_network_are_an_error_that_says_so(cuda, networks, few):
    traced, a, b, _ = on(cuda, networks, few)
    with pytest.raises(RuntimeError, match=r"same device|should be the same"):
        merged(traced.module, traced.groups, a, b, InOrder(few[0]))


@pytest.mark.gpu
@pytest.mark.parametrize("networks", ["convnet"], indirect=True)
def test_memory_is_that_of_a_batch(cuda, networks, few):
    """Eight times the images take no more than a tenth more than once."""
    traced, a, b, images = on(cuda, networks, few)
    many = Split(images.images.repeat(8, 1, 1, 1), images.labels.repeat(8))
    peaks = []
    for split in (images, images, many):  # the first one makes what stays
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        match_activations(traced, a, b, split, ActivationMatching(batch=100))
        peaks.append(torch.cuda.max_memory_allocated() - before)
    assert peaks[2] <= 1.1 * peaks[1]


def test_moments_go_to_a_device():
    at = moments(torch.randn(3, 5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)).to("meta")
    assert at.count == 5
    assert {getattr(at, part).device.type for part in ("mean_a", "mean_b", "squares_a", "squares_b", "products")} == {
        "meta"
    }
