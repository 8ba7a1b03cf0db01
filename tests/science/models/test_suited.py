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


class Over(nn.Module):
    """A layer of 4 x 4 weights, and another tensor made from them: a parameter, or a buffer."""

    def __init__(self, make, buffer=False):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Module()
        other = make(self.a.weight.data)
        self.b.weight = other if buffer else nn.Parameter(other)
        if buffer:
            del self.b.weight
            self.b.register_buffer("weight", other, persistent=False)


SHARED = {
    "all of it": lambda w: w,
    "a view": lambda w: w.view(-1),
    "transposed": lambda w: w.T,
    "a part": lambda w: w[2:],
    "a column": lambda w: w[:, 1],
    "through numpy": lambda w: torch.from_numpy(w.numpy()[1:]),
    "read as whole numbers": lambda w: w.view(torch.int32).view(torch.float32)[::2],
}


@pytest.mark.parametrize("make", SHARED.values(), ids=SHARED)
@pytest.mark.parametrize("buffer", [False, True])
def test_memory_of_two_is_refused(make, buffer):
    with pytest.raises(
        ModelError, match=r"'a.weight' and 'b.weight' of the model share memory|'b.weight' and"
    ) as error:
        check(Over(make, buffer))
    assert "self.a.weight" in error.value.help or ".clone()" in error.value.help


def test_memory_of_ones_own_is_not():
    for make in torch.clone, lambda w: w * 1, lambda w: w.bfloat16().float():
        for buffer in False, True:
            check(Over(make, buffer))
    halves = nn.ParameterList(torch.zeros(8, 8).chunk(2, dim=1))
    assert halves[0].untyped_storage().data_ptr() == halves[1].untyped_storage().data_ptr()
    check(halves)
    with torch.device("meta"):
        check(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)))
    odd = nn.ParameterList([torch.zeros(0, 3), torch.zeros(1, 3), torch.tensor(1.0)])
    for place, dtype in enumerate((torch.bool, torch.bfloat16, torch.complex64, torch.float8_e4m3fn, torch.float64)):
        odd.register_buffer(f"b{place}", torch.zeros(3).to(dtype))
    check(odd)


def test_numbers_that_are_one_in_memory_are_refused():
    module = nn.Linear(3, 3)
    module.bias = nn.Parameter(torch.zeros(1).expand(3))
    with pytest.raises(ModelError, match="'bias' of the model share memory"):
        check(module)


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
