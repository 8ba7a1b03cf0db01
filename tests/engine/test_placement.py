"""What the queue hands out, checked from the outside: by all that has started and ended, and nothing it says of itself."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.engine import PlannedTask, Retries
from lmcspec.engine.devices import CPU, Device, Host
from lmcspec.engine.placement import Demand
from lmcspec.engine.schedule import FINAL, State, TaskQueue

HOST = Host("", memory=64, threads=4)
GPU, OTHER = (Device(name, "gpu", memory=10, host=HOST) for name in ("one", "two"))
CORES = Device("cpu", host=HOST)


class Checker:
    """Follows starts and ends, and adds up what is in use by itself."""

    def __init__(self, tasks, devices, most=None):
        self.tasks, self.devices, self.most = tasks, devices, most or len(devices)
        self.at = {}
        self.alone = set()
        self.kinds = {device.kind for device in devices}

    def started(self, pairs):
        for identifier, slot in pairs:
            assert identifier not in self.at, "it runs already"
            assert slot not in self.at.values(), "a slot holds one task"
            self.at[identifier] = slot
        assert len(self.at) <= self.most
        for name in {device.name for device in self.devices}:
            self._device([one for one, slot in self.at.items() if self.devices[slot].name == name])
        for name in {device.host.name for device in self.devices}:
            self._host([one for one, slot in self.at.items() if self.devices[slot].host.name == name], name)

    def _device(self, running):
        if not running:
            return
        device = self.devices[self.at[running[0]]]
        slots = sum(other.name == device.name for other in self.devices)
        if any(one in self.alone for one in running):
            assert len(running) == 1
        for one in running:
            right = "gpu" if self.tasks[one].demand.gains else "cpu"
            assert device.kind == right or right not in self.kinds
        if device.kind == "gpu" and device.memory:
            shares = []
            for one in running:
                demand = self.tasks[one].demand
                known = device.memory // slots if demand.device is None else demand.device
                shares.append(known if demand.gains else 0)
            assert sum(min(share, device.memory) for share in shares) <= device.memory

    def _host(self, running, name):
        host = next(device.host for device in self.devices if device.host.name == name)
        slots = sum(device.host.name == name for device in self.devices)
        demands = [self.tasks[one].demand for one in running]
        if host.memory:
            assert sum(min(demand.host, host.memory) for demand in demands) <= host.memory
        cores = max(host.threads, slots)
        assert sum(min(demand.threads, cores) for demand in demands) <= cores

    def ended(self, identifier):
        del self.at[identifier]
        self.alone.discard(identifier)


def fuzz(tasks, devices, draw, events, most=None):
    """Run tasks in any order of ends, failures, closed slots; returns how many events there were."""
    queue = TaskQueue(tasks, devices, retries=Retries(lost=2), max_parallel=most)
    checker, provided, opened, now, count = Checker(tasks, devices, most), set(), set(), 0.0, 0
    while not queue.over and count < events:
        count += 1
        now += 1
        queue.due(now)
        slot = draw(len(devices))
        if draw(10) == 0 and slot in opened and len(opened) > 1:
            opened.discard(slot)
            queue.close(slot)
        else:
            opened.add(slot)
            queue.open(slot)
        started = queue.assign()
        checker.started(started)
        for identifier, slot in started:
            assert set(tasks[identifier].needs) <= provided and slot in opened
        assert queue.running == checker.at
        if not checker.at:
            kinds = {devices[slot].kind for slot in opened}
            ready = [one for one, state in queue.state.items() if state is State.READY]
            assert not any(_kind(tasks[one], devices) in kinds for one in ready), "an empty machine takes anything"
        running = sorted(checker.at)
        if not running or draw(3) == 0:
            continue
        identifier = running[draw(len(running))]
        checker.ended(identifier)
        match draw(20):
            case 0:
                verdict = queue.failed(identifier, "lost", now)
            case 1:
                verdict = queue.failed(identifier, "out-of-memory", now)
                if verdict.retry_at is not None:
                    checker.alone.add(identifier)
            case 2:
                queue.put_back(identifier, now + 2)
            case _:
                queue.done(identifier)
                provided.add(identifier)
    return queue, count


def _kind(task, devices):
    right = "gpu" if task.demand.gains else "cpu"
    kinds = {device.kind for device in devices}
    return right if right in kinds else min(kinds)


def sample(seed, size=4000):
    dice = random.Random(seed)
    demands = [
        Demand(
            gains=dice.random() < 0.7,
            device=dice.choice([None, 0, 1, 3, 5, 9, 10, 99]),
            host=dice.choice([0, 1, 8, 40, 200]),
            threads=dice.choice([1, 1, 1, 2, 3, 64]),
        )
        for _ in range(12)
    ]
    tasks = {}
    for number in range(size):
        needs = {f"t{dice.randrange(number)}" for _ in range(dice.randrange(3))} if number else set()
        study = dice.choice("abc")
        tasks[f"t{number}"] = PlannedTask(
            f"t{number}", "k", f"t{number}", tuple(needs), dice.random(), demand=dice.choice(demands), study=study
        )
    return tasks, dice.randrange


@pytest.mark.parametrize(
    ("devices", "most"),
    [
        ([GPU, OTHER, GPU, OTHER, GPU, CORES, CORES], None),
        ([GPU, GPU, GPU], 2),
        ([CORES] * 3, None),
        ([GPU, *[Device("far", "gpu", memory=20, host=Host("far", 16, 2))] * 4, CORES], None),
    ],
)
def test_ten_thousand_events_never_book_anything_twice(devices, most):
    total = 0
    for seed in range(9):
        tasks, draw = sample(seed)
        queue, count = fuzz(tasks, devices, draw, 10_000 - total, most)
        total += count
        if total >= 10_000:
            break
    assert total == 10_000 or queue.over


@settings(max_examples=examples(2))
@given(st.integers(0, 2**32), st.lists(st.sampled_from([GPU, OTHER, CORES]), min_size=1, max_size=5))
def test_every_task_ends_whatever_it_takes(seed, devices):
    tasks, draw = sample(seed, 25)
    queue, _ = fuzz(tasks, devices, draw, 5000)
    assert queue.over and all(state in FINAL for state in queue.state.values())


def queue_of(demands, devices, **options):
    tasks = {
        name: PlannedTask(name, "k", name, seconds=seconds, demand=demand)
        for name, (seconds, demand) in demands.items()
    }
    queue = TaskQueue(tasks, devices, **options)
    for slot in range(len(devices)):
        queue.open(slot)
    return queue


def test_small_tasks_share_a_gpu_up_to_its_memory():
    queue = queue_of({name: (1.0, Demand(device=4)) for name in "abcd"}, [GPU] * 4)
    assert queue.assign() == [("a", 0), ("b", 1)]
    queue.done("a")
    assert queue.assign() == [("c", 0)]


def test_what_nothing_is_known_of_takes_an_even_share():
    queue = queue_of({name: (1.0, Demand(device=None)) for name in "abc"}, [GPU] * 2)
    assert len(queue.assign()) == 2


def test_a_guess_that_is_too_large_takes_a_device_to_itself_and_is_no_obstacle():
    queue = queue_of({"small": (2.0, Demand(device=1)), "large": (1.0, Demand(device=999))}, [GPU, GPU])
    assert queue.assign() == [("small", 0)]
    queue.done("small")
    assert queue.assign() == [("large", 0)]


def test_a_large_urgent_task_is_not_starved_by_a_stream_of_small_ones():
    demands = {f"small{number}": (1.0, Demand(device=3)) for number in range(50)}
    queue = queue_of({"first": (99.0, Demand(device=3)), "large": (9.0, Demand(device=9)), **demands}, [GPU] * 3)
    assert queue.assign() == [("first", 0)], "the device runs empty for the large one"
    queue.done("first")
    assert queue.assign() == [("large", 0)]


def test_while_one_device_runs_empty_others_go_on():
    queue = queue_of(
        {"a": (9.0, Demand(device=5)), "b": (8.0, Demand(device=5)), "large": (7.0, Demand(device=9))}
        | {name: (1.0, Demand(device=2)) for name in "cd"},
        [GPU, OTHER, GPU, OTHER],
    )
    queue.assign()
    on = {name: queue.running[name] % 2 for name in queue.running}
    assert on == {"a": 0, "b": 1, "c": 1}, "that of a runs empty, and the other has no third slot"


def test_what_gains_nothing_stays_off_the_gpus():
    demands = {"train": (9.0, Demand()), "prune": (1.0, Demand(gains=False)), "other": (0.5, Demand(gains=False))}
    queue = queue_of(demands, [GPU, OTHER, CORES])
    assert dict(queue.assign()) == {"train": 0, "prune": 2}
    queue.done("prune")
    assert queue.assign() == [("other", 2)]
    assert dict(queue_of(demands, [GPU, OTHER]).assign()) == {"train": 0, "prune": 1}
    assert dict(queue_of(demands, [CORES] * 3).assign()) == {"train": 0, "prune": 1, "other": 2}


def test_no_more_at_a_time_than_asked_for():
    queue = queue_of({name: (1.0, Demand()) for name in "abc"}, [CORES] * 3, max_parallel=2)
    assert len(queue.assign()) == 2
    queue.done("a")
    assert len(queue.assign()) == 1


@settings(max_examples=examples(4))
@given(st.integers(1, 6), st.lists(st.integers(1, 12), min_size=1, max_size=4), st.data())
def test_each_study_has_its_share_while_it_can_use_it(slots, sizes, data):
    """With S slots and n studies at least S // n of them, whatever chains hang on the tasks of others."""
    tasks = {}
    for study, size in enumerate(sizes):
        for number in range(size):
            name = f"{study}-{number}"
            seconds = data.draw(st.floats(0, 100))
            tasks[name] = PlannedTask(name, "k", name, seconds=seconds, study=str(study))
    queue = TaskQueue(tasks, [CPU] * slots)
    for slot in range(slots):
        queue.open(slot)
    while not queue.over:
        queue.assign()
        running = Counter(identifier[0] for identifier in queue.running)
        left = Counter(one[0] for one, state in queue.state.items() if state in (State.READY, State.RUNNING))
        assert sum(running.values()) == min(slots, sum(left.values()))
        if all(sum(queue.attempts[one] for one in tasks if one[0] == study) == running[study] for study in left):
            # Nothing has ended yet, so that all slots were dealt out at once.
            for study, count in left.items():
                assert running[study] >= min(count, slots // len(sizes))
        queue.done(data.draw(st.sampled_from(sorted(queue.running))))


def test_a_short_study_beside_a_long_one_ends_soon():
    long = {f"l{number}": PlannedTask(f"l{number}", "k", "", seconds=100.0, study="long") for number in range(40)}
    short = {f"s{number}": PlannedTask(f"s{number}", "k", "", seconds=1.0, study="short") for number in range(4)}
    queue = TaskQueue(long | short, [CPU] * 4)
    for slot in range(4):
        queue.open(slot)
    order = []
    while not queue.over:
        order += [identifier for identifier, _ in queue.assign()]
        queue.done(next(one for one in order if queue.state[one] is State.RUNNING))
    assert max(order.index(one) for one in short) < 10
