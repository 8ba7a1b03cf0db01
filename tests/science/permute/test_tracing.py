"""What programs do to groups: shared parameters, branches, functions of one's own, work in place, and what is not seen."""

import pytest
import torch
from calls_for_tests import Calls, blocks, conv, pooled, traced
from torch import nn
from torch.nn import functional as F

from lmcspec.science.permute.selfcheck import check
from lmcspec.science.permute.tracing import TracingError, groups_of, trace


def test_a_parameter_that_is_used_twice_ties_both_uses():
    def forward(m, x):
        h = F.linear(x.flatten(1), m.a.weight).relu()
        return m.out(F.linear(F.linear(h, m.b.weight).relu(), m.b.weight))

    groups = traced(
        forward, (1, 2, 3), a=nn.Linear(6, 5, bias=False), b=nn.Linear(5, 5, bias=False), out=nn.Linear(5, 2)
    )
    assert dict(groups.sizes) == {"a": 5}
    assert blocks(groups, "b.weight", 0) == blocks(groups, "b.weight", 1)


def test_two_names_of_a_tied_parameter_move_alike_and_count_once():
    def forward(m, x):
        return m.out(m.c(m.b(m.a(x.flatten(1)).relu()).relu()).relu())

    module = Calls(forward, a=nn.Linear(6, 5), b=nn.Linear(5, 5), c=nn.Linear(5, 5), out=nn.Linear(5, 2))
    module.c.weight = module.b.weight
    groups = groups_of(module, (1, 2, 3))
    check(module, groups, (1, 2, 3), tolerance=1e-10)
    assert dict(groups.sizes) == {"a": 5}
    assert groups.axes["b.weight"] == groups.axes["c.weight"]
    assert "b.weight" in groups.counted and "c.weight" not in groups.counted


def test_embeddings_keep_their_rows_and_tie_the_head_that_shares_them():
    def forward(m, x):
        tokens = m.table(x.flatten(1).abs().mul(3).long().clamp(0, 6))
        h = m.norm(tokens + m.positions)
        return F.linear((h + m.b(m.a(h).relu())).mean(1), m.table.weight)

    groups = traced(
        forward,
        (1, 2, 3),
        table=nn.Embedding(7, 8),
        positions=nn.Parameter(torch.randn(6, 8)),
        norm=nn.LayerNorm(8),
        a=nn.Linear(8, 9),
        b=nn.Linear(9, 8),
    )
    assert sorted(groups.sizes.values()) == [8, 9]
    assert blocks(groups, "table.weight", 0) == ((None, 7, 1),)
    assert blocks(groups, "positions", 0) == ((None, 6, 1),)
    assert blocks(groups, "positions", 1) == blocks(groups, "table.weight", 1) == blocks(groups, "norm.weight", 0)


def test_an_operation_without_a_rule_keeps_its_units_in_place_and_is_reported():
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x).relu().cumsum(1)).relu()), a=conv(3, 5), b=conv(5, 6), out=nn.Linear(6, 4)
    )
    assert dict(groups.sizes) == {"b": 6}
    reasons = {entry.place: entry.reason for entry in groups.pinned}
    assert reasons["cumsum in the network"] == reasons["a.weight axis 0"] == "cumsum in the network has no rule"


def test_recurrent_layers_stay_and_what_is_around_them_moves():
    groups = traced(
        lambda m, x: m.out(m.b(m.cell(m.a(x.flatten(2)))[0].mean(1)).relu()),
        a=nn.Linear(64, 5), cell=nn.LSTM(5, 4, batch_first=True), b=nn.Linear(4, 7), out=nn.Linear(7, 2),
    )  # fmt: skip
    assert dict(groups.sizes) == {"b": 7}
    assert any("lstm" in entry.reason for entry in groups.pinned)


def test_numbers_that_leave_the_network_keep_what_they_were_taken_from_in_place():
    def forward(m, x):
        x = m.a(x)
        x = x * float(x.detach()[:, 0].mean()) if bool(x.sum() > -1e9) else x
        return pooled(m, m.b(x))

    groups = traced(forward, a=conv(3, 5), b=conv(5, 6), out=nn.Linear(6, 4))
    assert dict(groups.sizes) == {"a": 4, "b": 6}, "the sum is symmetric, the first channel is not"


def test_control_flow_loops_and_sizes_of_python():
    """What symbols can't trace: a branch by a size and a number, a loop that a number ends."""

    def forward(m, x):
        x = m.a(x)
        for _ in range(int(x.shape[1] / 3)):
            x = m.b(x).relu() + (x if x.mean() < 1e9 else 0)
        return m.out(x.view(x.size(0), x.size(1), -1).amax(-1)) if x.ndim == 4 else x

    groups = traced(forward, a=conv(3, 6), b=conv(6, 6), out=nn.Linear(6, 4))
    assert dict(groups.sizes) == {"a": 6}
    with pytest.raises((torch.fx.proxy.TraceError, TypeError)):
        torch.fx.symbolic_trace(Calls(forward, a=conv(3, 6), b=conv(6, 6), out=nn.Linear(6, 4)))


class Sign(torch.autograd.Function):
    """sign(x), with the gradient of x."""

    @staticmethod
    def forward(context, x):
        return x.sign()

    @staticmethod
    def backward(context, gradient):
        return gradient


class ByNumpy(torch.autograd.Function):
    """x in reverse order of channels, computed where no operation of torch is seen."""

    @staticmethod
    def forward(context, x):
        with torch._C.DisableTorchFunction():
            return torch.from_numpy(x.detach().numpy()[:, ::-1].copy())

    @staticmethod
    def backward(context, gradient):
        return gradient.flip(1)


def test_functions_with_gradients_of_their_own_are_seen_through():
    groups = traced(lambda m, x: pooled(m, m.b(Sign.apply(m.a(x)))), a=conv(3, 5), b=conv(5, 6), out=nn.Linear(6, 4))
    assert dict(groups.sizes) == {"a": 5, "b": 6}


def test_after_what_cannot_be_seen_nothing_before_it_moves():
    groups = traced(
        lambda m, x: pooled(m, m.c(m.b(ByNumpy.apply(m.a(x))))),
        a=conv(3, 5),
        b=conv(5, 6),
        c=conv(6, 7),
        out=nn.Linear(7, 4),
    )
    assert "a" not in groups.sizes
    assert any("was not seen" in entry.reason for entry in groups.pinned)


def test_what_works_in_place_and_writes_into_places():
    def forward(m, x):
        y = m.a(x)
        y.relu_()
        y += m.b(x)
        z = torch.zeros(len(x), 9, 8, 8, dtype=x.dtype)
        z[:, :6] = y
        z[:, 6:] = m.c(x)
        return pooled(m, z)

    groups = traced(forward, a=conv(3, 6), b=conv(3, 6), c=conv(3, 3), out=nn.Linear(9, 4))
    assert blocks(groups, "out.weight", 1) == (("a", 6, 1), ("c", 3, 1))
    assert blocks(groups, "b.weight", 0) == (("a", 6, 1),)


def test_what_changes_its_own_shape_stays_and_is_reported():
    groups = traced(
        lambda m, x: m.out(m.b(m.a(x.flatten(1)).unsqueeze_(1).sum(1)).relu()),
        a=nn.Linear(192, 5), b=nn.Linear(5, 6), out=nn.Linear(6, 4),
    )  # fmt: skip
    assert dict(groups.sizes) == {"b": 6}
    assert "unsqueeze in the network" in {entry.place for entry in groups.pinned}


def test_parameters_that_are_never_used_stay():
    groups = traced(lambda m, x: m.out(x.flatten(1)), a=nn.Linear(4, 5), out=nn.Linear(192, 2))
    assert not groups.sizes
    assert {entry.place: entry.reason for entry in groups.pinned}[
        "a.bias axis 0"
    ] == "a.bias is not used in the forward pass"


def test_a_parameter_that_is_only_asked_for_its_type_is_not_used():
    groups = traced(lambda m, x: m.out(x.flatten(1).to(m.a.weight.dtype)), a=nn.Linear(4, 5), out=nn.Linear(192, 2))
    assert not groups.sizes


def test_parameters_that_are_views_of_each_other_stay():
    module = Calls(
        lambda m, x: m.out(m.b(m.a(x.flatten(1)))), a=nn.Linear(6, 5), b=nn.Linear(5, 6), out=nn.Linear(6, 2)
    )
    module.b.weight = nn.Parameter(module.a.weight.detach().T)
    groups = trace(module, (1, 2, 3)).groups
    assert not any(block.group for name in ("a.weight", "b.weight") for axis in groups.axes[name] for block in axis)
    assert "shares memory" in {entry.place: entry.reason for entry in groups.pinned}["a.weight axis 0"]


def test_a_network_that_does_not_run_says_on_what():
    with pytest.raises(TracingError, match=r"in evaluation mode on images of \(2, 1, 5, 5\)"):
        trace(Calls(lambda m, x: m.out(x.flatten(1)), out=nn.Linear(3, 2)), (1, 5, 5))
