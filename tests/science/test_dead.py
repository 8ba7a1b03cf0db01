"""Dead units, beside a walk along the weights of a network from its outputs."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import masks
from lmcspec.science.dead import columns, read
from lmcspec.science.models import convnet, mlp, resnet
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.tracing import trace


def drawn(module, density, seed):
    draws = torch.Generator().manual_seed(seed)
    return {name: torch.rand(keep.shape, generator=draws) < density for name, keep in masks.dense(module).items()}


@given(st.integers(0, 9999), st.floats(0.02, 0.5))
def test_of_an_mlp_what_is_read_is_on_a_way_to_the_output(seed, density):
    module = mlp.build(Mlp(widths=(12, 7, 5)), (1, 3, 3), 4)
    mask = drawn(module, density, seed)
    units = read(trace(module, (1, 3, 3)).groups, mask)
    layers = [mask[f"layers.{place}.weight"] for place in range(3)] + [mask["classifier.weight"]]
    alive = set(range(4))
    for place in (3, 2, 1, 0):
        alive = {int(unit) for row in alive for unit in layers[place][row].nonzero().flatten()}
        if place:
            assert units[f"layers.{place - 1}"].tolist() == (sorted(alive) or [0])


def test_units_of_a_convolution_are_read_through_its_pixels():
    """The last map is flattened: a channel is read where a class reads any of its pixels."""
    module = convnet.build(ConvNet(depth=2, width=4), (1, 8, 8), 3)
    groups, mask = trace(module, (1, 8, 8)).groups, masks.dense(module)
    mask["classifier.weight"][:] = False
    mask["classifier.weight"][2, 2 * 4 + 1] = True  # a pixel of channel 2 of 4, each of 2 x 2
    mask["blocks.1.conv.weight"][:, 3] = False
    mask["blocks.1.conv.weight"][2, 0] = False
    mask["blocks.1.conv.weight"][2, 0, 2, 1] = True
    mask["blocks.1.conv.weight"][2, 1] = False  # the others read it, but nobody reads them
    units = read(groups, mask)
    assert {name: places.tolist() for name, places in units.items()} == {"blocks.0.conv": [0, 2], "blocks.1.conv": [2]}
    every = {"blocks.0.conv": [0, 2], "blocks.1.conv": [0, 1, 2, 3]}
    mask["blocks.1.conv.weight"][:, 1] = False
    mask["blocks.1.conv.weight"][[0, 1, 3]] = False
    held = read(groups, mask, {"blocks.1.conv": torch.arange(4)})
    assert {name: places.tolist() for name, places in held.items()} == every


def test_a_stream_is_alive_where_any_block_reads_it():
    module = resnet.build(CifarResNet(depth=8, width=4), (1, 8, 8), 10)
    groups, mask = trace(module, (1, 8, 8)).groups, masks.dense(module)
    stream = groups.axes["stem.conv.weight"][0][0].group
    for name, axes in groups.axes.items():
        if name in mask and any(block.group == stream for block in axes[1]):
            mask[name][:, 1] = False
    assert read(groups, mask)[stream].tolist() == [0, 2, 3]
    mask["blocks.1.first.conv.weight"][0, 1, 1, 1] = True
    assert read(groups, mask)[stream].tolist() == ([0, 1, 2, 3] if "blocks.1.first.conv.weight" in mask else [0, 2, 3])


def test_a_circle_of_units_that_read_each_other_is_dead():
    groups = Groups(
        {"a": 2},
        {"loop": ((Block("a", 2),), (Block("a", 2),)), "out": ((Block(None, 1),), (Block("a", 2),))},
        ("loop",),
    )
    loop = torch.ones(2, 2, dtype=torch.bool).fill_diagonal_(True)
    loop[0, 1] = False
    assert read(groups, {"loop": loop, "out": torch.tensor([[True, False]])})["a"].tolist() == [0]
    assert read(groups, {"loop": loop})["a"].tolist() == [0, 1]
    assert read(groups, {"out": torch.zeros(1, 2, dtype=torch.bool)})["a"].tolist() == [0]


def test_columns_are_inputs_that_a_row_reads():
    weight = torch.tensor([[1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]], dtype=torch.bool)
    assert columns(weight, torch.tensor([0, 1])).tolist() == [0, 2, 3]
