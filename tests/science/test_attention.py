"""Second derivatives through attention, against the same attention written out by hand."""

import math
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F

from lmcspec.science import masks
from lmcspec.science.criteria import grasp
from lmcspec.science.curvature import Hessian, entries
from lmcspec.science.summary import model_facts


class Network(nn.Module):
    """Rows of an image as tokens, one head over linear projections, mean, classes."""

    def __init__(self, attention: str) -> None:
        super().__init__()
        self.attention = attention
        self.qkv, self.out = nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x):
        q, k, v = self.qkv(x.flatten(1, 2)).chunk(3, dim=-1)
        if self.attention == "torch":
            mixed = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        else:
            mixed = torch.softmax(q @ k.mT / math.sqrt(4), dim=-1) @ v
        return self.out(mixed.mean(1))


def both():
    torch.manual_seed(0)
    found = [Network("torch"), Network("by hand")]
    found[1].load_state_dict(found[0].state_dict())
    return found


def images():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(6, 1, 4, 4, generator=generator), torch.arange(6) % 3


def test_the_hessian_goes_through_attention():
    x, y = images()
    one, other = (torch.cat(list(entries(Hessian(module, [(x, y)])))) for module in both())
    assert torch.allclose(one, other, atol=1e-6) and one.abs().max() > 1e-3


def test_grasp_goes_through_attention():
    from lmcspec.catalog.criteria.grasp import Grasp

    x, y = images()

    class Images:
        def __len__(self):
            return len(y)

        def batch(self, places):
            return x[places], y[places]

    scores = [grasp.scores(module, masks.dense(module), Grasp(), (1, 4, 4), cast(Any, Images())) for module in both()]
    for name, values in scores[0].items():
        assert torch.allclose(values, scores[1][name], atol=1e-6)


def test_multiply_adds_of_attention_are_those_of_its_projections():
    class Layer(nn.Module):
        def __init__(self, **sizes):
            super().__init__()
            self.layer = nn.MultiheadAttention(4, 2, batch_first=True, **sizes)

        def forward(self, x):
            x = x.flatten(1, 2)
            return self.layer(x, x, value=x, need_weights=False)[0].mean(1)

    # 6 tokens: queries, keys, values and outputs, each 4x4.
    assert model_facts(Layer(), (1, 6, 4)).macs == 6 * 4 * 16
    with torch.device("meta"):
        assert model_facts(Layer(), (1, 6, 4)).macs == 6 * 4 * 16
