"""Schedules against a schedule stepped update by update."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.recipes import Schedule


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
