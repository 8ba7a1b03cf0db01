"""Schedules against a schedule stepped update by update and against torch's; recipes as documents."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.recipes import (
    Adam,
    AdamW,
    Augmentation,
    Cosine,
    Linear,
    Recipe,
    Schedule,
    Sgd,
    as_document,
    from_document,
)


@given(
    st.lists(st.integers(0, 60), max_size=4, unique=True),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.integers(0, 20),
)
def test_the_multiplier_is_that_of_a_naive_walk(milestones, factor, warmup):
    schedule = Schedule(tuple(sorted(milestones)), factor, warmup)
    rate = 1.0
    for update in range(70):
        if update in milestones:
            rate *= factor
        ramp = update / warmup if update < warmup else 1.0
        assert schedule.multiplier(update) == pytest.approx(rate * ramp, rel=1e-12)


def test_a_drop_is_in_force_for_the_update_at_its_milestone():
    schedule = Schedule((32_000, 48_000), 0.1)
    assert [schedule.multiplier(at) for at in (31_999, 32_000, 47_999)] == pytest.approx([1, 0.1, 0.1])
    assert schedule.multiplier(48_000) == pytest.approx(0.01)


def test_warm_up_begins_at_zero():
    assert Schedule(warmup=30_000).multiplier(0) == 0
    assert Schedule(warmup=30_000).multiplier(15_000) == 0.5
    assert Schedule(warmup=30_000).multiplier(30_000) == 1


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("lr", [0.1, 3.0])
def test_cosine_is_torchs_annealing(final, lr):
    import torch

    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=50, eta_min=final * lr)
    for update in range(50):
        assert lr * Cosine(50, final).multiplier(update) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9, abs=1e-12)
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
    found = [kind(end, final, warmup).multiplier(update) for kind in (Cosine, Linear)]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", [Cosine, Linear])
def test_a_falling_rate_begins_whole_after_its_warm_up_and_ends_at_its_share(kind):
    schedule = kind(100, 0.25, 20)
    assert [schedule.multiplier(at) for at in (0, 10, 20, 60, 100)] == pytest.approx([0, 0.5, 1, 0.625, 0.25])
    assert kind(20, 0.0, 20).multiplier(19) == 0.95  # nothing but warm-up


@pytest.mark.parametrize("optimiser", [Sgd(0.1, 0.9), Adam(0.1), AdamW(0.1, weight_decay=0.2)])
@pytest.mark.parametrize("schedule", [Schedule((3, 5), 0.1, 2), Cosine(9, 0.1, 2), Linear(9)])
def test_a_recipe_is_its_document(optimiser, schedule):
    import json

    recipe = Recipe(9, 32, optimiser, schedule, Augmentation(True, 2))
    assert from_document(json.loads(json.dumps(as_document(recipe)))) == recipe


def test_what_a_document_held_from_the_beginning():
    assert as_document(Recipe(9, 32, Sgd(0.1))) == {
        "length": 9,
        "batch": 32,
        "optimiser": {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False, "name": "sgd"},
        "schedule": {"milestones": (), "factor": 1.0, "warmup": 0},
        "augment": {"flip": False, "crop": 0},
        "optimiser_state": "fresh",
        "precision": "float32",
    }
