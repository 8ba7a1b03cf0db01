"""ResNets for small images: counts, names, and the forward pass written out again from its description."""

import pytest
import torch
from torch.nn.functional import conv2d

from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science.initial import Initial, initial_state
from lmcspec.science.masks import prunable
from lmcspec.science.models import construct, resnet
from lmcspec.science.summary import model_facts


def built(depth, shape=(3, 32, 32), classes=10, **settings):
    return construct(resnet.build, CifarResNet(depth=depth, **settings), shape, classes)


@pytest.mark.parametrize(
    ("depth", "parameters", "weights", "tensors"),
    [
        (20, 272_474, 270_896, 22),
        (32, 466_906, 464_432, 34),
        (56, 855_770, 851_504, 58),
        (110, 1_730_714, 1_722_416, 112),
    ],
)
def test_counts_are_openlths(depth, parameters, weights, tensors):
    facts = model_facts(built(depth), (3, 32, 32))
    assert (facts.parameters, sum(size for _, size in facts.sizes), len(facts.prunable)) == (
        parameters,
        weights,
        tensors,
    )


def test_running_statistics_make_up_the_papers_274k():
    module = built(20)
    statistics = sum(buffer.numel() for buffer in module.buffers() if buffer.is_floating_point())
    assert statistics == 1_568
    assert sum(p.numel() for p in module.parameters()) + statistics == 274_042


@pytest.mark.parametrize("norm", ["batch", "layer", "group"])
def test_norms_do_not_change_the_parameters(norm):
    assert sum(p.numel() for p in built(20, norm=norm).parameters()) == 272_474


def test_without_a_norm_convolutions_have_a_bias():
    """One shift where a norm has scale and shift."""
    scales_and_shifts = 2 * (7 * 16 + 6 * 32 + 6 * 64 + 32 + 64)
    module = built(20, norm="none")
    assert sum(p.numel() for p in module.parameters()) == 272_474 - scales_and_shifts // 2
    assert sum(torch.Size(shape).numel() for _, shape in model_facts(module, (3, 32, 32)).prunable) == 270_896


def test_names_are_pinned():
    module = built(8, shape=(1, 8, 8), width=2)
    names = ["stem.conv.weight"]
    names += [f"blocks.0.{part}.conv.weight" for part in ("first", "second")]
    names += [f"blocks.{place}.{part}.conv.weight" for place in (1, 2) for part in ("first", "second", "shortcut")]
    assert prunable(module) == (*names, "classifier.weight")
    own = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    expected = [
        full for name in names for full in (name, *(f"{name.removesuffix('conv.weight')}norm.{one}" for one in own))
    ]
    assert list(module.state_dict()) == [*expected, "classifier.weight", "classifier.bias"]


def normed(x, state, name, norm, training):
    """The norm of that name after a convolution, in formulas."""
    if norm == "none":
        return x
    if norm == "batch":
        mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
        if not training:
            mean, var = (state[f"{name}.norm.running_{own}"].view(1, -1, 1, 1) for own in ("mean", "var"))
    elif norm == "layer":
        mean, var = x.mean(1, keepdim=True), x.var(1, unbiased=False, keepdim=True)
    else:
        groups = x.view(len(x), min(32, x.shape[1]), -1)
        mean, var = (
            value.repeat_interleave(x.shape[1] // groups.shape[1], 1).view(len(x), -1, 1, 1)
            for value in (groups.mean(2), groups.var(2, unbiased=False))
        )
    x = (x - mean) / (var + 1e-5).sqrt()
    return x * state[f"{name}.norm.weight"].view(1, -1, 1, 1) + state[f"{name}.norm.bias"].view(1, -1, 1, 1)


def naive(x, state, depth, norm, training):
    """Stem, 3 x n blocks with option-B shortcuts, mean over the image, linear layer."""

    def convolution(x, name, stride=1):
        weight = state[f"{name}.conv.weight"]
        return normed(
            conv2d(x, weight, state.get(f"{name}.conv.bias"), stride, padding=weight.shape[-1] // 2),
            state,
            name,
            norm,
            training,
        )

    x = convolution(x, "stem").clamp(min=0)
    n = (depth - 2) // 6
    for place in range(3 * n):
        stride = 2 if place in (n, 2 * n) else 1
        out = convolution(x, f"blocks.{place}.first", stride).clamp(min=0)
        out = convolution(out, f"blocks.{place}.second")
        x = (out + (convolution(x, f"blocks.{place}.shortcut", 2) if stride == 2 else x)).clamp(min=0)
    return torch.einsum("nchw,kc->nk", x, state["classifier.weight"]) / x[0, 0].numel() + state["classifier.bias"]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("norm", ["batch", "layer", "group", "none"])
def test_forward_is_the_naive_one(norm, training):
    module = built(20, (3, 12, 16), 7, width=5, norm=norm).double().train(training)
    state = {
        name: tensor.double() if tensor.is_floating_point() else tensor
        for name, tensor in initial_state(module, Initial("kaiming-normal", "uniform"), ("init", 4)).items()
    }
    draws = torch.Generator().manual_seed(0)
    for name in state:
        if "running" in name or name.endswith("norm.bias"):
            state[name] = torch.rand(state[name].shape, generator=draws, dtype=torch.float64) + 0.1
    module.load_state_dict(state)
    x = torch.randn(6, 3, 12, 16, generator=draws, dtype=torch.float64)
    expected = naive(x, state, 20, norm, training)
    assert expected.std() > 1e-3
    torch.testing.assert_close(module(x), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("norm", ["batch", "layer", "group", "none"])
def test_in_evaluation_an_image_does_not_care_for_its_neighbours(norm):
    module = built(8, (3, 8, 8), width=4, norm=norm).eval()
    x = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(module(x)[:1], module(x[:1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("norm", "apart"), [("batch", True), ("layer", False), ("group", False)])
def test_in_training_only_batch_norm_mixes_images(norm, apart):
    module = built(8, (3, 8, 8), width=4, norm=norm).train()
    x = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        difference = (module(x)[:2] - module(x[:2])).abs().max()
    assert (difference > 1e-3) == apart
    assert apart or difference < 1e-5


def test_depths_are_6n_plus_2():
    with pytest.raises(ValueError, match="depth"):
        CifarResNet.model_validate({"depth": 18})
