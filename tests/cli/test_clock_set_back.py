"""The wall's clock is set back an hour, between two runs and in the middle of one: nothing is wrong by that.

All clocks of this process are set: `time.time` and `time.time_ns` are replaced, and runs are `inline`. Times of files are
those of the real clock, which then lies in the future, as it does after such a step.
"""

import json
import time

import pytest
from manifest_for_tests import manifest

from lmcspec.base import clock
from lmcspec.store import Index, Store, invocations, verify

HOUR = 3600.0


class Clock:
    """What `time.time` says: the real time and an `offset`, which is set back in the middle where `after` calls were made."""

    def __init__(self, monkeypatch):
        self._real, self.offset, self.calls, self.after = time.time, 0.0, 0, None
        monkeypatch.setattr(time, "time", self.now)
        monkeypatch.setattr(time, "time_ns", lambda: int(self.now() * 1e9))

    def now(self):
        self.calls += 1
        if self.after is not None and self.calls >= self.after:
            self.offset, self.after = self.offset - HOUR, None
        return self._real() + self.offset


@pytest.fixture
def wall(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def again(monkeypatch):
    """As a new process, which has told no time yet."""

    def begin():
        monkeypatch.setattr(clock, "_told", 0.0)
        monkeypatch.setattr(clock, "_ticked", 0.0)

    return begin


def run(lmcspec, *more):
    said = lmcspec("run", "study.toml", "--store", "store", "--runner", "inline", "--format", "json", *more)
    assert said.code == 0, said.err
    return said.data


def sound(store):
    """Whatever has a time has it in order."""
    for invocation in invocations(store):
        at = [event["at"] for _, event in invocation.events()]
        assert at == sorted(at) and len(at) > 2
    for identifier in store.ids():
        record = store.find(identifier).record
        times = record["times"]
        assert times["started"] <= times["ended"] <= record["committed"]
        assert record["seconds"] >= 0 and times["ended"] - times["started"] <= HOUR / 2
    assert verify(store) == []
    return True


@pytest.mark.parametrize("after", [1, 10, 40])
def test_in_the_middle_of_a_run(place, lmcspec, wall, again, after):
    run(lmcspec, "--set", "study='calm'")
    calm = manifest(Store.open("store"))
    again()
    before = wall.offset
    wall.calls, wall.after = 0, after
    run(lmcspec, "--set", "study='set-back'", "--set", "replicates=2")
    assert wall.offset == before - HOUR, "it was set back"
    store = Store.open("store")
    assert sound(store) and calm.items() <= manifest(store).items()
    assert lmcspec("status", "--store", "store").code == 0


def test_between_two_runs(place, lmcspec, wall, again):
    run(lmcspec)
    first = manifest(Store.open("store"))
    wall.offset -= HOUR
    again()
    run(lmcspec, "--set", "replicates=2")
    store = Store.open("store")
    assert sound(store)
    first_run, second_run = invocations(store)
    assert first_run.id < second_run.id, "in the order in which they began"
    assert first_run.started <= second_run.started <= first_run.started + HOUR / 2
    with Index(store) as index:
        assert index.ids() == set(manifest(store)) and all(entry.committed > 0 for entry in index.entries())
    assert "Nothing to do" in lmcspec("run", "study.toml", "--store", "store", "--runner", "inline").err
    for command in (("status", "study.toml"), ("status",), ("plan", "study.toml"), ("results", "study.toml")):
        said = lmcspec(*command, "--store", "store")
        assert said.code == 0 and "Traceback" not in said.err
    assert manifest(store).items() >= first.items()


def test_ages_are_not_negative(place, lmcspec, wall, again):
    """What is dated into the future is new: gc leaves it, whatever age it is asked for."""
    run(lmcspec)
    assert lmcspec("forget", "tiny", "--store", "store").code == 0
    wall.offset -= HOUR
    again()
    for age, going in (("1min", False), ("30d", False), ("0s", True)):
        said = lmcspec("gc", "--older", age, "--store", "store", "--format", "json")
        assert said.code == 0 and bool(said.data["pieces"]) == going, age
    wall.offset += 2 * HOUR
    assert lmcspec("gc", "--older", "30min", "--store", "store", "--format", "json").data["pieces"]


def test_a_running_task_has_run_for_no_less_than_nothing(place, lmcspec, wall):
    from lmcspec.plan.planned_study import read_study
    from lmcspec.store import open_attempt, take

    run(lmcspec)
    store = Store.open("store")
    plan = read_study(place / "study.toml", ["replicates=2"], store).plan
    task = next(one for one in plan.tasks if store.find(one) is None)
    lease = take(store, task)
    assert lease is not None
    open_attempt(store, task, lease)
    wall.offset -= HOUR
    said = lmcspec("status", "study.toml", "--set", "replicates=2", "--store", "store", "--format", "json")
    (running,) = said.data["running"]
    assert running["seconds"] >= 0 and json.dumps(running)
    lease.release()
