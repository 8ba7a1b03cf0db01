"""The steps of torch.optim, bit by bit."""

import pytest
import torch

from lmcspec.base.recipes import Adam, AdamW, Sgd
from lmcspec.science.optimisers import stepper

SGD = [
    Sgd(0.1),
    Sgd(0.1, momentum=0.9),
    Sgd(0.1, momentum=0.9, weight_decay=1e-2),
    Sgd(0.1, momentum=0.9, weight_decay=1e-2, nesterov=True),
]
ADAM = [Adam(1e-2), Adam(1e-2, beta1=0.5, beta2=0.9, eps=1e-4, weight_decay=1e-2)]
ADAMW = [AdamW(1e-2), AdamW(1e-2, beta1=0.5, beta2=0.9, eps=1e-4, weight_decay=0.3), AdamW(1e-2, weight_decay=0)]


def torchs(config, parameters):
    if isinstance(config, Sgd):
        given = {"momentum": config.momentum, "nesterov": config.nesterov}
        return torch.optim.SGD(parameters, lr=config.lr, weight_decay=config.weight_decay, foreach=True, **given)
    given = {"betas": (config.beta1, config.beta2), "eps": config.eps}
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
    for config, other in ((Adam(0.1), Sgd(0.1, momentum=0.9)), (Sgd(0.1), Sgd(0.1, momentum=0.9))):
        with pytest.raises(ValueError, match="another optimiser"):
            stepper(config, ["w"], weights).load(stepper(other, ["w"], weights).state())
    momentum = Sgd(0.1, momentum=0.9)
    with pytest.raises(ValueError, match="momentum/v"):
        stepper(momentum, ["w"], weights).load(stepper(momentum, ["v"], weights).state())
