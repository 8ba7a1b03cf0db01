"""A plain training loop of an MLP on digits, and plain pruning: what studies of that network are compared with."""

import numpy as np
import torch
from torch.nn import functional as F

from lmcspec.base import streams
from lmcspec.science.data import load

LENGTH, DROP, BATCH, RATE, FRACTION = 20, 14, 256, 0.1, 0.5
"""Updates, the one before which the rate drops to a tenth, images at once, the rate, and what a round prunes."""
Weights = dict[str, torch.Tensor]


HEADER = f"""
dataset = {{ name = "digits", space = "raw" }}
model = {{ name = "mlp", widths = [16] }}
[recipes.real]
length = "{LENGTH}it"
batch = {BATCH}
optimiser = {{ name = "sgd", lr = {RATE}, momentum = 0.9 }}
schedule = {{ name = "steps", at = ["{DROP}it"], factor = 0.1 }}
"""
"""What the loop does, in a spec."""


def raw_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The training images in [0, 1] and their labels."""
    data = load("digits").train
    return data.images.float() / 16, data.labels


def initial(stream: str = "init", *draw: int) -> Weights:
    """The first replicate's initial weights, or those of another stream."""
    weights = {}
    for layer, m, n in (("layers.0", 16, 64), ("classifier", 10, 16)):
        for own, shape in (("weight", (m, n)), ("bias", (m,))):
            draws = streams.uniforms(int(np.prod(shape)), stream, 0, *draw, f"{layer}.{own}")
            weights[f"{layer}.{own}"] = torch.tensor((2 * draws - 1) / n**0.5, dtype=torch.float32).view(shape)
    return weights


def trained(
    images, start: Weights, masks: Weights, begin: int, level: int, end: int = LENGTH, rate: float = RATE
) -> Weights:
    """Momentum SGD under the schedule from update `begin` on, momentum anew."""
    x, y = images
    names = ["layers.0.weight", "layers.0.bias", "classifier.weight", "classifier.bias"]
    weights = [(start[name] * masks.get(name, torch.ones(1))).requires_grad_() for name in names]
    optimiser = torch.optim.SGD(weights, lr=rate, momentum=0.9, fused=True)
    for t in range(begin, end):
        order = streams.permutation(len(x), "order", 0, 0, level, t // 6)
        batch = torch.tensor(order[t % 6 * BATCH : (t % 6 + 1) * BATCH])
        hidden = F.relu(F.linear(x[batch].flatten(1), weights[0], weights[1]))
        gradients = torch.autograd.grad(F.cross_entropy(F.linear(hidden, weights[2], weights[3]), y[batch]), weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimiser.param_groups[0]["lr"] = rate * (0.1 if t >= DROP else 1)
        optimiser.step()
        with torch.no_grad():
            for name, weight in zip(names, weights, strict=True):
                weight.mul_(masks.get(name, torch.ones(1)))
    return {name: weight.detach() for name, weight in zip(names, weights, strict=True)}


def pruned(weights: Weights, masks: Weights, sparsity: float) -> Weights:
    """Masks with that share of all weights gone, the smallest survivors first."""
    names = ["layers.0.weight", "classifier.weight"]
    ranked = sorted(
        (abs(float(weights[name].flatten()[i])), name != names[0], i, name)
        for name in names
        for i in range(weights[name].numel())
        if not masks or masks[name].flatten()[i]
    )
    new = {name: masks[name].clone() if masks else torch.ones_like(weights[name]) for name in names}
    gone = sum(int(mask.numel() - mask.sum()) for mask in new.values())
    for _, _, i, name in ranked[: int(sparsity * 1184 + 0.5) - gone]:
        new[name].view(-1)[i] = 0
    return new


def same(found: Weights, expected: Weights) -> bool:
    assert set(found) == set(expected)
    return all(torch.equal(found[name], expected[name]) for name in expected)
