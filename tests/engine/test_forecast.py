import pytest

from lmcspec.engine import PlannedTask
from lmcspec.engine.forecast import Forecast


def task(name, seconds=None, needs=(), kind="k"):
    return PlannedTask(name, kind, name, tuple(needs), seconds)


def test_work_is_dealt_out_over_slots_but_a_chain_takes_its_time():
    wide = [task(str(number), 2.0) for number in range(10)]
    assert Forecast(wide, 4).left(0.0) == pytest.approx(5.0)
    chain = [task("a", 6.0), task("b", 6.0, ["a"]), task("c", 1.0)]
    assert Forecast(chain, 4).left(0.0) == pytest.approx(12.0)


def test_predictions_are_scaled_by_what_was_observed():
    tasks = [task(str(number), 2.0) for number in range(4)]
    forecast = Forecast(tasks, 1)
    forecast.started(tasks[0], 0.0)
    forecast.over(tasks[0], 3.0)
    assert forecast.left(3.0) == pytest.approx(9.0)
    forecast.started(tasks[1], 3.0)
    assert forecast.left(4.0) == pytest.approx(8.0), "a second of the running one is gone"
    assert forecast.left(400.0) == pytest.approx(6.0), "it may run longer, but never less than nothing"
    forecast.stopped(tasks[1])
    assert forecast.left(400.0) == pytest.approx(9.0)


def test_unknown_tasks_take_as_long_as_others_of_their_kind():
    tasks = [task("a"), task("b"), task("c", kind="other")]
    forecast = Forecast(tasks, 1)
    assert forecast.left(0.0) is None, "nothing is known yet"
    forecast.over(tasks[0], 4.0)
    assert forecast.left(0.0) == pytest.approx(8.0)
    forecast.over(tasks[2], 1.0)
    assert forecast.left(0.0) == pytest.approx(4.0)
    forecast.over(tasks[1])
    assert forecast.left(0.0) == 0.0
