"""Distances between gradients against loops over units and values."""

import pytest
import torch
from torch import nn

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.science.distill.matching import DISTANCES, gradients
from lmcspec.science.distill.norms import frozen_statistics
from lmcspec.science.models import construct, convnet


def network(norm="instance"):
    module = construct(convnet.build, ConvNet(depth=2, width=3, norm=norm), (2, 8, 8), 4)
    draws = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=draws) / 3)
    return module


def by_loops(name, one, other):
    total = 0.0
    for a, b in zip(one, other, strict=True):
        if name == "mse":
            total += sum((x - y) ** 2 for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
        elif name == "l1":
            total += sum(abs(x - y) for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
        elif a.ndim > 1:
            for x, y in zip(a, b, strict=True):
                total += 1 - float((x * y).sum() / (x.square().sum().sqrt() * y.square().sum().sqrt() + 1e-6))
    return total


@pytest.mark.parametrize("name", DISTANCES)
def test_distances_are_loops(name):
    draws = torch.Generator().manual_seed(1)
    one, other = ([torch.randn(p.shape, generator=draws) for p in network().parameters()] for _ in range(2))
    assert DISTANCES[name](one, other).item() == pytest.approx(by_loops(name, one, other), rel=1e-4)
    assert DISTANCES[name](one, one).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", DISTANCES)
def test_the_gradient_by_the_images_is_that_of_differences(name):
    module = network().double()
    parameters = list(module.parameters())
    draws = torch.Generator().manual_seed(2)
    real, images = (torch.randn(5, 2, 8, 8, generator=draws, dtype=torch.float64) for _ in range(2))
    labels = torch.tensor([0, 1, 2, 3, 0])
    wanted = gradients(module, real, labels, parameters)

    def distance(x):
        return DISTANCES[name](wanted, gradients(module, x, labels, parameters, graph=True))

    images.requires_grad_(True)
    (found,) = torch.autograd.grad(distance(images), images)
    direction = torch.randn(images.shape, generator=draws, dtype=torch.float64)
    step = 1e-6
    with torch.enable_grad():
        difference = (distance(images + step * direction) - distance(images - step * direction)) / (2 * step)
    assert (found * direction).sum().item() == pytest.approx(difference.item(), rel=1e-4)


def test_gradients_that_are_matched_hold_no_graph():
    module = network()
    found = gradients(module, torch.zeros(1, 2, 8, 8), torch.tensor([0]), list(module.parameters()))
    assert all(not gradient.requires_grad for gradient in found)


def test_batch_norms_take_the_statistics_they_are_given_and_forget_them():
    module = network("batch").train()
    draws = torch.Generator().manual_seed(3)
    reference, images = (torch.randn(count, 2, 8, 8, generator=draws) for count in (40, 3))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with frozen_statistics(module, reference):
        one, alone = module(images), module(images[:1])
        norm = module.blocks[0].norm
        x = module.blocks[0].conv(reference)
        torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)))
        torch.testing.assert_close(norm.running_var, x.var((0, 2, 3), unbiased=True))
    torch.testing.assert_close(one[:1], alone)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(part.training for part in module.modules())
    assert module.blocks[0].norm.momentum == nn.BatchNorm2d(1).momentum
