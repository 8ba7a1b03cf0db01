"""Iterative magnitude pruning and instability analysis against a second, plain implementation.

The reference below is written straight from the two algorithms of Frankle et al. and shares nothing with the
library but the random streams.
"""

import pytest
import torch
from torch.nn import functional as F

from lmcspec.base import streams

SIZES, BATCH, RATE, MOMENTUM, LENGTH, FRACTION, LEVELS, DRAW = (64, 24, 16, 10), 32, 0.1, 0.9, 47, 0.36, 3, 5


def reference_initial():
    weights = []
    for name, n, m in zip(("layers.0", "layers.1", "classifier"), SIZES, SIZES[1:], strict=False):
        for own, shape in (("weight", (m, n)), ("bias", (m,))):
            draws = streams.uniforms(torch.Size(shape).numel(), "init", DRAW, f"{name}.{own}")
            weights.append(torch.tensor((2 * draws - 1) / n**0.5, dtype=torch.float32).view(shape))
    return weights


def reference_forward(weights, x):
    x = x.flatten(1)
    x = F.relu(F.linear(x, weights[0], weights[1]))
    x = F.relu(F.linear(x, weights[2], weights[3]))
    return F.linear(x, weights[4], weights[5])


def reference_train(start, masks, x, y, begin, end, copy, level, keep=None):
    """A^{begin -> end}(m * W, u): momentum SGD, the mask applied again after every update."""
    weights = [(w * m).requires_grad_() for w, m in zip(start, masks, strict=True)]
    optimiser = torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM, fused=True)
    per_epoch = -(-len(x) // BATCH)
    for t in range(begin, end):
        if t == keep:
            kept = [w.detach().clone() for w in weights]
        order = streams.permutation(len(x), "order", DRAW, copy, level, t // per_epoch)
        batch = torch.tensor(order[t % per_epoch * BATCH : (t % per_epoch + 1) * BATCH])
        gradients = torch.autograd.grad(F.cross_entropy(reference_forward(weights, x[batch]), y[batch]), weights)
        for w, g in zip(weights, gradients, strict=True):
            w.grad = g
        optimiser.step()
        with torch.no_grad():
            for w, m in zip(weights, masks, strict=True):
                w.mul_(m)
    weights = [w.detach() for w in weights]
    return (weights, kept) if keep is not None else weights


def reference_prune(weights, masks):
    """Sort all survivors by magnitude; the lowest FRACTION of them go."""
    ranked = sorted((abs(float(w[i])), n, i)
                    for n, (w, m) in enumerate(zip([w.flatten() for w in weights], masks, strict=True)) if n % 2 == 0
                    for i in m.flatten().nonzero().flatten().tolist())  # fmt: skip
    new = [m.clone() for m in masks]
    for _, n, i in ranked[: int(FRACTION * len(ranked) + 0.5)]:
        new[n].view(-1)[i] = 0
    return new


def reference_imp(x, y, k):
    """Masks of levels 0 … LEVELS, and W_k."""
    w0 = reference_initial()
    masks = [[torch.ones_like(w) for w in w0]]
    trained, wk = reference_train(w0, masks[0], x, y, 0, LENGTH, 0, 0, keep=k)
    for level in range(1, LEVELS + 1):
        masks.append(reference_prune(trained, masks[-1]))
        trained = reference_train(wk, masks[-1], x, y, k, LENGTH, 0, level)
    return masks, wk


def reference_curve(one, two, x, y):
    """Error and loss at 30 evenly spaced points from the one to the two."""
    errors, losses = [], []
    for alpha in [i / 29 for i in range(30)]:
        logits = reference_forward([(1 - alpha) * a + alpha * b for a, b in zip(one, two, strict=True)], x)
        errors.append((logits.argmax(1) != y).double().mean().item())
        losses.append(F.cross_entropy(logits.double(), y).item())
    return errors, losses


@pytest.mark.parametrize("k", [0, 13])
def test_masks_and_curves_are_those_of_the_plain_algorithm(few, k):
    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.models.mlp import Mlp
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.science import curves, masks, paths
    from lmcspec.science.criteria.magnitude import scores
    from lmcspec.science.initial import initial_state
    from lmcspec.science.models import construct
    from lmcspec.science.models.mlp import build
    from lmcspec.science.shares import count_to_prune
    from lmcspec.science.train import Callbacks, Segment, train

    data, test = few
    expected, wk = reference_imp(data.images, data.labels, k)

    module = construct(build, Mlp(name="mlp", widths=SIZES[1:-1]), (1, 8, 8), 10)
    recipe = Recipe(length=LENGTH, batch=BATCH, optimiser=Sgd(lr=RATE, momentum=MOMENTUM))

    def run(state, level, copy=0, begin=0, mask=None, **more):
        module.load_state_dict(state)
        return train(module, data, recipe, SgdNoise(DRAW, copy, level), segment=Segment(begin), mask=mask, **more).state

    kept = []
    end = run(initial_state(module, "default", ("init", DRAW)), 0, callbacks=Callbacks((k,), kept.append))
    rewound = kept[0].state
    for name, weight in zip(rewound, wk, strict=True):
        assert torch.equal(rewound[name], weight)
    mask = masks.dense(module)
    for level in range(1, LEVELS + 1):
        mask = masks.prune(scores(end, mask), mask, count_to_prune(FRACTION, masks.survivors(mask)))
        for name, whole in zip(mask, expected[level][::2], strict=True):
            assert torch.equal(mask[name], whole.bool()), (level, name)
        end = run(rewound, level, begin=k, mask=mask)
    assert masks.survivors(mask) == 545  # 2080 -749 -479 -307

    sides = [run(rewound, LEVELS, copy, k, mask) for copy in (0, 1)]
    plain = [reference_train(wk, expected[-1], data.images, data.labels, k, LENGTH, copy, LEVELS) for copy in (0, 1)]
    on = paths.Evaluated(test, data)
    found = paths.curves(module, paths.Ends(*sides, mask), curves.alphas(30), on, ("average",))["average"]
    for split, errors, losses in (
        (data, found.values("train", "error"), found.values("train", "loss")),
        (test, found.values("test", "error"), found.values("test", "loss")),
    ):
        expected_errors, expected_losses = reference_curve(*plain, split.images, split.labels)
        errors, losses = curves.own_points(errors, 30), curves.own_points(losses, 30)
        assert list(errors) == expected_errors
        assert losses == pytest.approx(expected_losses, abs=1e-6)
        assert curves.instability(errors) == max(expected_errors) - (expected_errors[0] + expected_errors[-1]) / 2
