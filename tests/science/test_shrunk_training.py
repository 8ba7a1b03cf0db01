"""Trainings without dead units are those of the whole network, to rounding, and go on from each other's snapshots."""

import pytest
import torch
from torch import nn
from trainings_for_tests import network, recipe_of, same, with_dead

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import masks
from lmcspec.science.initial import initial_state
from lmcspec.science.layout import lay_out
from lmcspec.science.models import convnet, resnet
from lmcspec.science.permute.tracing import trace
from lmcspec.science.shrunk_training import shrink_to_train, train_shrunk
from lmcspec.science.train import Callbacks, Segment, TrainingStopped, train

SHAPE = (1, 8, 8)
WHOLE = Segment()


def instance():
    module = convnet.build(ConvNet(depth=2, width=8), SHAPE, 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


BUILT = {
    "mlp": lambda: network("mlp"),
    "instance norm": instance,
    "channels last": lambda: lay_out(instance(), "channels-last"),
}


def both(build, optimiser, few, length=20, **more):
    """A whole training, and a shrunk one, of the same network."""
    recipe = recipe_of(optimiser, length)
    module = build()
    mask = with_dead(module, 1)
    mask["classifier.weight"][:, :8] = False  # of a convolution the pixels of two channels
    small = shrink_to_train(build(), trace(module, SHAPE).groups, mask, recipe, SHAPE)
    segment, callbacks = more.get("segment", WHOLE), more.get("callbacks", Callbacks())
    whole = train(module, few[0], recipe, SgdNoise(0), mask=mask, segment=segment, callbacks=callbacks)
    return whole, train_shrunk(small, few[0], recipe, SgdNoise(0), segment=segment, callbacks=callbacks), mask, small


def assert_alike(ours, theirs, rtol=1e-3, atol=2e-5):
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        if name.endswith("conv.bias"):
            continue  # before an instance norm its gradient is rounding alone, of which Adam makes whole steps
        assert ours[name].dtype == tensor.dtype
        torch.testing.assert_close(
            ours[name], tensor, rtol=rtol, atol=atol, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("optimiser", ["sgd", "decay", "nesterov", "adam", "adamw"])
@pytest.mark.parametrize("build", BUILT.values(), ids=BUILT)
def test_states_and_moments_are_those_of_the_whole_network(few, build, optimiser):
    passed = []
    callbacks = Callbacks((0, 7), passed.append)
    whole, shrunk, mask, small = both(build, optimiser, few, callbacks=callbacks)
    assert small.left and (whole.update, whole.diverged) == (shrunk.update, shrunk.diverged)
    for ours, theirs in [(passed[2], passed[0]), (passed[3], passed[1]), (shrunk, whole)]:
        assert_alike(ours.state, theirs.state)
        assert_alike(ours.optimiser, theirs.optimiser)
        masks.assert_masked(ours.state, mask)


@pytest.mark.parametrize("optimiser", ["decay", "adamw"])
def test_what_is_left_out_is_stepped_as_in_the_whole(few, optimiser):
    """Its gradient is zero: it decays, and goes on by its moments, as it would in the whole network."""
    whole, shrunk, _, small = both(BUILT["mlp"], optimiser, few)
    assert any(name.endswith("weight") for name in small.left)
    for name, places in small.left.items():
        ours, theirs = (end.state[name].flatten()[places] for end in (shrunk, whole))
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)  # ends of rows round by themselves
        assert not torch.equal(shrunk.state[name].flatten()[places], small.whole[name].flatten()[places])


@pytest.mark.parametrize("optimiser", ["decay", "adam"])
def test_going_on_from_a_snapshot_is_bitwise(few, optimiser):
    _, uninterrupted, mask, _ = both(BUILT["mlp"], optimiser, few, 12)
    recipe, module = recipe_of(optimiser, 12), network("mlp")
    groups = trace(module, SHAPE).groups
    first = shrink_to_train(module, groups, mask, recipe, SHAPE)

    middle = train_shrunk(first, few[0], recipe, SgdNoise(0), segment=Segment(until=5), callbacks=Callbacks())
    module = network("mlp")
    module.load_state_dict(middle.state)
    again = shrink_to_train(module, groups, mask, recipe, SHAPE)
    rest = Segment(5, optimiser=middle.optimiser)
    end = train_shrunk(again, few[0], recipe, SgdNoise(0), segment=rest, callbacks=Callbacks())
    assert same(end.state, uninterrupted.state) and same(end.optimiser, uninterrupted.optimiser)


def test_a_training_that_is_stopped_gives_the_whole_state(few):
    recipe, module = recipe_of("decay", 40), network("mlp")
    small = shrink_to_train(module, trace(module, SHAPE).groups, with_dead(module, 1), recipe, SHAPE)
    callbacks = Callbacks(pulse=lambda update, loss: True)
    with pytest.raises(TrainingStopped) as stopped:
        train_shrunk(small, few[0], recipe, SgdNoise(0), segment=WHOLE, callbacks=callbacks)
    assert list(stopped.value.snapshot.state) == list(module.state_dict())
    assert all(tensor.shape == module.state_dict()[name].shape for name, tensor in stopped.value.snapshot.state.items())


def small_resnet():
    module = resnet.build(CifarResNet(depth=8, width=8), SHAPE, 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def emptied(module, mask, kernel, reader, units):
    """The mask without any weight to or from some units."""
    mask[kernel][units], mask[reader][:, units] = False, False
    return mask


def test_statistics_of_units_that_nothing_reads_stay():
    """Batch norm's are stored, whoever reads them."""
    module = small_resnet()
    recipe, groups = recipe_of("decay"), trace(module, SHAPE).groups
    assert shrink_to_train(module, groups, with_dead(module, 1), recipe, SHAPE) is None


@pytest.mark.parametrize("optimiser", ["decay", "adam"])
def test_statistics_of_nothing_but_zeros_fade(few, optimiser):
    """Of channels without weights, as of those of the whole network; from any update on."""
    recipe, module = recipe_of(optimiser, 12), small_resnet()
    groups, mask = trace(module, SHAPE).groups, masks.dense(module)
    emptied(module, mask, "blocks.0.first.conv.weight", "blocks.0.second.conv.weight", [1, 2, 5])
    emptied(module, mask, "blocks.2.first.conv.weight", "blocks.2.second.conv.weight", [0, 3, 4, 30, 31])
    small = shrink_to_train(small_resnet(), groups, mask, recipe, SHAPE)
    assert small.module.blocks[0].first.norm.running_var.shape == (5,)
    passed = []
    callbacks = Callbacks((5,), passed.append)
    whole = train(module, few[0], recipe, SgdNoise(0), mask=mask, callbacks=callbacks)
    shrunk = train_shrunk(small, few[0], recipe, SgdNoise(0), segment=WHOLE, callbacks=callbacks)
    assert_alike(passed[1].state, passed[0].state)
    assert_alike(shrunk.state, whole.state, atol=1e-4)
    variance = whole.state["blocks.0.first.norm.running_var"]
    torch.testing.assert_close(variance[[1, 2, 5]], torch.full((3,), 0.9**12))
    module.load_state_dict(passed[1].state)
    again = shrink_to_train(module, groups, mask, recipe, SHAPE, 5)
    rest = Segment(5, optimiser=passed[1].optimiser)
    end = train_shrunk(again, few[0], recipe, SgdNoise(0), segment=rest, callbacks=Callbacks())
    assert_alike(end.state, shrunk.state, rtol=1e-6, atol=1e-9)


def test_statistics_of_a_bias_do_not_fade():
    """A convolution with a bias gives a norm its bias, where it has no weights."""
    module = network("convnet")
    mask = emptied(module, masks.dense(module), "blocks.0.conv.weight", "blocks.1.conv.weight", [0, 1, 2])
    module.blocks[0].conv.bias.data.fill_(1)
    assert shrink_to_train(module, trace(module, SHAPE).groups, mask, recipe_of("decay"), SHAPE) is None


def test_networks_that_have_to_stay_whole():
    module = network("mlp")
    mask, groups = with_dead(module, 1), trace(module, SHAPE).groups
    assert shrink_to_train(module, groups, mask, recipe_of("decay"), SHAPE) is not None
    assert shrink_to_train(module, groups, mask, recipe_of("lars"), SHAPE) is None
    module.layers.append(nn.Dropout())
    assert shrink_to_train(module, groups, mask, recipe_of("decay"), SHAPE) is None


def test_a_frozen_part_of_a_dead_unit_stays_as_it_was(few):
    recipe, module = recipe_of("decay", 8), network("mlp")
    module.layers[0].bias.requires_grad_(False)
    module.layers[0].bias.data.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    small = shrink_to_train(module, trace(module, SHAPE).groups, with_dead(module, 1), recipe, SHAPE)
    end = train_shrunk(small, few[0], recipe, SgdNoise(0), segment=WHOLE, callbacks=Callbacks())
    assert torch.equal(end.state["layers.0.bias"], module.layers[0].bias) and "layers.0.bias" in small.small.places


@pytest.mark.gpu
@pytest.mark.parametrize("build", BUILT.values(), ids=BUILT)
def test_on_a_gpu_it_is_the_same_to_rounding(cuda, few_on_gpu, build):
    recipe, module = recipe_of("decay", 20), build().to(cuda)
    mask = with_dead(module, 1)
    mask = {name: keep.to(cuda) for name, keep in mask.items()}
    small = shrink_to_train(build().to(cuda), trace(build(), SHAPE).groups, mask, recipe, SHAPE)
    whole = train(module, few_on_gpu[0], recipe, SgdNoise(0), mask=mask)
    end = train_shrunk(small, few_on_gpu[0], recipe, SgdNoise(0), segment=WHOLE, callbacks=Callbacks())
    assert_alike(end.state, whole.state, rtol=1e-2, atol=1e-3)
    assert_alike(end.optimiser, whole.optimiser, rtol=1e-2, atol=1e-3)
