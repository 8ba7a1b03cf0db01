"""What a run says about the start-up of the next: against runs that are written down here, second by second."""

import pytest
from specs_for_tests import STABILITY, plan_of

from lmcspec.engine import PlannedTask, events, execute
from lmcspec.engine.calibrating import Clock, usual
from lmcspec.engine.devices import CPU, Device
from lmcspec.engine.placement import Demand
from lmcspec.engine.run import Limits
from lmcspec.engine.runner import Slot
from lmcspec.plan.calibration import Calibration, calibration
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

GPU = Device("GPU-1", "gpu", 80 * 10**9, "NVIDIA H200")
HOUR = 3600.0
STARTUP, OVERHEAD = 4.0, 0.5
TRAININGS = {
    name: PlannedTask(name, "train", name, (), 60.0, model="m", demand=Demand(device=10**9)) for name in "abcdef"
}
UNITS = dict.fromkeys(TRAININGS, 1.0)


def run(clock, tasks, slots, seconds=HOUR):
    """Tell a clock of these tasks on these slots, each as soon as one is free; the wall time."""
    free = dict.fromkeys(slots, STARTUP)
    for task in tasks.values():
        slot = min(free, key=free.__getitem__)
        clock.on_event(events.Started(free[slot], task, slot, 1))
        free[slot] += seconds + OVERHEAD
        clock.on_event(events.Finished(free[slot], task, slot, seconds, "ok", False, {}))
    return max(free.values())


@pytest.mark.parametrize(
    ("devices", "slots", "most"),
    [
        ([GPU, CPU], [0], None),
        ([GPU, CPU, CPU, CPU], [0], None),
        ([GPU, GPU, CPU], [0, 1], None),
        ([CPU] * 8, [0], 1),
        ([CPU] * 3, [0, 1, 2], None),
    ],
)
def test_the_slots_that_tasks_can_have_are_those_that_count(devices, slots, most):
    clock = Clock(devices)
    wall = run(clock, TRAININGS, slots)
    assert clock.calibration(TRAININGS, UNITS, wall, {}, most) == pytest.approx((STARTUP, OVERHEAD))


def test_devices_of_another_speed_than_predicted_say_nothing_about_start_up():
    """Predicted as a minute each by what a faster machine has done, and an hour each here."""
    clock = Clock([CPU])
    wall = run(clock, TRAININGS, [0])
    assert clock.calibration(TRAININGS, UNITS, wall, {}, None) == pytest.approx((STARTUP, OVERHEAD))


def test_first_imports_are_start_up_and_not_a_tasks_own():
    assert usual({"a": 9.0, "b": 2.0, "c": 4.0}, {"a": 2.0, "b": 2.0, "c": 4.0}, dict.fromkeys("abc", "k")) == {
        "a": 2.0,
        "b": 2.0,
        "c": 4.0,
    }
    assert usual({"a": 9.0, "b": 2.0}, {"a": 1.0, "b": 1.0}, {"a": "gpu", "b": "cpu"}) == {"a": 9.0, "b": 2.0}


FIRST = TRAININGS["a"]


@pytest.mark.parametrize(
    "event",
    [
        events.Retried(9.0, FIRST, "lost", "gone", 1, 100.0, False),
        events.Waiting(9.0, FIRST, "another"),
        events.WorkerReplaced(9.0, 0, "gone"),
        events.Failed(9.0, FIRST, "bug", "no", "", ()),
        events.Skipped(9.0, FIRST, "what it needs failed"),
        events.Interrupted(9.0, FIRST),
        events.Stopping(9.0, 1),
        events.Finished(9.0, FIRST, None, 0.0, "ok", True, {}),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_run_that_was_held_up_says_nothing(event):
    clock = Clock([CPU])
    wall = run(clock, TRAININGS, [0])
    clock.on_event(event)
    assert clock.calibration(TRAININGS, UNITS, wall + 200.0, {}, None) is None


def test_few_tasks_say_nothing():
    clock = Clock([CPU])
    few = {name: TRAININGS[name] for name in "abcd"}
    assert clock.calibration(few, UNITS, run(clock, few, [0]), {}, None) is None


class Wide(InlineRunner):
    """Eight slots, of which one is ever used."""

    def __init__(self):
        super().__init__()
        self.slots = (Slot(),) * 8


def test_a_run_of_one_task_at_a_time_is_not_taken_for_start_up(tmp_path):
    plan = plan_of(STABILITY)
    for name in ("cold", "warm"):
        store = Store.open(tmp_path / name)
        summary = execute.execute(outlook(plan, store), store, Wide(), limits=Limits(max_parallel=1))
    remembered = calibration(store)
    assert remembered != Calibration() and not summary.failed
    assert remembered.startup < 0.5 * summary.seconds
