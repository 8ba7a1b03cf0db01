"""Rewinding, learning-rate rewinding, fine-tuning and one-shot pruning as studies, against a plain loop."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from specs_for_tests import plan_of
from torch.nn import functional as F

from lmcspec.base import streams
from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.science.data import load
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

LENGTH, DROP, BATCH, RATE, FRACTION = 20, 14, 256, 0.1, 0.5
STUDY = f"""
study = "retraining"
dataset = {{ name = "digits", space = "raw" }}
model = {{ name = "mlp", widths = [16] }}
[recipes.real]
length = "{LENGTH}it"
batch = {BATCH}
optimiser = {{ name = "sgd", lr = {RATE}, momentum = 0.9 }}
schedule = {{ name = "steps", at = ["{DROP}it"], factor = 0.1 }}
[networks]
rewound = [{{ rounds = 2, fraction = {FRACTION}, rewind = "5it" }}]
lr-rewound = [{{ rounds = 2, fraction = {FRACTION}, start = "trained", schedule_from = "5it" }}]
fine-tuned = [{{ rounds = 2, fraction = {FRACTION}, start = "trained", schedule_from = "{DROP}it" }}]
one-shot = [{{ rounds = 1, sparsity = 0.75, rewind = "5it" }}]
one-shot-lr = [{{ rounds = 1, sparsity = 0.75, start = "trained", schedule_from = "5it" }}]
each-from-dense = [{{ rounds = 2, fraction = {FRACTION}, iterative = false, start = "trained", schedule_from = "5it" }}]
[measures]
accuracy = {{}}
"""

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """(plan, network, level -> the state that the study ended in)."""
    plan = plan_of(STUDY)
    store = Store.open(tmp_path_factory.mktemp("retraining") / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed

    def state(network: str, level: int) -> Weights:
        (task,) = {target.task for target in plan.targets if (target.network, target.level) == (network, level)}
        found = store.find(task)
        assert found is not None
        return load_file(found.out / "state.safetensors")

    return state


@pytest.fixture(scope="module")
def images():
    data = load("digits").train
    return data.images.float() / 16, data.labels


def initial() -> Weights:
    weights = {}
    for layer, m, n in (("layers.0", 16, 64), ("classifier", 10, 16)):
        for own, shape in (("weight", (m, n)), ("bias", (m,))):
            draws = streams.uniforms(int(np.prod(shape)), "init", 0, f"{layer}.{own}")
            weights[f"{layer}.{own}"] = torch.tensor((2 * draws - 1) / n**0.5, dtype=torch.float32).view(shape)
    return weights


def trained(images, start: Weights, masks: Weights, begin: int, level: int, end: int = LENGTH) -> Weights:
    """Momentum SGD under the schedule from update `begin` on, momentum anew."""
    x, y = images
    names = ["layers.0.weight", "layers.0.bias", "classifier.weight", "classifier.bias"]
    weights = [(start[name] * masks.get(name, torch.ones(1))).requires_grad_() for name in names]
    velocity = [torch.zeros_like(weight) for weight in weights]
    for t in range(begin, end):
        order = streams.permutation(len(x), "order", 0, 0, level, t // 6)
        batch = torch.tensor(order[t % 6 * BATCH : (t % 6 + 1) * BATCH])
        hidden = F.relu(F.linear(x[batch].flatten(1), weights[0], weights[1]))
        gradients = torch.autograd.grad(F.cross_entropy(F.linear(hidden, weights[2], weights[3]), y[batch]), weights)
        with torch.no_grad():
            for name, weight, speed, gradient in zip(names, weights, velocity, gradients, strict=True):
                speed.mul_(0.9).add_(gradient)
                weight.sub_(speed, alpha=RATE * (0.1 if t >= DROP else 1)).mul_(masks.get(name, torch.ones(1)))
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


def test_rewinding(states, images):
    dense = trained(images, initial(), {}, 0, 0)
    assert same(states("rewound", 0), dense)
    back = trained(images, initial(), {}, 0, 0, end=5)
    masks, end = {}, dense
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(end, masks, sparsity)
        end = trained(images, back, masks, 5, level)
        assert same(states("rewound", level), end)


@pytest.mark.parametrize(("network", "begin"), [("lr-rewound", 5), ("fine-tuned", DROP)])
def test_learning_rate_rewinding_and_fine_tuning_go_on_from_trained_weights(states, images, network, begin):
    masks, end = {}, trained(images, initial(), {}, 0, 0)
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(end, masks, sparsity)
        end = trained(images, end, masks, begin, level)
        assert same(states(network, level), end)


def test_one_shot(states, images):
    dense = trained(images, initial(), {}, 0, 0)
    masks = pruned(dense, {}, 0.75)
    back = trained(images, initial(), {}, 0, 0, end=5)
    assert same(states("one-shot", 1), trained(images, back, masks, 5, 1))
    assert same(states("one-shot-lr", 1), trained(images, dense, masks, 5, 1))


def test_levels_that_are_each_cut_from_the_dense_network_go_on_from_it(states, images):
    dense = trained(images, initial(), {}, 0, 0)
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(dense, {}, sparsity)
        assert same(states("each-from-dense", level), trained(images, dense, masks, 5, level))


def test_fine_tuning_on_the_first_of_several_levels_is_that_of_one():
    plan = plan_of(STUDY)
    assert plan.roles["fine-tuned/s0/l1/mask"] == plan.roles["lr-rewound/s0/l1/mask"]
    assert plan.roles["one-shot/s0/l1/mask"] == plan.roles["one-shot-lr/s0/l1/mask"]
    task = plan.tasks[plan.roles["fine-tuned/s0/l1/train"]]
    assert (task.params.begin, task.params.until) == (DROP, LENGTH)
