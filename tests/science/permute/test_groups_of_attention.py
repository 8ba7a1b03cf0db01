"""Attention: heads are blocks, the residual stream is a group, and so is what is within a perceptron."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lmcspec.science.models import construct
from lmcspec.science.permute.selfcheck import check
from lmcspec.science.permute.tracing import groups_of, trace

OWN_MODELS = Path(__file__).parents[2] / "own_models"
IMAGES = (3, 8, 8)


@pytest.fixture
def vit(monkeypatch):
    """The transformer of tests/own_models, with attention in two ways."""
    monkeypatch.syspath_prepend(OWN_MODELS)
    from lmcspec_vit.cards import TinyViT
    from lmcspec_vit.model import build

    yield construct(build, TinyViT(width=12), IMAGES, 7)
    for name in [name for name in sys.modules if name.partition(".")[0] == "lmcspec_vit"]:
        del sys.modules[name]


def blocks(groups, name, axis):
    return tuple((block.group, block.size, block.inner) for block in groups.axes[name][axis])


def test_the_groups_of_a_vision_transformer(vit):
    groups = groups_of(vit, IMAGES)
    check(vit, groups, IMAGES, tolerance=1e-10)
    assert dict(groups.sizes) == {"scale": 12, "first.in_proj_weight": 2, "second.qkv": 2, "mlp.0": 24}
    stream = (("scale", 12, 1),)
    for name, axis in [
        *(("token", 2), ("positions", 2), ("patches.weight", 0), ("norms.2.bias", 0), ("first.in_proj_weight", 1)),
        *(("first.out_proj.weight", 0), ("second.qkv.weight", 1), ("second.out.bias", 0), ("mlp.2.weight", 0)),
        ("classifier.weight", 1),
    ]:
        assert blocks(groups, name, axis) == stream, name
    for name, heads in (("first.in_proj_weight", "first.in_proj_weight"), ("second.qkv.weight", "second.qkv")):
        assert blocks(groups, name, 0) == ((heads, 2, 6),) * 3
    assert blocks(groups, "first.out_proj.weight", 1) == (("first.in_proj_weight", 2, 6),)
    assert blocks(groups, "second.out.weight", 1) == (("second.qkv", 2, 6),)
    assert blocks(groups, "positions", 1) == ((None, 5, 1),)


class Attention(nn.Module):
    """Tokens of pixels, attention by one of several spellings, a linear layer on their mean."""

    def __init__(self, attend, width=8, heads=2):
        super().__init__()
        self.embed = nn.Linear(3, width)
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.classifier = nn.Linear(width, 5)
        self.attend, self.heads = attend, heads

    def forward(self, x):
        x = self.embed(x.flatten(2).transpose(1, 2)).relu()
        return self.classifier((x + self.out(self.attend(self, x))).mean(1))


def apart(m, layer, x):
    return layer(x).view(len(x), -1, m.heads, x.shape[-1] // m.heads).transpose(1, 2)


def by_softmax(m, x):
    q, k, v = (apart(m, layer, x) for layer in (m.q, m.k, m.v))
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(len(x), -1, x.shape[-1])


def by_einsum(m, x):
    q, k, v = (layer(x).unflatten(-1, (m.heads, -1)) for layer in (m.q, m.k, m.v))
    weights = torch.einsum("bihd,bjhd->bhij", q, k).softmax(-1)
    return torch.einsum("bhij,bjhd->bihd", weights, v).flatten(2)


def by_sdpa(m, x):
    q, k, v = (apart(m, layer, x) for layer in (m.q, m.k, m.v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


def by_three_in_one(m, x):
    """As timm has it: one projection, viewed as (3, heads, …)."""
    q, k, v = m.qkv(x).reshape(len(x), -1, 3, m.heads, x.shape[-1] // m.heads).permute(2, 0, 3, 1, 4).unbind(0)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)


def by_three_indexed(m, x):
    qkv = m.qkv(x).reshape(len(x), -1, 3, m.heads, x.shape[-1] // m.heads).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).flatten(2)


@pytest.mark.parametrize("attend", [by_softmax, by_einsum, by_sdpa])
def test_heads_of_three_projections_move_whole(attend):
    module = Attention(attend)
    groups = groups_of(module, IMAGES)
    check(module, groups, IMAGES, tolerance=1e-10)
    assert dict(groups.sizes) == {"embed": 8, "q": 2}
    for name in ("q", "k", "v"):
        assert blocks(groups, f"{name}.weight", 0) == blocks(groups, f"{name}.bias", 0) == (("q", 2, 4),)
    assert blocks(groups, "out.weight", 1) == (("q", 2, 4),)


@pytest.mark.parametrize("attend", [by_three_in_one, by_three_indexed])
def test_heads_of_a_joint_projection_move_whole(attend):
    module = Attention(attend)
    groups = groups_of(module, IMAGES)
    check(module, groups, IMAGES, tolerance=1e-10)
    assert dict(groups.sizes) == {"embed": 8, "qkv": 2}
    assert blocks(groups, "qkv.weight", 0) == (("qkv", 2, 4),) * 3


def test_heads_that_differ_stay():
    """A scale for each head that is no parameter is a constant: heads can't change places."""

    def scaled(m, x):
        q, k, v = (apart(m, layer, x) for layer in (m.q, m.k, m.v))
        q = q * torch.tensor([1.0, 2.0]).view(2, 1, 1).to(q)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    groups = groups_of(Attention(scaled), IMAGES)
    assert blocks(groups, "q.weight", 0) in [((None, 8, 1),), (("q", 4, 1),) * 2]
    assert "constant" in {entry.place: entry.reason for entry in groups.pinned}.get("q.weight axis 0", "constant")


def test_torchs_own_encoder():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(3, 8)
            layer = nn.TransformerEncoderLayer(8, 4, 10, dropout=0, batch_first=True, norm_first=True)
            self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.classifier = nn.Linear(8, 5)

        def forward(self, x):
            return self.classifier(self.layers(self.embed(x.flatten(2).mT)).amax(1))

    groups = groups_of(Encoder(), IMAGES)
    assert sorted(groups.sizes.values()) == [4, 4, 8, 10, 10]


def test_keys_of_another_size_and_weights_that_are_looked_at():
    class Across(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 6), nn.Linear(3, 4)
            self.attention = nn.MultiheadAttention(6, 3, kdim=4, vdim=4, batch_first=True, add_bias_kv=True)
            self.classifier = nn.Linear(6, 5)

        def forward(self, x):
            x = x.flatten(2).mT
            y, weights = self.attention(self.a(x), self.b(x), self.b(x))
            return self.classifier(y.mean(1)) + weights.sum((1, 2))[:, None]

    module = Across()
    groups = groups_of(module, IMAGES)
    check(module, groups, IMAGES, tolerance=1e-10)
    assert {block.group for block in groups.axes["attention.k_proj_weight"][1]} == {"b"}
    heads = groups.axes["attention.q_proj_weight"][0]
    assert [(block.size, block.inner) for block in heads] == [(3, 2)]
    assert groups.axes["attention.bias_k"][2] == groups.axes["attention.v_proj_weight"][0] == heads


def test_activations_of_heads_are_seen_where_operations_of_torch_make_them():
    traced = trace(Attention(by_softmax), IMAGES)
    places = [site for site in traced.sites["q"] if site.inner == 4]
    assert places and all(site.size == 2 for site in traced.sites["q"])
    state = traced.module.state_dict()
    (activation,) = traced.run(state, torch.randn(5, *IMAGES), places[:1])
    assert activation.shape == (5, 64, 2, 4)
