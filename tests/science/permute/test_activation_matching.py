import dataclasses

import numpy as np
import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from safetensors.torch import load, save

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science.data.resident import Split
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp, resnet
from lmcspec.science.permute.activation_matching import (
    ActivationMatching,
    chosen,
    looking,
    match_activations,
    seen,
    similarities,
)
from lmcspec.science.permute.algebra import apply, random_permutation
from lmcspec.science.permute.moments import moments
from lmcspec.science.permute.tracing import trace

WAYS = [(kernel, centred) for kernel in ("inner-product", "correlation") for centred in (False, True)]


def alive(state):
    """The network with larger biases, by which no unit is dead: of dead ones nobody can say which is which."""
    hidden = [name for name in state if name.endswith("bias") and name != "classifier.bias"]
    return {name: tensor + 2 if name in hidden else tensor for name, tensor in state.items()}


@pytest.fixture(scope="module")
def networks(few):
    """Two replicates of an MLP with their traced module."""
    module = construct(mlp.build, Mlp(widths=(24, 16)), SHAPE, 10)
    a, b = (alive(trained(module, few[0], replicate)) for replicate in (0, 1))
    return trace(module, SHAPE), a, b


@pytest.fixture(scope="module")
def stream(few):
    """A ResNet with a stream, whose groups are seen at many places."""
    module = construct(resnet.build, CifarResNet(depth=8, width=8, norm="layer"), SHAPE, 10)
    a, b = (alive(trained(module, few[0], replicate, epochs=1)) for replicate in (0, 1))
    return trace(module, SHAPE), a, b


def post(state, images):
    """What the units of an MLP do behind their non-linearity, (units, images) for each layer."""
    x, outputs = images.flatten(1).double(), {}
    for name in ("layers.0", "layers.1"):
        x = (x @ state[f"{name}.weight"].T.double() + state[f"{name}.bias"].double()).relu()
        outputs[name] = x.T
    return outputs


@pytest.mark.parametrize(("kernel", "centred"), WAYS)
def test_similarities_are_those_of_all_images_at_once(networks, few, kernel, centred):
    traced, a, b = networks
    settings = ActivationMatching("post", kernel, centred, batch=37)
    *_, state = looking(traced, a, b, few[0], settings)
    assert state.images == 300
    ours = similarities(state, settings)
    of_a, of_b = (post(end, few[0].images) for end in (a, b))
    for group in ("layers.0", "layers.1"):
        x, y = of_a[group].numpy(), of_b[group].numpy()
        if centred:
            x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
        expected = x @ y.T / 300
        if kernel == "correlation":
            lengths = np.outer(np.sqrt((x**2).mean(1)), np.sqrt((y**2).mean(1)))
            expected = np.divide(expected, lengths, out=np.zeros_like(expected), where=lengths > 0)
        np.testing.assert_allclose(ours[group].numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kernel", "centred"), WAYS)
@pytest.mark.parametrize("where", ["post", "pre", "all"])
def test_a_planted_permutation_is_recovered(networks, few, where, kernel, centred):
    traced, a, _ = networks
    values = [*post(a, few[0].images).values()]
    assert all(value.std(1).gt(0).all() for value in values), "no unit is dead"
    planted = random_permutation(traced.groups, 0, 0)
    b = apply(traced.groups, planted, a)
    p = match_activations(traced, a, b, few[0], ActivationMatching(where, kernel, centred))
    assert same(apply(traced.groups, p, b), a)
    assert same({group: planted[group][p[group]] for group in p}, {g: torch.arange(len(q)) for g, q in planted.items()})
    assert not same(apply(traced.groups, planted, b), a), "it is the inverse that was planted"


@pytest.mark.parametrize("where", ["post", "pre", "stream", "all"])
def test_a_planted_permutation_of_a_stream_is_recovered(stream, few, where):
    traced, a, _ = stream
    b = apply(traced.groups, random_permutation(traced.groups, 0, 1), a)
    images = few[0].subset(torch.arange(60))
    p = match_activations(traced, a, b, images, ActivationMatching(where, "correlation", centred=True))
    assert p.keys() == traced.groups.sizes.keys()
    assert same(apply(traced.groups, p, b), a)


def test_groups_do_not_depend_on_each_other(networks, few):
    traced, a, b = networks
    plain = match_activations(traced, a, b, few[0])
    moved = apply(traced.groups, {"layers.0": random_permutation(traced.groups, 0, 2)["layers.0"]}, b)
    after = match_activations(traced, a, moved, few[0])
    assert torch.equal(after["layers.1"], plain["layers.1"]) and not torch.equal(after["layers.0"], plain["layers.0"])
    assert same(apply(traced.groups, after, moved), apply(traced.groups, plain, b))


def test_which_activations_are_compared(stream, networks):
    """Post-ReLU is the paper's text, before it is what its code takes; a stream is behind its last sum."""
    sites = stream[0].sites
    of_stream, inner = sites["stem.conv"], next(sites[group] for group in sites if group.endswith("first.conv"))
    for where, operations in {"post": ("relu", "relu"), "pre": ("layer_norm",) * 2, "stream": ("add", "relu")}.items():
        for several, operation in zip((of_stream, inner), operations, strict=True):
            (site,) = chosen(several, where)
            assert site.operation == operation
            assert all(later.number <= site.number for later in several if later.operation == operation)
    (post_stream,), (before,) = chosen(of_stream, "post"), chosen(of_stream, "stream")
    assert post_stream.number == before.number + 1, "a residual stream's last non-linearity takes its last sum"
    every = [site.operation for site in chosen(of_stream, "all")]
    assert every == ["conv2d", "layer_norm", "relu", "conv2d", "layer_norm", "add", "relu"], "copies are left out"
    assert len(of_stream) > len(every)
    linear = [site for site in networks[0].sites["layers.0"] if not site.nonlinear]
    assert chosen(linear, "post") == (linear[-1],), "without a non-linearity it is the last site"
    with pytest.raises(ValueError, match="no activations 'before'; there are post, pre, stream and all"):
        chosen(linear, "before")


def test_all_of_a_group_s_activations_are_its_samples(networks, few):
    traced, a, b = networks
    *_, every = looking(traced, a, b, few[0], ActivationMatching("all"))
    group, sites = "layers.1", traced.sites["layers.1"]
    assert len(sites) == 2
    samples = [torch.cat(traced.run(end, few[0].images, sites)).T.double() for end in (a, b)]
    expected = moments(*samples)
    assert every.moments[group].count == expected.count == 600
    torch.testing.assert_close(every.moments[group].products, expected.products, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("where", ["post", "pre"])
def test_dead_and_constant_units_give_zero_and_not_nan(networks, few, where):
    traced, a, b = networks
    for state in (a := dict(a), b := dict(b)):
        state["layers.0.weight"] = state["layers.0.weight"].clone()
        state["layers.0.weight"][3] = 0
        state["layers.0.bias"] = state["layers.0.bias"].clone()
    a["layers.0.bias"][3], b["layers.0.bias"][3] = 3.7, -1.0
    for kernel, centred in WAYS:
        settings = ActivationMatching(where, kernel, centred)
        *_, state = looking(traced, a, b, few[0], settings)
        gain = similarities(state, settings)["layers.0"]
        assert torch.isfinite(gain).all()
        if centred:
            assert not gain[3].any() and not gain[:, 3].any()
        if where == "post":
            assert not gain[:, 3].any(), "a dead unit is like none"
        p = match_activations(traced, a, b, few[0], settings)["layers.0"]
        assert sorted(p.tolist()) == list(range(24))


def test_going_on_is_bitwise_the_uninterrupted_matching(networks, few):
    traced, a, b = networks
    settings = ActivationMatching("all", "correlation", batch=64)
    whole = list(looking(traced, a, b, few[0], settings))
    assert [state.images for state in whole] == [64, 128, 192, 256, 300]
    for stop in (0, 2, 4):
        handed_over = seen(load(save(whole[stop].tensors())))
        rest = list(looking(traced, a, b, few[0], settings, handed_over))
        assert len(rest) == 4 - stop
        end = rest[-1] if rest else handed_over
        assert same(end.tensors(), whole[-1].tensors())
        assert same(match_activations(traced, a, b, few[0], settings, handed_over),
                    match_activations(traced, a, b, few[0], settings))  # fmt: skip


class Shuffling(Split):
    """Images in another order each time that they are read."""

    def batches(self, parts):
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(next(self.seeds)))
        for rows, _ in parts:
            yield self.batch(order[rows])

    seeds = iter(range(100))


def test_both_networks_see_the_same_images_and_no_more_than_a_batch(networks, few, monkeypatch):
    traced, a, _ = networks
    looked = []

    class Watched:
        groups, sites = traced.groups, traced.sites

        def run(self, state, images, sites):
            looked.append(images)
            return traced.run(state, images, sites)

    split = Shuffling(few[0].images, few[0].labels)
    planted = apply(traced.groups, random_permutation(traced.groups, 0, 3), a)
    p = match_activations(Watched(), a, planted, split, ActivationMatching(batch=50))
    assert same(apply(traced.groups, p, planted), a)
    assert len(looked) == 12 and all(len(images) == 50 for images in looked)
    assert all(torch.equal(looked[k], looked[k + 1]) for k in range(0, 12, 2))


def test_progress_is_told_after_each_batch(networks, few):
    traced, a, b = networks
    told = []
    match_activations(traced, a, b, few[0], ActivationMatching(batch=100), after_batch=lambda s: told.append(s.images))
    assert told == [100, 200, 300]


def test_networks_that_diverged_can_not_be_matched(networks, few):
    traced, a, b = networks
    lost = {**b, "layers.0.bias": torch.full_like(b["layers.0.bias"], torch.inf)}
    with pytest.raises(ValueError, match=r"B's activations of group 'layers.0' are not finite"):
        match_activations(traced, a, lost, few[0])
    with pytest.raises(ValueError, match="no images to compare activations on"):
        match_activations(traced, a, b, few[0].subset(torch.arange(0)))


def test_the_networks_and_the_module_stay_as_they_are(stream, few):
    traced, a, b = stream
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in (a, b, traced.module.state_dict())]
    traced.module.train()
    match_activations(traced, a, b, few[0].subset(torch.arange(20)))
    assert traced.module.training
    for state, old in zip((a, b, traced.module.state_dict()), before, strict=True):
        assert same(dict(state), old)


def test_batch_norm_is_seen_in_evaluation_mode(few):
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), SHAPE, 10)
    few = (few[0].subset(torch.arange(100)),)
    a, traced = alive(trained(module, few[0], 0, epochs=1)), trace(module, SHAPE)
    b = apply(traced.groups, random_permutation(traced.groups, 0, 4), a)
    p = [match_activations(traced, a, b, few[0], ActivationMatching(batch=batch)) for batch in (1, 100)]
    assert same(*p) and same(apply(traced.groups, p[0], b), a)
    everywhere = match_activations(traced, a, b, few[0], ActivationMatching("all", "correlation", centred=True))
    assert same(apply(traced.groups, everywhere, b), a)


def test_a_channel_that_is_several_columns_has_them_as_samples(few):
    """Behind a flatten a unit of the group is 36 entries, which move together."""
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 5, 3), torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(5 * 36, 10)
    )
    module.load_state_dict(initial_state(module, "default", ("init", 3)))
    a, traced = dict(module.state_dict()), trace(module, SHAPE)
    (site,) = chosen(traced.sites["0"], "post")
    assert site.operation == "relu" and site.inner == 36
    b = apply(traced.groups, random_permutation(traced.groups, 0, 5), a)
    *_, state = looking(traced, a, b, few[0])
    assert state.moments["0"].count == 300 * 36
    assert same(apply(traced.groups, match_activations(traced, a, b, few[0]), b), a)


def test_the_default_is_the_paper_s():
    assert dataclasses.astuple(ActivationMatching())[:3] == ("post", "inner-product", False)
