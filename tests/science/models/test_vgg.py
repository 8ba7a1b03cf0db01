"""VGGs for small images: counts, names, and the forward pass written out again from its description."""

import pytest
import torch
from torch.nn.functional import conv2d

from lmcspec.catalog.models.vgg import CifarVgg
from lmcspec.science.initial import initial_state
from lmcspec.science.masks import prunable
from lmcspec.science.models import construct, vgg
from lmcspec.science.summary import model_facts

CONVOLUTIONS = {
    11: "1 M 2 M 4 4 M 8 8 M 8 8 A",
    13: "1 1 M 2 2 M 4 4 M 8 8 M 8 8 A",
    16: "1 1 M 2 2 M 4 4 4 M 8 8 8 M 8 8 8 A",
    19: "1 1 M 2 2 M 4 4 4 4 M 8 8 8 8 M 8 8 8 8 A",
}
"""Multiples of the width, max pooling, average pooling."""


def built(depth, shape=(3, 32, 32), classes=10, **settings):
    return construct(vgg.build, CifarVgg(depth=depth, **settings), shape, classes)


@pytest.mark.parametrize(
    ("depth", "parameters", "weights", "tensors"),
    [
        (11, 9_231_114, 9_222_848, 9),
        (13, 9_416_010, 9_407_168, 11),
        (16, 14_728_266, 14_715_584, 14),
        (19, 20_040_522, 20_024_000, 17),
    ],
)
def test_counts_are_openlths(depth, parameters, weights, tensors):
    with torch.device("meta"):
        facts = model_facts(built(depth), (3, 32, 32))
    assert (facts.parameters, sum(size for _, size in facts.sizes), len(facts.prunable)) == (
        parameters,
        weights,
        tensors,
    )


def test_the_last_layer_holds_5120_weights():
    with torch.device("meta"):
        assert built(16).classifier.weight.numel() == 5_120


def test_names_are_pinned():
    module = built(11, width=1)
    names = [f"blocks.{place}.conv" for place in range(8)]
    assert prunable(module) == (*(f"{name}.weight" for name in names), "classifier.weight")
    own = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = [
        full
        for place in range(8)
        for full in (
            *(f"blocks.{place}.conv.{one}" for one in own[:2]),
            *(f"blocks.{place}.norm.{one}" for one in own),
        )
    ]
    assert list(module.state_dict()) == [*expected, "classifier.weight", "classifier.bias"]


def naive(x, state, depth, norm):
    """In evaluation mode."""
    place = 0
    for word in CONVOLUTIONS[depth].split():
        n, c, h, w = x.shape
        if word in "MA":
            windows = x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
            x = windows.amax((3, 5)) if word == "M" else windows.mean((3, 5))
            continue
        name = f"blocks.{place}"
        x = conv2d(x, state[f"{name}.conv.weight"], padding=1) + state[f"{name}.conv.bias"].view(1, -1, 1, 1)
        if norm != "none":
            if norm == "batch":
                mean, var = (state[f"{name}.norm.running_{own}"].view(1, -1, 1, 1) for own in ("mean", "var"))
            else:
                mean, var = x.mean(1, keepdim=True), x.var(1, unbiased=False, keepdim=True)
            x = (x - mean) / (var + 1e-5).sqrt()
            x = x * state[f"{name}.norm.weight"].view(1, -1, 1, 1) + state[f"{name}.norm.bias"].view(1, -1, 1, 1)
        x = x.clamp(min=0)
        place += 1
    return x.reshape(len(x), -1) @ state["classifier.weight"].T + state["classifier.bias"]


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_forward_is_the_naive_one(norm, depth):
    module = built(depth, (3, 32, 70), 7, width=3, norm=norm).double().eval()
    draws = torch.Generator().manual_seed(0)
    state = {}
    for name, tensor in initial_state(module, "kaiming-normal", ("init", 4)).items():
        state[name] = tensor.double() if tensor.is_floating_point() else tensor
        if "running" in name or (".norm." in name and "num" not in name):
            state[name] = torch.rand(tensor.shape, generator=draws, dtype=torch.float64) + 0.1
    module.load_state_dict(state)
    x = torch.randn(3, 3, 32, 70, generator=draws, dtype=torch.float64)
    expected = naive(x, state, depth, norm)
    assert expected.shape == (3, 7)
    assert expected.std() > 1e-3
    torch.testing.assert_close(module(x), expected, rtol=1e-9, atol=1e-9)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match="32x32"):
        built(11, (3, 32, 31), width=1)
