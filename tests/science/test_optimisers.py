"""The steps of torch.optim, bit by bit."""

import pytest
import torch

from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.lars import Lars
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science.optimisers import stepper

SGD = [
    Sgd(lr=0.1),
    Sgd(lr=0.1, momentum=0.9),
    Sgd(lr=0.1, momentum=0.9, weight_decay=1e-2),
    Sgd(lr=0.1, momentum=0.9, weight_decay=1e-2, nesterov=True),
]
ADAM = [Adam(lr=1e-2), Adam(lr=1e-2, eps=1e-4, weight_decay=1e-2, betas=(0.5, 0.9))]
ADAMW = [AdamW(lr=1e-2), AdamW(lr=1e-2, eps=1e-4, weight_decay=0.3, betas=(0.5, 0.9)), AdamW(lr=1e-2, weight_decay=0)]


def torchs(config, parameters):
    if isinstance(config, Sgd):
        given = {"momentum": config.momentum, "nesterov": config.nesterov}
        return torch.optim.SGD(parameters, lr=config.lr, weight_decay=config.weight_decay, fused=True, **given)
    given = {"betas": config.betas, "eps": config.eps}
    kind = torch.optim.Adam if isinstance(config, Adam) else torch.optim.AdamW
    return kind(parameters, lr=config.lr, weight_decay=config.weight_decay, fused=True, **given)


@pytest.mark.parametrize("config", [*SGD, *ADAM, *ADAMW])
def test_twenty_updates_are_bitwise_torchs_under_a_changing_rate(config):
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in ((7, 33), (5,), (2, 3, 3, 3))]
    theirs = [tensor.clone().requires_grad_() for tensor in start]
    ours = [tensor.clone() for tensor in start]
    optimiser, own = torchs(config, theirs), stepper(config, ["a", "b", "c"], ours)
    for update in range(20):
        rate = config.lr * (0.1 if update >= 10 else 1)
        gradients = [torch.randn(tensor.shape, generator=generator) for tensor in start]
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = gradient.clone()
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        own.step(gradients, rate)
        assert all(torch.equal(one.detach(), other) for one, other in zip(theirs, ours, strict=True))


@pytest.mark.parametrize("config", [SGD[3], ADAM[1], ADAMW[1]])
def test_it_does_not_matter_how_tensors_lie_in_memory(config):
    """Torch's fused steps go through memory from end to end, whatever the strides of weights and gradients are."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn((8, 6, 3, 3), generator=generator)
    gradients = [torch.randn(start.shape, generator=generator) for _ in range(3)]
    ends = []
    for weights, given in (
        (start.clone(), gradients),
        (start.to(memory_format=torch.channels_last), gradients),
        (start.clone(), [gradient.to(memory_format=torch.channels_last) for gradient in gradients]),
        (start.clone(), [gradient.transpose(0, 1).contiguous().transpose(0, 1) for gradient in gradients]),
    ):
        own = stepper(config, ["w"], [weights])
        for gradient in given:
            own.step([gradient], config.lr)
        ends.append(weights)
    for end in ends[1:]:
        torch.testing.assert_close(end, ends[0], rtol=1e-6, atol=1e-7)


def test_a_state_of_something_else_is_an_error():
    weights = [torch.ones(2)]
    for config, other in ((Adam(lr=0.1), Sgd(lr=0.1, momentum=0.9)), (Sgd(lr=0.1), Sgd(lr=0.1, momentum=0.9))):
        with pytest.raises(ValueError, match="another optimiser"):
            stepper(config, ["w"], weights).load(stepper(other, ["w"], weights).state())
    momentum = Sgd(lr=0.1, momentum=0.9)
    with pytest.raises(ValueError, match="momentum/v"):
        stepper(momentum, ["w"], weights).load(stepper(momentum, ["v"], weights).state())


@pytest.mark.parametrize("config", [Lars(lr=0.5), Lars(lr=0.5, momentum=0.0, weight_decay=0.1, trust=0.02)])
def test_lars_moves_each_layer_by_a_share_of_its_norm(config):
    """Against the algorithm of its paper, layer by layer in plain numbers; biases take the rate as it is."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((4, 3), (5,), (2, 3, 3, 3))]
    weights.append(torch.zeros(2, 2, dtype=torch.float64))
    plain = [tensor.flatten().tolist() for tensor in weights]
    velocities = [[0.0] * len(values) for values in plain]
    ours = stepper(config, ["a", "b", "c", "d"], weights)
    for update in range(6):
        rate = config.lr / (1 + update)
        gradients = [torch.randn(tensor.shape, generator=generator, dtype=torch.float64) for tensor in weights]
        if update == 3:
            gradients[0].zero_()
        for place, gradient in enumerate(gradients):
            slopes, values = gradient.flatten().tolist(), plain[place]
            size = sum(value * value for value in values) ** 0.5
            slope = sum(value * value for value in slopes) ** 0.5
            decay = config.weight_decay if gradient.ndim > 1 else 0.0
            scale = config.trust * size / (slope + decay * size) if gradient.ndim > 1 and size and slope else 1.0
            for index, value in enumerate(values):
                step = rate * scale * (slopes[index] + decay * value)
                velocities[place][index] = config.momentum * velocities[place][index] + step
                values[index] -= velocities[place][index]
        ours.step(gradients, rate)
        for tensor, values in zip(weights, plain, strict=True):
            assert tensor.flatten().tolist() == pytest.approx(values, rel=1e-9, abs=1e-15)
