"""Channels first and last: the same networks to rounding, and a measurement that leaves no trace."""

import pytest
import torch
from torch import nn
from trainings_for_tests import half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import masks
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.layout import LAYOUTS, has_choice, lay_out, seconds_by_layout
from lmcspec.science.models import convnet, resnet
from lmcspec.science.train import Segment, train
from lmcspec.science.trial import Trial

TRIAL = Trial(4, (1, 8, 8), 10, "float32")


def small_resnet():
    module = resnet.build(CifarResNet(depth=8, width=4), (1, 8, 8), 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def is_last(tensor):
    return tensor.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("optimiser", ["sgd", "nesterov", "adam"])
def test_a_masked_training_is_the_same_to_rounding(few, optimiser):
    ends = []
    for order in LAYOUTS:
        module = lay_out(small_resnet(), order)
        mask = half(module)
        ends.append(train(module, few[0], recipe_of(optimiser, 4), SgdNoise(0), mask=mask))
        kernels = [
            parameter for parameter in module.parameters() if parameter.ndim == 4 and min(parameter.shape[1:3]) > 1
        ]
        assert all(is_last(kernel) == (order == "channels-last") for kernel in kernels)
        masks.assert_masked(ends[-1].state, mask)
    for name, tensor in ends[0].state.items():
        assert ends[1].state[name].is_contiguous()
        torch.testing.assert_close(ends[1].state[name], tensor, rtol=1e-4, atol=1e-5)
    for name, tensor in ends[0].optimiser.items():
        assert ends[1].optimiser[name].is_contiguous()
        torch.testing.assert_close(ends[1].optimiser[name], tensor, rtol=1e-3, atol=1e-5)


def test_going_on_is_bitwise_in_channels_last_too(few):
    whole = train(lay_out(small_resnet(), "channels-last"), few[0], recipe_of(length=12), SgdNoise(0))
    module = lay_out(small_resnet(), "channels-last")
    middle = train(module, few[0], recipe_of(length=12), SgdNoise(0), segment=Segment(until=5))
    module = lay_out(small_resnet(), "channels-last")
    module.load_state_dict(middle.state)
    rest = Segment(5, optimiser=middle.optimiser)
    assert same(whole.state, train(module, few[0], recipe_of(length=12), SgdNoise(0), segment=rest).state)


def small_convnet():
    """With instance norm, which is computed image by image channels last."""
    module = convnet.build(ConvNet(depth=3, width=8), (1, 8, 8), 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def test_a_training_with_instance_norm_is_the_same_to_rounding(few):
    ends = [train(lay_out(small_convnet(), order), few[0], recipe_of("sgd", 8), SgdNoise(0)) for order in LAYOUTS]
    for name, tensor in ends[0].state.items():
        torch.testing.assert_close(ends[1].state[name], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("build", [small_resnet, small_convnet])
def test_evaluations_agree(few, build):
    first, last = (evaluate(lay_out(build(), order), few[1]) for order in LAYOUTS)
    assert first.loss == pytest.approx(last.loss, rel=1e-5)


def test_weights_that_are_a_part_of_another_tensor_are_trained_as_any(few):
    """A fused step goes through memory from a tensor's first number on, and would take its neighbours for it."""
    ends = []
    for cut in (False, True):
        module = network("mlp")
        if cut:
            for parameter in module.parameters():
                if parameter.ndim == 2:
                    wide = torch.full((parameter.shape[0], parameter.shape[1] + 3), 7.0)
                    wide[:, : parameter.shape[1]] = parameter.data
                    parameter.data = wide[:, : parameter.shape[1]]
        ends.append(train(module, few[0], recipe_of(length=8), SgdNoise(0)).state)
    assert same(*ends)


def test_a_measurement_leaves_no_trace():
    module = small_resnet()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    torch.manual_seed(3)
    drawn = torch.get_rng_state()
    seconds = seconds_by_layout(nn.Sequential(module, nn.Dropout(0.5)), TRIAL)
    assert seconds.keys() == set(LAYOUTS) and all(0 < each < 60 for each in seconds.values())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert same(before, module.state_dict()) and module.training
    assert not any(is_last(parameter) and not parameter.is_contiguous() for parameter in module.parameters())


def test_only_convolutions_of_images_have_a_choice():
    assert has_choice(small_resnet()) and has_choice(network("convnet")) and not has_choice(network("mlp"))
