"""Initial values of parameters that no rule covers."""

import torch
from torch import nn

from lmcspec.catalog import Named
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct


class Own(nn.Module):
    """Everything that no rule covers, with what its code makes of it."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(3))
        self.positions = nn.Parameter(torch.randn(5, 4))
        self.waves = nn.Parameter(torch.arange(4.0).sin())
        self.scales = nn.ParameterList([nn.Parameter(torch.full((2,), 0.1)), nn.Parameter(torch.rand(2))])
        self.words = nn.Embedding(6, 4, padding_idx=0)
        self.attention = nn.MultiheadAttention(4, 2)
        self.recurrent = nn.GRU(4, 3)
        self.both = nn.Bilinear(2, 3, 4)
        self.slope = nn.PReLU()
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
        self.linear = nn.Linear(4, 3)
        self.norm = nn.LayerNorm(4)
        nn.init.trunc_normal_(self.linear.weight, std=0.02)


def built(seed: int) -> nn.Module:
    return construct(lambda config, shape, classes: Own(), Named(name="own"), (1, 1, 1), 2, seed)


CONSTANT = {"token", "waves", "scales.0", "slope.weight", "attention.in_proj_bias", "norm.weight", "norm.bias"}


def test_what_no_rule_covers_is_as_the_model_s_code_makes_it_and_drawn_anew_for_each_address():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, again, other, redrawn = (
        initial_state(built(0), "default", address, built)
        for address in (("init", 0), ("init", 0), ("init", 1), ("reinit", 0, 0))
    )
    assert torch.equal(before, torch.get_rng_state())
    for name, value in one.items():
        assert torch.equal(value, again[name])
        for another in (other[name], redrawn[name]):
            assert torch.equal(value, another) == (name in CONSTANT), name
    assert torch.equal(one["waves"], torch.arange(4.0).sin())
    assert not one["words.weight"][0].any()  # the code's own: the row of padding is zero
    # The parts of a parametrised weight are of one draw: its norms are those of its directions.
    assert torch.allclose(
        one["normed.parametrizations.weight.original0"].flatten(),
        one["normed.parametrizations.weight.original1"].norm(dim=1),
    )
    # The settings' rule for a linear layer stands over what the code does with it; `own` leaves it to the code.
    assert one["linear.weight"].std() > 0.1
    left = initial_state(built(0), "own", ("init", 0), built)
    assert 0 < left["linear.weight"].std() < 0.05
    assert not torch.equal(left["linear.weight"], initial_state(built(0), "own", ("init", 1), built)["linear.weight"])
    built(0).load_state_dict(one)
