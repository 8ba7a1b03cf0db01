"""Signals that stop a run: each asks first and ends at the second time, and what `nohup` ignores stays ignored."""

import os
import signal

import pytest

from lmcspec.engine.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_asks_and_the_second_ends(number, request):
    said = []
    before = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    outside = signal.signal(number, before)  # The tests themselves may run under `nohup`.
    request.addfinalizer(lambda: signal.signal(number, outside))
    now = [5.0]
    with Interrupts(lambda: said.append("stop"), lambda: said.append("kill"), lambda: now[0]) as interrupts:
        os.kill(os.getpid(), number)
        now[0] += 1.1
        os.kill(os.getpid(), number)
        assert said == ["stop", "kill"] and interrupts.times == 2
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_comes_twice_at_once_is_one_wish_but_for_a_second_ctrl_c(number, request):
    """`srun` signals `uv run` and the driver, and `uv run` passes it on."""
    outside = signal.signal(number, signal.SIG_DFL)
    request.addfinalizer(lambda: signal.signal(number, outside))
    said = []
    with Interrupts(lambda: said.append("stop"), lambda: said.append("kill")):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert said == (["stop", "kill"] if number == signal.SIGINT else ["stop"])


def test_a_terminal_that_goes_away_does_not_stop_what_was_to_outlive_it():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(lambda: None, lambda: None) as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interrupts.times == 0
    finally:
        signal.signal(signal.SIGHUP, before)
