"""ResNets of four stages: published counts, and the forward pass written out again from its description."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, conv2d, group_norm, max_pool2d

from lmcspec.catalog import get
from lmcspec.science.initial import Initial, initial_state
from lmcspec.science.masks import prunable
from lmcspec.science.models import construct, four_stage_resnet
from lmcspec.science.summary import model_facts


def configured(name, **settings):
    card = get("model", name)
    return card.config.model_validate({"name": card.name, **card.variants.get(name, {}), **settings})


def built(name, shape=(3, 32, 32), classes=10, **settings):
    return construct(four_stage_resnet.build, configured(name, **settings), shape, classes)


@pytest.mark.parametrize(
    ("name", "size", "classes", "parameters", "weights", "convolutions"),
    [
        ("resnet10-narrow", 32, 10, 1_228_970, 1_226_080, 1_223_520),
        ("resnet10-narrow", 32, 100, 1_252_100, 1_249_120, 1_223_520),
        ("resnet18-narrow", 32, 10, 2_797_610, 2_792_800, 2_790_240),
        ("resnet18-narrow", 32, 100, 2_820_740, 2_815_840, 2_790_240),
        ("resnet10", 224, 10, 4_910_922, 4_905_152, 4_900_032),
        ("resnet10", 224, 100, 4_957_092, 4_951_232, 4_900_032),
        ("resnetap10", 224, 10, 4_910_922, 4_905_152, 4_900_032),
        ("resnet18", 224, 10, 11_181_642, 11_172_032, 11_166_912),
        ("resnet18", 224, 100, 11_227_812, 11_218_112, 11_166_912),
        ("dc-resnet18", 32, 10, 11_173_962, 11_164_352, 11_159_232),
        ("dc-resnet18", 32, 100, 11_220_132, 11_210_432, 11_159_232),
    ],
)
def test_counts_are_the_published_ones(name, size, classes, parameters, weights, convolutions):
    with torch.device("meta"):
        facts = model_facts(built(name, (3, size, size), classes), (3, size, size))
    sizes = [torch.Size(shape) for _, shape in facts.prunable]
    assert facts.parameters == parameters
    assert sum(size.numel() for size in sizes) == weights
    assert sum(size.numel() for size in sizes if len(size) == 4) == convolutions


@pytest.mark.parametrize(
    ("size", "stem", "maps"), [(224, "large", 7), (128, "mid", 8), (64, "small", 8), (32, "small", 4)]
)
@pytest.mark.parametrize("name", ["resnet10", "resnetap10"])
def test_stems_follow_the_size_of_the_images(name, size, stem, maps):
    with torch.device("meta"):
        module = built(name, (3, size, size), width=4)
        seen = []
        module.blocks[-1].register_forward_hook(lambda _, __, output: seen.append(output.shape[-2:]))
        assert module(torch.empty(2, 3, size, size)).shape == (2, 10)
    assert seen == [(maps, maps)]
    assert module.stem.conv.kernel_size == ((7, 7) if stem == "large" else (3, 3))


def test_names_are_pinned():
    module = built("resnet10", (1, 8, 8), width=2)
    names = ["stem.conv.weight", *(f"blocks.0.{part}.conv.weight" for part in ("first", "second"))]
    names += [f"blocks.{place}.{part}.conv.weight" for place in (1, 2, 3) for part in ("first", "second", "shortcut")]
    assert prunable(module) == (*names, "classifier.weight")
    assert prunable(built("resnetap10", (1, 8, 8), width=2)) == prunable(module)


def naive(x, state, depth, stem, pooled):
    """With norms of one group per channel: stem, 4 x n blocks, mean over the image, linear layer."""

    def convolution(x, name, stride=1, pool=1):
        weight = state[f"{name}.conv.weight"]
        x = conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        x = avg_pool2d(x, pool)
        return group_norm(x, x.shape[1], state[f"{name}.norm.weight"], state[f"{name}.norm.bias"])

    x = convolution(x, "stem", 2 if stem == "large" and not pooled else 1).clamp(min=0)
    if stem != "small":
        x = avg_pool2d(x, {"mid": 2, "large": 4}[stem]) if pooled else max_pool2d(x, 3, 2, 1)
    n = (depth - 2) // 8
    for place in range(4 * n):
        halves = place in (n, 2 * n, 3 * n)
        out = convolution(x, f"blocks.{place}.first", 1 if pooled or not halves else 2).clamp(min=0)
        out = avg_pool2d(out, 2) if pooled and halves else out
        out = convolution(out, f"blocks.{place}.second")
        short = convolution(x, f"blocks.{place}.shortcut", 1 if pooled else 2, 2 if pooled else 1) if halves else x
        x = (out + short).clamp(min=0)
    return x.mean((2, 3)) @ state["classifier.weight"].T + state["classifier.bias"]


@pytest.mark.parametrize("pooling", ["stride", "average"])
@pytest.mark.parametrize("stem", ["small", "mid", "large"])
@pytest.mark.parametrize("depth", [10, 18])
def test_forward_is_the_naive_one(depth, stem, pooling):
    module = built(
        "four-stage-resnet", (3, 64, 48), 7, depth=depth, stem=stem, pooling=pooling, width=3, norm="instance"
    )
    state = {
        name: tensor.double()
        for name, tensor in initial_state(module, Initial("kaiming-fan-out", "uniform"), ("init", 4)).items()
    }
    draws = torch.Generator().manual_seed(0)
    for name in state:
        if name.endswith("norm.bias"):
            state[name] = torch.rand(state[name].shape, generator=draws, dtype=torch.float64)
    module.double().load_state_dict(state)
    x = torch.randn(2, 3, 64, 48, generator=draws, dtype=torch.float64)
    expected = naive(x, state, depth, stem, pooling == "average")
    assert expected.std() > 1e-3
    torch.testing.assert_close(module(x), expected, rtol=1e-9, atol=1e-9)


def test_images_that_are_too_small_for_a_stem_say_so():
    with pytest.raises(ValueError, match="32x32 pixels; give a smaller stem"):
        built("resnet10", (3, 16, 16), stem="large")


def test_without_a_norm_convolutions_have_a_bias():
    module = built("resnetap10", (3, 8, 8), norm="none", width=2)
    assert all(conv.bias is not None for conv in module.modules() if isinstance(conv, torch.nn.Conv2d))
