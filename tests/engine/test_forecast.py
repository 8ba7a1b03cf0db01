import pytest

from lmcspec.engine import PlannedTask
from lmcspec.engine.devices import CPU, Device
from lmcspec.engine.forecast import Forecast
from lmcspec.engine.placement import Demand


def task(name, seconds=None, needs=(), kind="k", model="m", forward=0, **more):
    return PlannedTask(name, kind, name, tuple(needs), seconds, model=model, forward=forward, **more)


def test_work_is_dealt_out_over_slots_but_a_chain_takes_its_time():
    wide = [task(str(number), 2.0) for number in range(10)]
    assert Forecast(wide, [CPU] * 4).left(0.0).seconds == pytest.approx(5.0)
    chain = [task("a", 6.0), task("b", 6.0, ["a"]), task("c", 1.0)]
    assert Forecast(chain, [CPU] * 4).left(0.0).seconds == pytest.approx(12.0)


def test_predictions_are_scaled_by_what_was_observed():
    tasks = [task(str(number), 2.0) for number in range(4)]
    forecast = Forecast(tasks, [CPU])
    forecast.started(tasks[0], 0.0)
    forecast.over(tasks[0], 3.0)
    assert forecast.left(3.0).seconds == pytest.approx(9.0)
    forecast.started(tasks[1], 3.0)
    assert forecast.left(4.0).seconds == pytest.approx(8.0), "a second of the running one is gone"
    assert forecast.left(5.0).seconds == pytest.approx(7.0)
    assert forecast.left(33.0).seconds == pytest.approx(6.0 + 3.0), "it is late: a tenth of the 30 s that it has run"
    forecast.stopped(tasks[1])
    assert forecast.left(400.0).seconds == pytest.approx(9.0)


def test_what_was_observed_of_short_tasks_does_not_scale_predictions_of_other_kinds():
    """A prune predicted at 10 ms that takes 100 ms says nothing about trainings of minutes."""
    prune, trainings = task("p", 0.01, kind="prune"), [task(str(number), 100.0) for number in range(2)]
    forecast = Forecast([prune, *trainings], [CPU])
    forecast.over(prune, 0.1)
    assert forecast.left(0.0).seconds == pytest.approx(200.0)
    forecast.over(trainings[0], 150.0)
    assert forecast.left(0.0).seconds == pytest.approx(150.0)


def test_unknown_tasks_take_as_long_as_others_of_their_kind():
    tasks = [task("a"), task("b"), task("c", kind="other")]
    forecast = Forecast(tasks, [CPU])
    assert forecast.left(0.0).seconds is None, "nothing is known yet"
    forecast.over(tasks[0], 4.0)
    assert forecast.left(0.0).seconds == pytest.approx(4.0)
    assert forecast.left(0.0).unknown == {"other": 1}, "of which another kind says nothing"
    forecast.over(tasks[2], 1.0)
    assert forecast.left(0.0).seconds == pytest.approx(4.0)
    forecast.over(tasks[1])
    assert forecast.left(0.0).seconds == 0.0 and not forecast.left(0.0).unknown


def test_a_kind_that_nobody_has_timed_is_left_out_until_its_first_task_has_ended():
    """A Hessian of 3 s and a billion image passes, beside trainings of 10 s and ten million: not 1,000 s."""
    trained = [task(str(number), 10.0, kind="train", forward=10**7) for number in range(2)]
    hessians = [task(f"h{number}", kind="hessian", forward=10**9, needs=("1",)) for number in range(2)]
    forecast = Forecast([*trained, *hessians], [CPU])
    forecast.over(trained[0], 10.0)
    forecast.started(hessians[0], 0.0)
    left = forecast.left(5.0)
    assert (left.seconds, left.unknown) == (pytest.approx(10.0), {"hessian": 2})
    forecast.over(hessians[0], 3.0)
    left = forecast.left(5.0)
    assert (left.seconds, left.unknown) == (pytest.approx(13.0), {})


def test_unknown_tasks_take_longer_than_finished_ones_by_the_images_that_they_have_more():
    small, large = task("small", forward=1000), [task(str(number), forward=5000) for number in range(3)]
    forecast = Forecast([small, *large], [CPU])
    forecast.over(small, 2.0)
    assert forecast.left(0.0).seconds == pytest.approx(30.0), "three of five times as many images"
    forecast.over(large[0], 13.0)
    assert forecast.left(0.0).seconds == pytest.approx(5000 * (2.0 / 1000 + 13.0 / 5000)), "the median rate"


def test_a_rate_is_that_of_the_kind_and_model_as_far_as_those_have_been_seen():
    tasks = {
        "ours": task("ours", forward=100),
        "same": task("same", forward=200),
        "model": task("model", model="other", forward=100),
        "kind": task("kind", kind="path", forward=300),
        "nothing": task("nothing", kind="path"),
    }
    forecast = Forecast(tasks.values(), [CPU])
    forecast.over(tasks["ours"], 1.0)
    assert {name: forecast.seconds(one) for name, one in tasks.items()} == pytest.approx(
        {"ours": 1.0, "same": 2.0, "model": 1.0, "kind": None, "nothing": None}
    ), "another kind says nothing"
    forecast.over(tasks["model"], 9.0)
    forecast.over(tasks["kind"], 30.0)
    assert forecast.seconds(tasks["same"]) == pytest.approx(2.0), "still that of its own model"
    assert forecast.seconds(tasks["model"]) == pytest.approx(9.0)
    forecast.over(tasks["nothing"], 0.5)
    assert forecast.seconds(tasks["nothing"]) == pytest.approx(0.5)
    assert forecast.seconds(task("prune", kind="prune")) is None
    assert Forecast([], [CPU]).seconds(tasks["same"]) is None


GPU = Device("g", "gpu")


def test_only_slots_that_can_take_a_task_shorten_it():
    trainings = [task(str(number), 3600.0) for number in range(6)]
    masks = [task(f"m{number}", 100.0, demand=Demand(gains=False)) for number in range(4)]
    hours = 6 * 3600.0
    assert Forecast(trainings, [GPU, CPU]).left(0.0).seconds == pytest.approx(hours)
    assert Forecast(trainings, [GPU, GPU, CPU]).left(0.0).seconds == pytest.approx(hours / 2)
    assert Forecast(trainings + masks, [GPU, CPU]).left(0.0).seconds == pytest.approx(hours), "masks run beside"
    assert Forecast(masks, [GPU, CPU, CPU]).left(0.0).seconds == pytest.approx(200.0)
    assert Forecast(trainings + masks, [CPU, CPU]).left(0.0).seconds == pytest.approx((hours + 400.0) / 2)
    assert Forecast(masks, [GPU, GPU]).left(0.0).seconds == pytest.approx(200.0), "no slot of the CPU"


def test_no_more_run_at_a_time_than_the_limit():
    tasks = [task(str(number), 10.0) for number in range(8)]
    assert Forecast(tasks, [CPU] * 8, 2).left(0.0).seconds == pytest.approx(40.0)
    assert Forecast(tasks, [CPU] * 4, 100).left(0.0).seconds == pytest.approx(20.0)
