"""Time that a process tells never goes backwards, and is the system's wherever that does not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.base import clock


@pytest.fixture
def set_clock(monkeypatch):
    """Set the wall's time and the seconds that have passed; as in a process that has told no time yet."""

    def at(wall, tick):
        monkeypatch.setattr(time, "time", lambda: wall)
        monkeypatch.setattr(clock, "_tick", lambda: tick)

    monkeypatch.setattr(clock, "_told", 0.0)
    monkeypatch.setattr(clock, "_ticked", 0.0)
    return at


def test_it_is_the_system_s(set_clock):
    for wall, tick in ((1000.0, 5.0), (1001.0, 6.0), (9000.0, 7.0)):
        set_clock(wall, tick)
        assert clock.now() == wall


def test_where_it_is_set_back_seconds_go_on(set_clock):
    told = []
    for wall, tick in ((5000.0, 10.0), (1400.0, 11.0), (1404.0, 15.0), (4999.0, 17.0), (5008.0, 18.0)):
        set_clock(wall, tick)
        told.append(clock.now())
    assert told == [5000.0, 5001.0, 5005.0, 5007.0, 5008.0]


@settings(max_examples=examples(1.0))
@given(st.lists(st.tuples(st.floats(0, 1e10), st.floats(0, 1e5)), min_size=1))
def test_it_never_goes_back_and_never_runs_ahead(steps):
    """After any steps of the wall's clock: no less than before, and no more than the largest that it ever said and what has passed since."""
    tick, walls, told = 0.0, [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_told", 0.0)
        patch.setattr(clock, "_ticked", 0.0)
        for wall, passed in steps:
            tick += passed
            walls.append((wall, tick))
            patch.setattr(time, "time", lambda wall=wall: wall)
            patch.setattr(clock, "_tick", lambda tick=tick: tick)
            told.append(clock.now())
            assert told[-1] >= wall
            assert told[-1] <= max(was + tick - ticked for was, ticked in walls) + 1e-3
    assert told == sorted(told)


def test_it_counts_the_seconds_in_which_a_machine_sleeps():
    assert abs(clock._tick() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5
