"""What layers, norms, joints and cuts do to groups: small networks whose groups are known, checked by numbers."""

import pytest
import torch
from calls_for_tests import blocks, conv, pooled, traced
from torch import nn
from torch.nn import functional as F


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


def test_a_norm_of_weights_moves_with_them():
    with torch.random.fork_rng():
        layer = nn.utils.parametrizations.weight_norm(nn.Linear(6, 5))
    groups = traced(lambda m, x: m.out(m.a(x.flatten(1)).relu()), (1, 2, 3), a=layer, out=nn.Linear(5, 2))
    assert list(groups.sizes.values()) == [5]
    (name,) = groups.sizes
    assert blocks(groups, "a.parametrizations.weight.original1", 0) == ((name, 5, 1),)
