import copy
import math

import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import curves, masks, paths
from lmcspec.science.criteria.magnitude import scores
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp
from lmcspec.science.paths import Ends, Evaluated, Refill
from lmcspec.science.train import train


def trained(build, config, data, copies=(0, 1), mask_half=False):
    module = construct(build, config, (1, 8, 8), 10)
    start = initial_state(module, "default", ("init", 0))
    mask = None
    if mask_half:
        mask = masks.dense(module)
        mask = masks.prune(scores(start, mask), mask, masks.survivors(mask) // 2)
    ends = []
    for number in copies:
        module.load_state_dict(start)
        recipe = Recipe(length=20, batch=32, optimiser=Sgd(lr=0.1))
        ends.append(train(module, data, recipe, SgdNoise(0, number), mask=mask).state)
    return module, ends, mask


def on(splits):
    """What is evaluated on, of training and test images."""
    train, test = splits
    return Evaluated(test, train)


def curve_of(module, ends, alphas, on, policy="average"):
    """The curve under one policy."""
    return paths.curves(module, ends, alphas, on, (policy,))[policy]


@pytest.fixture(scope="module")
def batch_normed(few):
    return trained(convnet.build, ConvNet(depth=2, width=8, norm="batch"), few[0], mask_half=True)


@pytest.fixture(scope="module")
def plain(few):
    return trained(mlp.build, Mlp(widths=(32, 16)), few[0], mask_half=True)


@pytest.mark.parametrize("which", ["batch_normed", "plain"])
def test_ends_under_average_are_the_trained_networks_themselves(request, few, which):
    module, (a, b), mask = request.getfixturevalue(which)
    curve = curve_of(module, Ends(a, b, mask), curves.alphas(4), on(few))
    for state, place in ((a, 0), (b, -1)):
        module.load_state_dict(state)
        assert curve.train[place] == evaluate(module, few[0])
        assert curve.test[place] == evaluate(module, few[1])
    assert len({value.loss for value in curve.train}) == 5
    assert curve.alphas == curves.alphas(4) and curve.policy == "average"


def test_alpha_zero_is_a_and_turning_the_path_round_mirrors_it(few, plain):
    module, (a, b), mask = plain
    there = curve_of(module, Ends(a, b, mask), (0, 0.25, 1), on(few))
    back = curve_of(module, Ends(b, a, mask), (0, 0.75, 1), on(few))
    assert there.values("train", "loss") == pytest.approx(back.values("train", "loss")[::-1], abs=1e-6)
    assert there.values("train", "loss")[0] != there.values("train", "loss")[-1]
    assert there.distance == back.distance > 0


def naive(module, a, b, mask, alpha, refill=None):
    """A fresh copy of the module, mixed by hand."""
    net = copy.deepcopy(module)
    state = {}
    for name, tensor in a.items():
        one, two = tensor, b[name]
        if mask and name in mask:
            one, two = one * mask[name], two * mask[name]
        state[name] = one if not tensor.is_floating_point() else (1 - alpha) * one + alpha * two
    net.load_state_dict(state)
    if refill is not None:
        collected = {}
        norms = {name: part for name, part in net.named_modules() if isinstance(part, torch.nn.BatchNorm2d)}
        for name, norm in norms.items():
            norm.train()
            norm.momentum = 1.0
            collected[name] = []
        for x in refill:
            net(x)
            for name, norm in norms.items():
                collected[name].append((norm.running_mean.clone(), norm.running_var.clone()))
        for name, norm in norms.items():
            norm.running_mean = torch.stack([mean for mean, _ in collected[name]]).mean(0)
            norm.running_var = torch.stack([var for _, var in collected[name]]).mean(0)
    return net.eval()


def test_both_policies_against_a_fresh_copy_per_point(few, batch_normed):
    module, (a, b), mask = batch_normed
    images = torch.arange(299, -1, -2)
    alphas = curves.alphas(3)
    found = paths.curves(module, Ends(a, b, mask), alphas, on(few), refill=Refill(few[0], images, 40))
    refill = few[0].images[images].split(40)
    for policy, more in (("average", None), ("recompute", refill)):
        for place, alpha in enumerate(alphas):
            expected = evaluate(naive(module, a, b, mask, alpha, more), few[1])
            assert found[policy].test[place].errors == expected.errors
            assert found[policy].values("test", "loss")[place] == pytest.approx(expected.loss, abs=1e-5)
    assert found["average"].values("train", "loss")[0] != found["recompute"].values("train", "loss")[0]
    again = curve_of(module, Ends(a, b, mask), alphas, on(few))
    assert again.train == found["average"].train


def test_statistics_are_taken_on_training_images_that_are_given(batch_normed, few):
    module, (a, b), mask = batch_normed
    with pytest.raises(ValueError, match="taken on training images, and none are given"):
        paths.curves(module, Ends(a, b, mask), (0, 1), Evaluated(few[1]))
    found = paths.curves(module, Ends(a, b, mask), (0, 1), Evaluated(few[1]), refill=Refill(few[0]))
    assert all(not curve.train and len(curve.test) == 2 for curve in found.values())
    assert found["recompute"].test == paths.curves(module, Ends(a, b, mask), (0, 1), on(few))["recompute"].test


def test_without_batch_norm_the_policies_are_one_evaluation(few, plain):
    module, (a, b), mask = plain
    calls = []
    hook = module.register_forward_hook(lambda *given: calls.append(1))
    found = paths.curves(module, Ends(a, b, mask), curves.alphas(3), on(few))
    hook.remove()
    assert len(calls) == 6
    assert found["average"].train == found["recompute"].train and found["recompute"].policy == "recompute"


def test_weights_are_masked_before_mixing_and_buffers_are_not(few, batch_normed):
    module, (a, b), mask = batch_normed
    dirty = {name: tensor + 1 if name in mask else tensor for name, tensor in a.items()}
    clean = masks.apply(mask, dirty)
    one, two = (curve_of(module, Ends(end, b, mask), (0, 0.5, 1), on(few)) for end in (dirty, clean))
    assert one.train == two.train
    assert one.distance == two.distance


def test_integer_buffers_are_the_first_ends(few, batch_normed):
    module, (a, b), mask = batch_normed
    other = {name: tensor if tensor.is_floating_point() else tensor + 100 for name, tensor in b.items()}
    curve_of(module, Ends(a, other, mask), (0, 0.5, 1), on(few))
    assert module.blocks[0].norm.num_batches_tracked == 20


def test_the_ends_are_not_changed_and_no_mode_is(few, batch_normed):
    module, (a, b), mask = batch_normed
    before = {name: tensor.clone() for name, tensor in a.items()}
    momentum = module.blocks[0].norm.momentum
    paths.curves(module, Ends(a, b, mask), (0, 0.5, 1), on(few))
    assert all(torch.equal(a[name], before[name]) for name in a)
    assert module.blocks[0].norm.momentum == momentum


def test_nan_at_one_end_does_not_reach_the_other(few, plain):
    module, (a, b), _ = plain
    lost = {name: torch.full_like(tensor, math.nan) for name, tensor in b.items()}
    curve = curve_of(module, Ends(a, lost, None), (0, 0.5, 1), on(few))
    assert curve.values("train", "error")[0] < 1 and curve.values("train", "error")[1:] == (1.0, 1.0)


def test_distance_is_over_trainable_parameters_only(few, batch_normed):
    module, (a, b), mask = batch_normed
    names = [name for name, _ in module.named_parameters()]
    squares = sum(((a[name].double() - b[name].double()) ** 2).sum().item() for name in names)
    found = curve_of(module, Ends(a, b, mask), (0, 1), on(few)).distance
    assert found == pytest.approx(math.sqrt(squares))
    statistics = sum(((a[n].double() - b[n].double()) ** 2).sum().item() for n in a if "running" in n)
    assert statistics > 0


def test_ends_of_different_models_are_an_error(few, plain):
    module, (a, b), _ = plain
    with pytest.raises((ValueError, KeyError), match=r"classifier\.bias"):
        curve_of(module, Ends(a, {n: t for n, t in b.items() if n != "classifier.bias"}, None), (0, 1), on(few))


def test_equal_ends_give_a_flat_curve(few, plain):
    module, (a, _), mask = plain
    curve = curve_of(module, Ends(a, a, mask), curves.alphas(6), on(few))
    assert curve.distance == 0
    assert max(curve.values("train", "loss")) - min(curve.values("train", "loss")) < 1e-5


@pytest.mark.gpu
@pytest.mark.parametrize("which", ["batch_normed", "plain"])
def test_a_gpu_finds_the_same_curves(cuda, request, few, few_on_gpu, which):
    module, (a, b), mask = request.getfixturevalue(which)
    there, images = copy.deepcopy(module).to(cuda), torch.arange(0, 300, 3)
    expected = paths.curves(module, Ends(a, b, mask), curves.alphas(4), on(few), refill=Refill(few[0], images))
    found = paths.curves(
        there, Ends(a, b, mask), curves.alphas(4), on(few_on_gpu), refill=Refill(few_on_gpu[0], images)
    )
    for policy, curve in expected.items():
        other = found[policy]
        assert (other.alphas, other.distance) == (curve.alphas, curve.distance)
        for split in ("train", "test"):
            for one, two in zip(getattr(curve, split), getattr(other, split), strict=True):
                assert two.images == one.images
                assert abs(two.errors - one.errors) <= 2
                assert two.loss == pytest.approx(one.loss, rel=1e-4)
    for state, place in ((a, 0), (b, -1)):
        there.load_state_dict(state)
        assert found["average"].test[place] == evaluate(there, few_on_gpu[1])
    assert (
        paths.curves(there, Ends(a, b, mask), curves.alphas(4), on(few_on_gpu), refill=Refill(few_on_gpu[0], images))
        == found
    )
