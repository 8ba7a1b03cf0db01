"""Rewinding, learning-rate rewinding, fine-tuning and one-shot pruning as studies, against a plain loop."""

import pytest
from loop_for_tests import DROP, FRACTION, HEADER, LENGTH, Weights, initial, pruned, raw_digits, same, trained
from safetensors.torch import load_file
from specs_for_tests import plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

STUDY = f"""
study = "retraining"
{HEADER}[networks]
rewound = [{{ rounds = 2, fraction = {FRACTION}, rewind = "5it" }}]
lr-rewound = [{{ rounds = 2, fraction = {FRACTION}, start = "trained", schedule_from = "5it" }}]
fine-tuned = [{{ rounds = 2, fraction = {FRACTION}, start = "trained", schedule_from = "{DROP}it" }}]
one-shot = [{{ rounds = 1, sparsity = 0.75, rewind = "5it" }}]
one-shot-lr = [{{ rounds = 1, sparsity = 0.75, start = "trained", schedule_from = "5it" }}]
each-from-dense = [{{ rounds = 2, fraction = {FRACTION}, iterative = false, start = "trained", schedule_from = "5it" }}]
[measures]
accuracy = {{}}
"""


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
    return raw_digits()


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
