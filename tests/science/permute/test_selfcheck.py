"""Groups that are wrong are caught by numbers, with the name of the first that is."""

import pytest
from calls_for_tests import IMAGES, Calls, conv, pooled
from torch import nn

from lmcspec.science.permute.groups import Block
from lmcspec.science.permute.selfcheck import GroupsError, check
from lmcspec.science.permute.tracing import trace


def test_a_group_norm_permuted_freely_is_rejected():
    module = Calls(lambda m, x: pooled(m, m.b(m.a(x)).relu()), a=conv(3, 8), b=nn.GroupNorm(2, 8), out=nn.Linear(8, 4))
    groups = trace(module, IMAGES).groups
    free = {
        name: tuple((Block("a", 8),) if any(b.group for b in axis) else axis for axis in axes)
        for name, axes in groups.axes.items()
    }
    with pytest.raises(GroupsError, match="permuting the group 'a' changes"):
        check(module, type(groups)({"a": 8}, free, groups.counted), IMAGES)


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
