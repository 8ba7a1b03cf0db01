"""Models that can't take part in a study are refused with what to write in their place."""

import pytest
import torch
from torch import nn

from lmcspec.catalog import Named
from lmcspec.science import masks
from lmcspec.science.models import construct
from lmcspec.science.models.suited import ModelError, check


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.words.weight


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = self.first


@pytest.mark.parametrize(
    ("module", "words", "help"),
    [
        (Tied, "'words.weight' and 'head.weight'", "linear(x, self.words.weight)"),
        (Twice, "'first.weight' and 'second.weight'", "self.first.weight"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "'0'", "`build`"),
        (lambda: nn.LazyConv2d(3, 3), "LazyConv2d", "`build`"),
    ],
)
def test_is_refused(module, words, help):
    with pytest.raises(ModelError) as error:
        construct(lambda config, shape, classes: module(), Named(name="x"), (1, 4, 4), 2)
    assert words in str(error.value) and help in error.value.help


def test_one_buffer_under_two_names_is_none_of_its_business():
    module = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm1d(3))
    module[1].running_mean = module[0].running_mean
    check(module)


def test_what_is_prunable():
    class Some(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.linear = nn.Conv2d(1, 2, 3), nn.Linear(3, 2)
            self.same, self.apart = nn.MultiheadAttention(4, 2), nn.MultiheadAttention(4, 2, kdim=3, vdim=5)
            self.frozen = nn.Linear(2, 2).requires_grad_(False)
            self.made = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
            self.words, self.recurrent, self.norm = nn.Embedding(3, 2), nn.LSTM(2, 2), nn.LayerNorm(2)
            self.own = nn.Parameter(torch.zeros(2, 2))

    module = Some()
    names = masks.prunable(module)
    assert names == (
        "conv.weight",
        "linear.weight",
        "same.in_proj_weight",
        "same.out_proj.weight",
        "apart.q_proj_weight",
        "apart.k_proj_weight",
        "apart.v_proj_weight",
        "apart.out_proj.weight",
    )
    assert {name: tensor.shape for name, tensor in masks.dense(module).items()} == {
        name: dict(module.named_parameters())[name].shape for name in names
    }
