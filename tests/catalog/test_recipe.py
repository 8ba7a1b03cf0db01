"""Schedules against a schedule stepped update by update and against torch's; recipes as documents."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe, as_document, from_document
from lmcspec.catalog.schedules.constant import Constant
from lmcspec.catalog.schedules.cosine import Cosine
from lmcspec.catalog.schedules.linear import Linear
from lmcspec.catalog.schedules.steps import Steps


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=4, unique=True),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.integers(0, 20),
)
def test_the_multiplier_is_that_of_a_naive_walk(milestones, factor, warmup):
    schedule = Steps(at=as_steps(tuple(sorted(milestones))), factor=factor, warmup=as_steps(warmup))
    rate = 1.0
    for update in range(70):
        if update in milestones:
            rate *= factor
        ramp = update / warmup if update < warmup else 1.0
        assert schedule.multiplier(update, 70) == pytest.approx(rate * ramp, rel=1e-12)


def test_a_drop_is_in_force_for_the_update_at_its_milestone():
    schedule = Steps(at=as_steps((32_000, 48_000)), factor=0.1)
    assert [schedule.multiplier(at, 64_000) for at in (31_999, 32_000, 47_999)] == pytest.approx([1, 0.1, 0.1])
    assert schedule.multiplier(48_000, 64_000) == pytest.approx(0.01)


def test_warm_up_begins_at_zero():
    assert Constant(warmup=as_steps(30_000)).multiplier(0, 40_000) == 0
    assert Constant(warmup=as_steps(30_000)).multiplier(15_000, 40_000) == 0.5
    assert Constant(warmup=as_steps(30_000)).multiplier(30_000, 40_000) == 1


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("lr", [0.1, 3.0])
def test_cosine_is_torchs_annealing(final, lr):
    import torch

    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=50, eta_min=final * lr)
    for update in range(50):
        assert lr * Cosine(final=final).multiplier(update, 50) == pytest.approx(
            theirs.get_last_lr()[0], rel=1e-9, abs=1e-12
        )
        optimiser.step()
        theirs.step()


@given(st.integers(1, 60), st.integers(0, 30), st.floats(0, 1), st.integers(0, 80))
def test_cosine_and_linear_are_their_formulas(more, warmup, final, update):
    end = warmup + more
    p = (update - warmup) / more
    if update < warmup:
        expected = [update / warmup] * 2
    else:
        expected = [final + (1 - final) * math.cos(math.pi * p / 2) ** 2, (1 - p) + final * p]
    found = [kind(final=final, warmup=as_steps(warmup)).multiplier(update, end) for kind in (Cosine, Linear)]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", [Cosine, Linear])
def test_a_falling_rate_begins_whole_after_its_warm_up_and_ends_at_its_share(kind):
    schedule = kind(final=0.25, warmup=as_steps(20))
    assert [schedule.multiplier(at, 100) for at in (0, 10, 20, 60, 100)] == pytest.approx([0, 0.5, 1, 0.625, 0.25])
    assert kind(warmup=as_steps(20)).multiplier(19, 20) == 0.95  # nothing but warm-up


@pytest.mark.parametrize("optimiser", [Sgd(lr=0.1, momentum=0.9), Adam(lr=0.1), AdamW(lr=0.1, weight_decay=0.2)])
@pytest.mark.parametrize(
    "schedule",
    [Steps(at=as_steps((3, 5)), factor=0.1, warmup=as_steps(2)), Cosine(final=0.1, warmup=as_steps(2)), Linear()],
)
def test_a_recipe_is_its_document(optimiser, schedule):
    import json

    recipe = Recipe(9, 32, optimiser, schedule, Augment(flip=True, crop=2))
    assert from_document(json.loads(json.dumps(as_document(recipe)))) == recipe


def test_what_a_document_held_from_the_beginning():
    assert as_document(Recipe(9, 32, Sgd(lr=0.1))) == {
        "length": 9,
        "batch": 32,
        "optimiser": {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False, "name": "sgd"},
        "schedule": {"milestones": [], "factor": 1.0, "warmup": 0},
        "augment": {"flip": False, "crop": 0},
        "optimiser_state": "fresh",
        "precision": "float32",
    }
