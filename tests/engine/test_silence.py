# pyright: reportArgumentType=false
"""How long a task that says nothing is waited for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.errors import UsageError
from lmcspec.engine.silence import UNLIMITED, Patience, Silence, Silences, patience_of


def test_the_limit_is_from_what_such_tasks_take():
    patience = Patience(least=600, times=10)
    assert patience.limit(None) == 600
    assert patience.limit(5) == 600
    assert patience.limit(120) == 1200
    assert UNLIMITED.limit(120) > 1e300


def test_minutes_of_the_command():
    assert patience_of(None) == Patience()
    assert patience_of(2).limit(1e6) == 120
    assert patience_of(0) == UNLIMITED


@pytest.mark.parametrize("minutes", [-1, -0.001, float("-inf"), float("nan")])
def test_less_patience_than_none_is_an_error(minutes):
    """Every task would be ended at once, or none ever."""
    with pytest.raises(UsageError, match=f"a patience of {minutes} minutes") as caught:
        patience_of(minutes)
    assert "0 is for ever" in caught.value.help


def test_a_silent_task_is_named_and_then_given_up():
    silences = Silences(Patience(least=10, times=2))
    silences.began("a", None, 100)
    silences.began("b", 50, 100)
    assert not silences.suspicious(104.9) and not silences.hung(104.9)
    assert silences.suspicious(105) == [Silence("a", 5, 10)]
    assert not silences.suspicious(106), "once"
    silences.heard("a", 107)
    assert silences.suspicious(112) == [Silence("a", 5, 10)], "once a silence"
    assert not silences.hung(117)
    assert silences.hung(117.1) == [Silence("a", pytest.approx(10.1), 10)]
    assert silences.suspicious(150) == [Silence("b", 50, 100)]
    silences.ended("a")
    silences.ended("a")
    assert silences.hung(201) == [Silence("b", 101, 100)]
    silences.heard("c", 201)
    assert [silence.task for silence in silences.hung(300)] == ["b"]


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 40))
def test_who_speaks_often_enough_is_never_given_up(gaps, limit):
    silences, now = Silences(Patience(limit, 0)), 0
    silences.began("a", None, now)
    for gap in gaps:
        now += gap
        assert bool(silences.hung(now)) == (gap > limit)
        silences.heard("a", now)
        assert not silences.hung(now)


@given(st.lists(st.floats(0, 9.5), max_size=20), st.floats(10.5, 1e6), st.lists(st.floats(0, 9.5), max_size=20))
def test_what_nobody_could_hear_is_not_silence(before, stopped, after):
    """A driver that was stopped for long (Ctrl-Z), its workers with it: only the time in which it ran counts."""
    silences, now, ran = Silences(Patience(60, 0)), 0.0, 0.0
    silences.began("a", None, now)
    silences.listening(now)
    for gap in [*before, stopped, *after]:
        now += gap
        ran += gap if gap != stopped else 0.0
        silences.listening(now)
        assert not silences.suspicious(now) or ran >= 30 - 1e-6
        assert bool(silences.hung(now)) == (ran > 60) or abs(ran - 60) < 1e-6
