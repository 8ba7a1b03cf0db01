import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.science.permute.partial import frankenstein, taken

VGG = [f"layers.{k}.{part}" for k in range(17) for part in ("conv.weight", "conv.bias", "norm.weight", "norm.bias")]
RESNET = [
    "stem.conv.weight",
    *(f"blocks.{k}.{conv}.weight" for k in range(9) for conv in ("conv1", "conv2")),
    "fc.weight",
]
HOWS = ["bottom-up", "top-down", "put-in", "leave-out"]


@pytest.mark.parametrize("layer", ["layers.1", "layers.10", "layers.16"])
def test_a_layer_is_the_module_of_that_path_and_no_other_whose_name_begins_so(layer):
    """Matched by substring, 1 would be layers 1, 10, 11, 12 and 14 to 16 as well."""
    place = int(layer.split(".")[1])
    of_layer = {name for name in VGG if int(name.split(".")[1]) == place}
    assert taken(VGG, layer, "put-in") == of_layer and len(of_layer) == 4
    assert taken(VGG, layer, "leave-out") == set(VGG) - of_layer
    assert taken(VGG, layer, "bottom-up") == {name for name in VGG if int(name.split(".")[1]) < place}
    assert taken(VGG, layer, "top-down") == {name for name in VGG if int(name.split(".")[1]) >= place}


def test_blocks_of_a_resnet_are_themselves():
    """In the released code 0 and 1 are both blocks.0.conv1, and 2 is the first block's second convolution."""
    assert taken(RESNET, "blocks.1", "put-in") == {"blocks.1.conv1.weight", "blocks.1.conv2.weight"}
    assert taken(RESNET, "blocks.0", "bottom-up") == {"stem.conv.weight"}
    assert taken(RESNET, "blocks.1", "bottom-up") == {
        "stem.conv.weight",
        "blocks.0.conv1.weight",
        "blocks.0.conv2.weight",
    }
    assert taken(RESNET, "blocks.2.conv2", "top-down") >= {
        "blocks.2.conv2.weight",
        "blocks.3.conv1.weight",
        "fc.weight",
    }
    assert "blocks.2.conv1.weight" not in taken(RESNET, "blocks.2.conv2", "top-down")


@given(st.sampled_from(VGG), st.integers(0, 2))
def test_two_ways_are_the_complements_of_the_other_two(name, depth):
    layer = name.rsplit(".", depth)[0]
    if layer == "layers":
        return
    ways = {how: taken(VGG, layer, how) for how in HOWS}
    for first, second in (("bottom-up", "top-down"), ("put-in", "leave-out")):
        assert not ways[first] & ways[second] and ways[first] | ways[second] == set(VGG)
    assert ways["put-in"] <= ways["top-down"] and ways["bottom-up"] <= ways["leave-out"]


def test_the_network_is_put_together_of_both_times():
    early = {name: torch.zeros(2) for name in RESNET}
    late = {name: torch.ones(2) for name in RESNET}
    mixed = frankenstein(early, late, "blocks.3", "put-in")
    assert list(mixed) == RESNET
    assert [name for name in RESNET if not mixed[name].any()] == ["blocks.3.conv1.weight", "blocks.3.conv2.weight"]
    first = RESNET[0].rsplit(".", 1)[0]
    assert frankenstein(early, late, first, "bottom-up") == late, "nothing lies before the first layer"
    assert frankenstein(early, late, first, "top-down") == early


def test_buffers_go_with_their_module():
    state = ["conv.weight", "norm.weight", "norm.running_mean", "norm.num_batches_tracked", "fc.weight"]
    assert taken(state, "norm", "put-in") == set(state[1:4])


def test_an_order_of_execution_may_be_given():
    """A shortcut that is defined behind what it passes by runs beside it."""
    early, late = ({name: torch.full((1,), value) for name in ("main", "shortcut", "fc")} for value in (0.0, 1.0))
    order = ["shortcut", "main", "fc"]
    assert frankenstein(early, late, "main", "bottom-up", order)["shortcut"] == 0
    assert frankenstein(early, late, "main", "bottom-up")["shortcut"] == 1
    with pytest.raises(ValueError, match=r"the order has not the names of the state: \['fc'\]"):
        frankenstein(early, late, "main", "bottom-up", order[:2])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("10", "no tensor lies beneath '10': give the exact path of a module, such as 'layers.10'$"),
        ("layers.17", "give the exact path of a module, such as 'layers.7'$"),
        ("layer.3", "such as 'layers.3'$"),
        ("x", "no tensor lies beneath 'x': give the exact path of a module$"),
    ],
)
def test_a_path_that_is_none_is_an_error_that_names_a_near_one(layer, message):
    with pytest.raises(ValueError, match=message):
        taken(VGG, layer, "put-in")


def test_other_mistakes():
    with pytest.raises(ValueError, match="no way 'inside-out'; there are bottom-up, top-down, put-in and leave-out"):
        taken(VGG, "layers.1", "inside-out")
    with pytest.raises(ValueError, match=r"different models: \['b'\]"):
        frankenstein({"a": torch.ones(1)}, {"a": torch.ones(1), "b": torch.ones(1)}, "a", "put-in")
