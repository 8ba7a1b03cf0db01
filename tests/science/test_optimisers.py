"""The steps of torch.optim, bit by bit."""

import pytest
import torch

from lmcspec.catalog.optimisers.adam import Adam, AdamW
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
        return torch.optim.SGD(parameters, lr=config.lr, weight_decay=config.weight_decay, foreach=True, **given)
    given = {"betas": config.betas, "eps": config.eps}
    kind = torch.optim.Adam if isinstance(config, Adam) else torch.optim.AdamW
    return kind(parameters, lr=config.lr, weight_decay=config.weight_decay, foreach=True, **given)


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


def test_a_state_of_something_else_is_an_error():
    weights = [torch.ones(2)]
    for config, other in ((Adam(lr=0.1), Sgd(lr=0.1, momentum=0.9)), (Sgd(lr=0.1), Sgd(lr=0.1, momentum=0.9))):
        with pytest.raises(ValueError, match="another optimiser"):
            stepper(config, ["w"], weights).load(stepper(other, ["w"], weights).state())
    momentum = Sgd(lr=0.1, momentum=0.9)
    with pytest.raises(ValueError, match="momentum/v"):
        stepper(momentum, ["w"], weights).load(stepper(momentum, ["v"], weights).state())
