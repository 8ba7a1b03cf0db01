"""Slots that close for good, or are part of another device after a loss: by what the queue hands out."""

import pytest

from lmcspec.engine import PlannedTask, Retries
from lmcspec.engine.devices import Device, Host
from lmcspec.engine.placement import Demand
from lmcspec.engine.schedule import TaskQueue

FIRST, SECOND = Host("first", memory=10, threads=2), Host("second", memory=10, threads=2)


def tasks(count, **demand):
    return {name: PlannedTask(name, "act", name, (), demand=Demand(**demand)) for name in map(str, range(count))}


def of(jobs, devices):
    queue = TaskQueue(jobs, devices, retries=Retries(lost=3))
    for slot in range(len(devices)):
        queue.open(slot)
    return queue


def test_memory_of_a_host_counts_for_slots_that_came_to_it():
    """Two slots each on two hosts; the first is lost, its slots open again on the second."""
    queue = of(tasks(8, host=5), [Device("cpu", host=host) for host in (FIRST, FIRST, SECOND, SECOND)])
    running = dict(queue.assign())
    assert sorted(running.values()) == [0, 1, 2, 3]
    for name, slot in running.items():
        if slot < 2:
            queue.close(slot)
            queue.failed(name, "lost", 0.0)
            queue.move(slot, Device("cpu", host=SECOND))
            queue.open(slot)
    queue.due(100.0)
    assert queue.assign() == [], "the memory of the second host is taken"
    (name, _) = next(pair for pair in running.items() if pair[1] == 2)
    queue.done(name)
    assert len(queue.assign()) == 1


def test_a_slot_goes_to_a_host_that_was_not_there_and_back():
    new = Host("new", memory=4, threads=1)
    queue = of(tasks(3, host=5), [Device("cpu", host=FIRST)])
    for host in (new, FIRST):
        ((name, _),) = queue.assign()
        queue.close(0)
        queue.done(name)
        queue.move(0, Device("cpu", host=host))
        queue.open(0)
    assert len(queue.assign()) == 1


def test_what_a_task_took_is_given_back_whatever_joined_its_gpu_meanwhile():
    """An even share of a GPU is another one once it has more slots."""
    gpu = Device("one", "gpu", memory=12, host=FIRST)
    queue = of(tasks(4), [gpu, Device("two", "gpu", memory=12, host=FIRST)])
    (first, _), (second, slot) = sorted(queue.assign(), key=lambda pair: pair[1])
    queue.close(slot)
    queue.done(second)
    queue.move(slot, gpu)
    queue.open(slot)
    assert queue.assign() == [], "all of it is taken"
    queue.done(first)
    assert len(queue.assign()) == 2, "half of it each"


@pytest.mark.parametrize("gains", [True, False])
def test_a_queue_is_stuck_when_no_slot_is_left_for_what_is_to_run(gains):
    """Slots of the other kind may be open: what gains from a GPU never runs on them, nor the other way round."""
    queue = of(tasks(2, gains=gains), [Device("one", "gpu", host=FIRST), Device("cpu", host=FIRST)])
    right = 0 if gains else 1
    ((name, slot),) = queue.assign()
    assert slot == right and not queue.stuck
    queue.close(right)
    queue.retire(right)
    assert not queue.stuck, "a task runs"
    queue.failed(name, "lost", 0.0)
    assert not queue.stuck, "a task is waited for"
    queue.due(100.0)
    assert queue.assign() == [] and queue.stuck


def test_a_queue_is_not_stuck_while_a_slot_may_open_again():
    queue = of(tasks(1), [Device("cpu", host=FIRST)] * 2)
    for slot in (0, 1):
        queue.close(slot)
    queue.retire(0)
    assert queue.assign() == [] and not queue.stuck
    queue.retire(1)
    assert queue.stuck
    queue.stopped = True
    assert not queue.stuck and queue.over
