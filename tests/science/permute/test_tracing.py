"""What operations do to groups: small networks whose groups are known, checked by numbers."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmcspec.science.permute.groups import Block
from lmcspec.science.permute.selfcheck import GroupsError, check
from lmcspec.science.permute.tracing import TracingError, groups_of, trace

IMAGES = (3, 8, 8)


class Calls(nn.Module):
    """Layers by name, and what is done with them as a function."""

    def __init__(self, forward, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._forward = forward

    def forward(self, x: Tensor) -> Tensor:
        return self._forward(self, x)


def traced(forward, shape=IMAGES, **layers):
    """The groups of such a network, which keep its function to 1e-10."""
    module = Calls(forward, **layers)
    groups = trace(module, shape).groups
    check(module, groups, shape, tolerance=1e-10)
    return groups


def blocks(groups, name, axis):
    return tuple((block.group, block.size, block.inner) for block in groups.axes[name][axis])


def pooled(m, x):
    return m.out(x.mean((2, 3)))


def conv(channels, width, **more):
    return nn.Conv2d(channels, width, 3, padding=1, **more)


def test_a_depthwise_convolution_moves_with_the_channels_before_it():
    groups = traced(
        lambda m, x: pooled(m, m.c(m.b(m.a(x).relu()).relu())),
        a=conv(3, 8),
        b=conv(8, 8, groups=8),
        c=conv(8, 6),
        out=nn.Linear(6, 4),
    )
    assert dict(groups.sizes) == {"a": 8, "c": 6}
    assert blocks(groups, "b.weight", 0) == blocks(groups, "b.bias", 0) == (("a", 8, 1),)


def test_a_depth_multiplier_makes_blocks():
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x).relu())), a=conv(3, 8), b=conv(8, 16, groups=8), out=nn.Linear(16, 4)
    )
    assert blocks(groups, "b.weight", 0) == blocks(groups, "out.weight", 1) == (("a", 8, 2),)


def test_a_grouped_convolution_makes_the_channels_of_the_plain_convolution_before_it_blocks():
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x).relu())), a=conv(3, 12), b=conv(12, 8, groups=4), out=nn.Linear(8, 4)
    )
    assert dict(groups.sizes) == {"a": 4}
    assert blocks(groups, "a.weight", 0) == (("a", 4, 3),)
    assert blocks(groups, "b.weight", 0) == blocks(groups, "out.weight", 1) == (("a", 4, 2),)
    assert blocks(groups, "b.weight", 1) == ((None, 3, 1),)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_transposed_convolution_has_its_inputs_first(groups):
    traced_groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x).relu())),
        a=conv(3, 6),
        b=nn.ConvTranspose2d(6, 9, 2, 2, groups=groups),
        out=nn.Linear(9, 4),
    )
    if groups == 1:
        assert dict(traced_groups.sizes) == {"a": 6, "b axis 1": 9} or dict(traced_groups.sizes) == {
            "a": 6,
            "b.bias": 9,
        }
        assert blocks(traced_groups, "b.weight", 0) == (("a", 6, 1),)
    else:
        assert blocks(traced_groups, "b.weight", 0) == (("a", 3, 2),)
        assert blocks(traced_groups, "b.bias", 0) == (("a", 3, 3),)


@pytest.mark.parametrize("dims", [1, 3])
def test_convolutions_of_one_and_three_dimensions(dims):
    plain, back = (nn.Conv1d, nn.ConvTranspose1d) if dims == 1 else (nn.Conv3d, nn.ConvTranspose3d)
    norm = nn.BatchNorm1d(6) if dims == 1 else nn.InstanceNorm3d(6, affine=True, track_running_stats=True)
    groups = traced(
        lambda m, x: m.out(m.b(m.norm(m.a(x)).relu()).flatten(2).mean(2)),
        (3, *[4] * dims), a=plain(3, 6, 3), norm=norm, b=back(6, 5, 2), out=nn.Linear(5, 2),
    )  # fmt: skip
    assert sorted(groups.sizes.values()) == [5, 6]
    assert blocks(groups, "norm.running_var", 0) == (("a", 6, 1),)


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        (1, (("a", 8, 1),)),
        (8, (("a", 8, 1),)),
        (2, (("a", 4, 1), ("a#2", 4, 1))),
    ],
)
def test_group_norm_lets_channels_move_within_stretches(stretches, expected):
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x)).relu()), a=conv(3, 8), b=nn.GroupNorm(stretches, 8), out=nn.Linear(8, 4)
    )
    assert blocks(groups, "a.weight", 0) == blocks(groups, "b.weight", 0) == expected


def test_group_norm_of_many_stretches_moves_whole_ones():
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x)).relu()), a=conv(3, 16), b=nn.GroupNorm(8, 16), out=nn.Linear(16, 4)
    )
    assert blocks(groups, "a.weight", 0) == (("a", 8, 2),)


def test_a_group_norm_permuted_freely_is_rejected():
    module = Calls(lambda m, x: pooled(m, m.b(m.a(x)).relu()), a=conv(3, 8), b=nn.GroupNorm(2, 8), out=nn.Linear(8, 4))
    groups = trace(module, IMAGES).groups
    free = {
        name: tuple((Block("a", 8),) if any(b.group for b in axis) else axis for axis in axes)
        for name, axes in groups.axes.items()
    }
    with pytest.raises(GroupsError, match="permuting the group 'a' changes"):
        check(module, type(groups)({"a": 8}, free, groups.counted), IMAGES)


def test_layer_norm_over_channels_by_moved_axes():
    groups = traced(
        lambda m, x: pooled(m, m.b(m.a(x).permute(0, 2, 3, 1).reshape(-1, 8)).view(-1, 8, 8, 8).moveaxis(-1, 1).relu()),
        a=conv(3, 8), b=nn.LayerNorm(8), out=nn.Linear(8, 4),
    )  # fmt: skip
    assert dict(groups.sizes) == {"a": 8}


def test_layer_norm_over_all_of_an_image_moves_along_channels():
    groups = traced(lambda m, x: pooled(m, m.b(m.a(x))), a=conv(3, 6), b=nn.LayerNorm((6, 8, 8)), out=nn.Linear(6, 4))
    assert dict(groups.sizes) == {"a": 6}
    assert blocks(groups, "b.weight", 0) == (("a", 6, 1),)


def test_activations_with_slopes_and_gates():
    groups = traced(
        lambda m, x: pooled(m, F.glu(m.c(m.slope(m.a(x))), dim=1)),
        a=conv(3, 6),
        slope=nn.PReLU(6),
        c=conv(6, 10),
        out=nn.Linear(5, 4),
    )
    assert dict(groups.sizes) == {"a": 6, "c": 5}
    assert blocks(groups, "slope.weight", 0) == (("a", 6, 1),)
    assert blocks(groups, "c.weight", 0) == (("c", 5, 1), ("c", 5, 1))


def test_joined_features_move_apart_and_those_that_are_cut_belong_to_different_groups():
    def forward(m, x):
        joined = torch.cat([m.a(x), m.b(x)], 1).relu()
        return pooled(m, m.c(joined[:, :9]))

    groups = traced(forward, a=conv(3, 4), b=conv(3, 8), c=conv(9, 6), out=nn.Linear(6, 4))
    assert blocks(groups, "c.weight", 1) == (("a", 4, 1), ("b", 5, 1))
    assert blocks(groups, "b.weight", 0) == (("b", 5, 1), ("b#2", 3, 1))


def test_half_of_the_channels_by_chunk_with_a_residual_sum():
    def forward(m, x):
        first, second = m.a(x).chunk(2, dim=1)
        return pooled(m, first * second.sigmoid() + m.b(x))

    groups = traced(forward, a=conv(3, 10), b=conv(3, 5), out=nn.Linear(5, 4))
    assert dict(groups.sizes) == {"a": 5}
    assert blocks(groups, "a.weight", 0) == (("a", 5, 1), ("a", 5, 1))


def test_shortcuts_padded_with_zeros_split_the_stream_behind_them():
    """Option A: the channels that were there before move as before; those of the padding move among each other."""

    def forward(m, x):
        x = m.a(x).relu()
        x = (m.b(x) + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))).relu()
        return pooled(m, x)

    groups = traced(forward, a=conv(3, 4), b=conv(4, 8, stride=2), out=nn.Linear(8, 4))
    assert dict(groups.sizes) == {"a": 4, "b": 2, "b#2": 2}
    assert blocks(groups, "b.weight", 0) == (("b", 2, 1), ("a", 4, 1), ("b#2", 2, 1))


def test_padding_with_what_is_not_constant_along_channels_stays():
    def forward(m, x):
        x = m.a(x).relu()
        return pooled(m, m.b(x) + torch.cat([x, torch.arange(2.0).view(1, 2, 1, 1).expand(len(x), 2, 8, 8)], 1))

    groups = traced(forward, a=conv(3, 4), b=conv(4, 6), out=nn.Linear(6, 4))
    assert blocks(groups, "b.weight", 0) == (("a", 4, 1), (None, 2, 1))


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


def test_a_norm_of_weights_moves_with_them():
    with torch.random.fork_rng():
        layer = nn.utils.parametrizations.weight_norm(nn.Linear(6, 5))
    groups = traced(lambda m, x: m.out(m.a(x.flatten(1)).relu()), (1, 2, 3), a=layer, out=nn.Linear(5, 2))
    assert list(groups.sizes.values()) == [5]
    (name,) = groups.sizes
    assert blocks(groups, "a.parametrizations.weight.original1", 0) == ((name, 5, 1),)


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


def test_the_self_check_names_the_first_of_two_groups_that_should_be_one_group():

    def forward(m, x):
        x = x.flatten(1)
        return m.out((m.a(x) * m.b(x)).relu())

    module = Calls(forward, a=nn.Linear(6, 5), b=nn.Linear(6, 5), out=nn.Linear(5, 2))
    groups = trace(module, (1, 2, 3)).groups
    assert list(groups.sizes) == ["a"]
    apart = {name: tuple(tuple(Block("b", 5) if b.group and name.startswith("b") else b for b in axis) for axis in axes)
             for name, axes in groups.axes.items()}  # fmt: skip
    with pytest.raises(GroupsError, match="'a'"):
        check(module, type(groups)({"a": 5, "b": 5}, apart, groups.counted), (1, 2, 3))


def test_a_network_that_does_not_run_says_on_what():
    with pytest.raises(TracingError, match=r"in evaluation mode on images of \(2, 1, 5, 5\)"):
        trace(Calls(lambda m, x: m.out(x.flatten(1)), out=nn.Linear(3, 2)), (1, 5, 5))


def test_the_self_check_names_the_group_whose_axis_was_forgotten():
    module = Calls(
        lambda m, x: m.out(m.b(m.a(x.flatten(1)).relu()).relu()),
        a=nn.Linear(6, 5),
        b=nn.Linear(5, 4),
        out=nn.Linear(4, 2),
    )
    groups = trace(module, (1, 2, 3)).groups
    broken = {**groups.axes, "b.bias": ((Block(None, 4),),)}
    with pytest.raises(GroupsError, match="'b'"):
        check(module, type(groups)(groups.sizes, broken, groups.counted), (1, 2, 3))
