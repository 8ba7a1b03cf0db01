"""List scheduling against a naive simulation by small steps, and bytes against a replay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.plan.simulate import Slots, critical_paths, peak_bytes, wall_time


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    names = [f"t{number}" for number in range(count)]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=3)) if place else []
        for place, name in enumerate(names)
    }
    return names, needs, {name: float(draw(st.integers(1, 9))) for name in names}


@given(graphs(), st.integers(1, 4))
def test_wall_time_is_that_of_a_walk_second_by_second(graph, slots):
    order, needs, seconds = graph
    priority = critical_paths(order, needs, seconds)
    left, running, now = set(order), {}, 0.0
    done: set[str] = set()
    while len(done) < len(order):
        for task in [task for task, end in running.items() if end <= now]:
            done.add(task)
            del running[task]
        ready = [task for task in order if task in left and set(needs[task]) <= done]
        for task in sorted(ready, key=lambda task: -priority[task])[: slots - len(running)]:
            left.discard(task)
            running[task] = now + seconds[task]
        if len(done) < len(order):
            now += 1
    assert wall_time(order, needs, seconds, Slots(slots)) == now


def test_of_tasks_that_end_together_all_followers_are_there_before_the_next_one_starts():
    order = ["early", "waits", "long", "busy", "first", "second"]
    needs = {"early": [], "waits": [], "long": [], "busy": [], "first": ["long"], "second": ["long"]}
    seconds = {"early": 7.0, "waits": 1.0, "long": 7.0, "busy": 8.0, "first": 2.0, "second": 2.0}
    assert wall_time(order, needs, seconds, Slots(3)) == 9


def test_a_gpu_and_many_cores_are_no_many_gpus():
    order = [f"train{number}" for number in range(4)] + [f"count{number}" for number in range(4)]
    needs, seconds = {task: [] for task in order}, dict.fromkeys(order, 10.0)
    assert wall_time(order, needs, seconds, Slots(4, 1), {task for task in order if "count" in task}) == 40
    assert wall_time(order, needs, seconds, Slots(4), ()) == 20
    assert wall_time(order, needs, seconds, Slots(0, 1), set(order)) == 80


def test_slots_are_said_by_their_kinds():
    assert [str(slots) for slots in (Slots(1), Slots(2), Slots(0, 8), Slots(16, 2), Slots(16, 2, 3))] == [
        "1 slot",
        "2 slots",
        "8 slots",
        "2 GPU and 16 CPU slots",
        "2 GPU and 16 CPU slots, 3 at a time",
    ]


@given(graphs())
def test_bounds(graph):
    order, needs, seconds = graph
    longest = max(critical_paths(order, needs, seconds).values())
    assert wall_time(order, needs, seconds, Slots(1)) == pytest.approx(sum(seconds.values()))
    assert wall_time(order, needs, seconds, Slots(len(order))) == pytest.approx(longest)


def test_an_empty_plan_takes_no_time():
    assert wall_time([], {}, {}, Slots(2)) == 0
    with pytest.raises(ValueError, match="at least one slot"):
        wall_time([], {}, {}, Slots(0))


def test_what_is_kept_until_used_goes_with_its_last_reader():
    order = ["a", "b", "path", "c"]
    reads = {"a": [], "b": [], "path": ["a", "b"], "c": []}
    size = {"a": 100, "b": 100, "path": 1, "c": 50}
    assert peak_bytes(order, reads, size, ()) == 251
    assert peak_bytes(order, reads, size, ("a", "b")) == 201
    assert peak_bytes(order, reads, size, ("b",)) == 201
