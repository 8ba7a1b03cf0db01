"""Every registered model: what its groups are, and that permuting them keeps what it computes."""

from typing import get_args

import pytest
import torch
from cards_for_tests import example
from permuted_for_tests import drawn, permuted

from lmcspec.catalog import built_in
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.inception import InceptionV3
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.catalog.models.vgg import CifarVgg
from lmcspec.science.dropout import silence
from lmcspec.science.models import construct, convnet, inception, mlp, resnet, vgg
from lmcspec.science.permute.selfcheck import randomised
from lmcspec.science.permute.tracing import groups_of, trace

SHAPES = {
    "imagenet-resnet": (3, 64, 64),
    "inception-v3": (3, 96, 96),
    "mlp": (1, 8, 8),
    "convnet": (1, 8, 8),
    "alexnet": (3, 8, 8),
}
FULL = (3, 32, 32)


def models():
    """Each registered model at a small size, with each of its norms."""
    for name, card in built_in("model").items():
        field = card.config.model_fields.get("norm")
        for norm in get_args(field.annotation) if field else (None,):
            marks = [pytest.mark.slow] if name in ("inception-v3", "imagenet-resnet", "alexnet") else []
            yield pytest.param(card, norm, id=f"{name}-{norm or 'plain'}", marks=marks)


MODELS = list(models())


def made(card, norm):
    config = example(card, **({"norm": norm} if norm else {}))
    shape = SHAPES.get(card.name, FULL)
    return construct(card.load(), config, shape, 7), shape


def outputs(module, state, images):
    with torch.no_grad():
        result = torch.func.functional_call(module, state, (images,))
    return torch.cat([part.flatten() for part in (result if isinstance(result, tuple) else (result,))])


def largest_difference(module, groups, images, *, training, dtype):
    """Between a network of random weights and its permuted twin, as a share of the largest output."""
    module = module.to(dtype).train(training)
    silence(module)  # whose noise would differ
    generator = torch.Generator().manual_seed(3)
    state = randomised(module, generator)
    twin = permuted(groups, drawn(groups), state)
    images = images.to(dtype)
    before, after = (outputs(module, {name: t.clone() for name, t in s.items()}, images) for s in (state, twin))
    assert torch.isfinite(before).all() and before.std() > 0
    return float((after - before).abs().max() / before.abs().max())


def check_form(groups, module):
    """Blocks cover every axis of every tensor, and groups have more than one unit."""
    state = module.state_dict()
    assert list(groups.axes) == list(state)
    for name, axes in groups.axes.items():
        assert tuple(sum(block.length for block in blocks) for blocks in axes) == state[name].shape
        assert all(block.size == groups.sizes[block.group] for blocks in axes for block in blocks if block.group)
    assert groups.counted == tuple(name for name, _ in module.named_parameters())
    assert groups.sizes and min(groups.sizes.values()) > 1


@pytest.mark.parametrize(("card", "norm"), MODELS)
def test_permuting_every_group_keeps_the_function(card, norm):
    module, shape = made(card, norm)
    groups = groups_of(module, shape)
    check_form(groups, module)
    images = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    assert largest_difference(module, groups, images, training=True, dtype=torch.float64) < 1e-10
    assert largest_difference(module, groups, images, training=False, dtype=torch.float64) < 1e-10
    assert largest_difference(module, groups, images, training=False, dtype=torch.float32) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "count"), [(18, 12), (34, 20), (50, 37), (101, 71), (152, 105)])
def test_every_depth_of_an_imagenet_resnet(depth, count):
    """A group for each stream, one more for the stem where the first stage widens it, and those within blocks."""
    card = built_in("model")["imagenet-resnet"]
    module = construct(card.load(), card.config(depth=depth), SHAPES["imagenet-resnet"], 7)
    groups = trace(module, SHAPES["imagenet-resnet"]).groups
    assert len(groups.sizes) == count
    images = torch.randn(2, *SHAPES["imagenet-resnet"], generator=torch.Generator().manual_seed(1))
    assert largest_difference(module, groups, images, training=False, dtype=torch.float64) < 1e-10
    assert largest_difference(module, groups, images, training=False, dtype=torch.float32) < 1e-5


def places(groups, names=None):
    """The partition of (tensor, axis) by group."""
    parts = {}
    for name in groups.counted if names is None else names:
        for axis, blocks in enumerate(groups.axes[name]):
            for block in blocks:
                if block.group:
                    parts.setdefault(block.group, set()).add((name, axis))
    return set(map(frozenset, parts.values()))


def by_hand(*parts):
    return {frozenset((name, axis) for name, axis in part) for part in parts}


def layer(name, *, norm=True, bias=False):
    """The tensors of a convolution with a norm whose units are its output's."""
    norms = [(f"{name}.norm.{leaf}", 0) for leaf in ("weight", "bias")] if norm else []
    return [(f"{name}.conv.weight", 0), *([(f"{name}.conv.bias", 0)] if bias else []), *norms]


def test_an_mlp_has_a_group_for_each_hidden_layer():
    module = construct(mlp.build, Mlp(widths=(20, 15, 11)), (1, 8, 8), 10)
    groups = trace(module, (1, 8, 8)).groups
    after = {0: "layers.1", 1: "layers.2", 2: "classifier"}
    assert places(groups) == by_hand(
        *([(f"layers.{k}.weight", 0), (f"layers.{k}.bias", 0), (f"{after[k]}.weight", 1)] for k in range(3))
    )
    assert dict(groups.sizes) == {"layers.0": 20, "layers.1": 15, "layers.2": 11}


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_vgg_16_has_13_groups(norm):
    module = construct(vgg.build, CifarVgg(depth=16, width=4, norm=norm), FULL, 10)
    groups = trace(module, FULL).groups
    after = [*(f"blocks.{k}.conv.weight" for k in range(1, 13)), "classifier.weight"]
    assert places(groups) == by_hand(*([*layer(f"blocks.{k}", bias=True), (after[k], 1)] for k in range(13)))
    assert len(groups.sizes) == 13


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_resnet_20_has_3_streams_and_9_groups_within_blocks(norm):
    module = construct(resnet.build, CifarResNet(depth=20, width=4, norm=norm), (3, 8, 8), 10)
    groups = trace(module, (3, 8, 8)).groups
    streams = [layer("stem"), layer("blocks.3.shortcut"), layer("blocks.6.shortcut")]
    inner = []
    for block in range(9):
        streams[block // 3] += layer(f"blocks.{block}.second")
        inner.append([*layer(f"blocks.{block}.first"), (f"blocks.{block}.second.conv.weight", 1)])
        before = max(block - 1, 0) // 3
        streams[before].append((f"blocks.{block}.first.conv.weight", 1))
        if block in (3, 6):
            streams[before].append((f"blocks.{block}.shortcut.conv.weight", 1))
    streams[2].append(("classifier.weight", 1))
    assert places(groups) == by_hand(*streams, *inner)
    assert [len(set(part)) for part in streams] == [17, 16, 15] and {len(part) for part in inner} == {4}
    assert sorted(map(len, places(groups))) == [4] * 9 + [15, 16, 17]


def test_groups_are_named_after_their_first_tensor_and_go_from_input_to_output():
    module = construct(resnet.build, CifarResNet(depth=8, width=4), (3, 8, 8), 10)
    groups = trace(module, (3, 8, 8)).groups
    assert list(groups.sizes) == [
        *("stem.conv", "blocks.0.first.conv", "blocks.1.first.conv", "blocks.1.second.conv", "blocks.2.first.conv"),
        "blocks.2.second.conv",
    ]


def test_running_statistics_move_with_their_channels_and_are_not_counted():
    module = construct(resnet.build, CifarResNet(depth=8, width=4), (3, 8, 8), 10)
    groups = trace(module, (3, 8, 8)).groups
    for leaf in ("running_mean", "running_var"):
        assert groups.axes[f"stem.norm.{leaf}"] == groups.axes["stem.norm.weight"]
        assert f"stem.norm.{leaf}" not in groups.counted
    assert groups.axes["stem.norm.num_batches_tracked"] == ()


def test_features_that_are_flattened_move_in_blocks_of_pixels():
    module = construct(convnet.build, ConvNet(depth=2, width=4), (1, 8, 8), 10)
    (block,) = trace(module, (1, 8, 8)).groups.axes["classifier.weight"][1]
    assert (block.group, block.size, block.inner) == ("blocks.1.conv", 4, 4)


def test_what_enters_and_leaves_stays_and_says_so():
    module = construct(mlp.build, Mlp(widths=(5,)), (1, 8, 8), 10)
    reasons = {entry.place: entry.reason for entry in trace(module, (1, 8, 8)).groups.pinned}
    assert reasons == {
        "layers.0.weight axis 1": "pixels stay in order",
        "classifier.weight axis 0": "the network's output stays in order",
        "classifier.bias axis 0": "the network's output stays in order",
    }


@pytest.mark.slow
def test_the_auxiliary_classifier_of_inception_moves_with_what_it_looks_at():
    module = construct(inception.build, InceptionV3(auxiliary=True, dropout=0), (3, 299, 299), 10)
    groups = groups_of(module, (3, 299, 299))
    aux = {block.group for block in groups.axes["AuxLogits.conv0.conv.weight"][1]}
    assert None not in aux
    assert aux <= {block.group for block in groups.axes["Mixed_7a.branch3x3_1.conv.weight"][1]}
    images = torch.randn(2, 3, 299, 299, generator=torch.Generator().manual_seed(1))
    assert largest_difference(module, groups, images, training=True, dtype=torch.float64) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"),
    [("densenet121", 120), ("shufflenet_v2_x0_5", 30), ("mobilenet_v2", 25), ("resnext50_32x4d", 21), ("swin_t", 28)],
)
def test_networks_of_torchvision_are_understood(name, count):
    """Joints of many features, shuffled channels, depthwise and grouped convolutions, windows of attention."""
    from torchvision import models

    with torch.random.fork_rng():
        module = models.get_model(name, num_classes=10)
    groups = groups_of(module, (3, 64, 64))
    assert len(groups.sizes) == count
    assert not [entry for entry in groups.pinned if " axis " not in entry.place], "no operation without a rule"


def test_tracing_leaves_the_module_as_it_was():
    module = construct(resnet.build, CifarResNet(depth=8, width=4), (3, 8, 8), 10).train()
    module.stem.eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    generator = torch.get_rng_state()
    groups_of(module, (3, 8, 8))
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert module.training and not module.stem.training and module.blocks.training
    assert torch.equal(torch.get_rng_state(), generator)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


@pytest.mark.parametrize(("card", "norm"), MODELS)
def test_tensors_of_every_model_are_used_in_the_order_of_its_state(card, norm):
    module, shape = made(card, norm)
    assert trace(module, shape).order == tuple(module.state_dict())
