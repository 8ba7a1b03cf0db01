"""The rate of each update, as schedule and warm-up have it."""

import pytest
import torch
from trainings_for_tests import network, recipe_of

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.schedules.constant import Constant
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science.optimisers.sgd import SgdSteps
from lmcspec.science.train import Segment, train


def test_the_rate_has_dropped_at_the_milestone_and_warms_up_from_zero(few, monkeypatch):
    rates, step = [], SgdSteps.step
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: (rates.append(lr), step(self, gradients, lr)))
    schedule = Steps(at=as_steps((6, 8)), factor=0.1, warmup=as_steps(4))
    train(network("mlp"), few[0], recipe_of("sgd", 10, schedule=schedule), SgdNoise(0))
    assert rates == pytest.approx([0, 0.025, 0.05, 0.075, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    rates.clear()
    train(network("mlp"), few[0], recipe_of("sgd", 10, schedule=schedule), SgdNoise(0), segment=Segment(7))
    assert rates == pytest.approx([0.01, 0.001, 0.001])


def test_a_run_that_begins_inside_the_warm_up_has_the_rate_there(few, monkeypatch):
    """Redrawn weights that are trained from k: not from the warm-up's beginning."""
    rates, step = [], SgdSteps.step
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: (rates.append(lr), step(self, gradients, lr)))
    recipe = recipe_of("sgd", 10, schedule=Steps(at=as_steps((8,)), factor=0.1, warmup=as_steps(5)))
    train(network("mlp"), few[0], recipe, SgdNoise(0), segment=Segment(3))
    assert rates == pytest.approx([0.06, 0.08, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_the_first_update_of_a_warm_up_moves_statistics_but_no_weight(few):
    module = network("convnet")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    after = train(
        module, few[0], recipe_of(schedule=Constant(warmup=as_steps(5))), SgdNoise(0), segment=Segment(until=1)
    )
    parameters = {name for name, _ in module.named_parameters()}
    assert all(torch.equal(before[name], after.state[name]) == (name in parameters) for name in before)
    assert all(tensor.any() for tensor in after.optimiser.values())
