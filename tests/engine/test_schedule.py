import heapq
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.engine import PlannedTask, Retries
from lmcspec.engine import schedule as scheduling
from lmcspec.engine.chains import chains, estimates
from lmcspec.engine.devices import Device, Host, gpu
from lmcspec.engine.placement import Demand
from lmcspec.engine.schedule import FINAL, State


def plan(*rows):
    """Tasks from (id, needs, seconds, …)."""
    return {row[0]: PlannedTask(row[0], "k", row[0], tuple(row[1]), *row[2:]) for row in rows}


def TaskQueue(tasks, devices, **options):
    """A queue on devices by name."""
    return scheduling.TaskQueue(tasks, [Device(name) for name in devices], **options)


def opened(schedule, slots):
    for slot in range(slots):
        schedule.open(slot)
    return schedule


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    rows = []
    for number in range(size):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        seconds = draw(st.one_of(st.none(), st.floats(0, 9)))
        passes = (f"p{number}",) if draw(st.booleans()) else ()
        some = [f"p{need}" if draw(st.booleans()) and rows[need][3] else f"t{need}" for need in sorted(needs)]
        rows.append((f"t{number}", some, seconds, passes))
    return {one: replace(task, nothing_if_diverged=draw(st.booleans())) for one, task in plan(*rows).items()}


FATES = ("ok", "ok", "ok", "collapse", "user", "lost", "out-of-memory", "busy", "passes")


@settings(max_examples=examples(3))
@given(graphs(), st.lists(st.sampled_from(["gpu0", "gpu0", "gpu1"]), min_size=1, max_size=4), st.data())
def test_every_task_ends_once_and_nothing_runs_before_its_needs(tasks, devices, data):
    skip = data.draw(st.booleans())
    schedule = opened(TaskQueue(tasks, devices, skip_collapsed=skip, retries=Retries(lost=2)), len(devices))
    provided, ends, now, running, tries = set(), {}, 0.0, [], 0
    produced = {one for task in tasks.values() for one in (task.id, *task.byproducts)}
    while not schedule.over:
        tries += 1
        assert tries < 2000
        schedule.due(now)
        for identifier, slot in schedule.assign():
            assert set(tasks[identifier].needs) & produced <= provided
            assert identifier not in ends
            assert slot not in [one[2] for one in running], "a slot holds one task"
            heapq.heappush(running, (now + data.draw(st.floats(0, 3)), identifier, slot))
        alone = [devices[slot] for _, identifier, slot in running if identifier in schedule._alone]
        for device in alone:
            assert sum(devices[slot] == device for *_, slot in running) == 1
        if not running:
            assert schedule.wake() is not None, "nothing runs, nothing will, and tasks are left"
            now = max(now, schedule.wake())
            continue
        now, identifier, _ = heapq.heappop(running)
        fate = data.draw(st.sampled_from(FATES))
        task = tasks[identifier]
        match fate:
            case "busy":
                schedule.put_back(identifier, now + 1)
                continue
            case "passes":
                for byproduct in task.byproducts:
                    schedule.committed(byproduct)
                    provided.add(byproduct)
                skipped = schedule.done(identifier)
                provided |= {identifier, *task.byproducts}
                ends[identifier] = "done"
            case "ok" | "collapse":
                collapsed = fate == "collapse" and (skip or task.nothing_if_diverged)
                skipped = schedule.done(identifier, "diverged" if fate == "collapse" else "ok")
                provided |= {*task.byproducts} if collapsed else {identifier, *task.byproducts}
                ends[identifier] = "done"
            case reason:
                verdict = schedule.failed(identifier, reason, now)
                skipped = verdict.skipped
                if verdict.retry_at is not None:
                    assert reason in ("lost", "out-of-memory") and verdict.retry_at >= now
                    continue
                ends[identifier] = "failed"
        for one, _ in skipped:
            assert one not in ends
            ends[one] = "skipped"
    assert ends.keys() == tasks.keys()
    wanted = {"done": State.DONE, "failed": State.FAILED, "skipped": State.SKIPPED}
    assert all(schedule.state[one] is wanted[end] and schedule.state[one] in FINAL for one, end in ends.items())


@given(graphs())
def test_chains_equal_brute_force(tasks):
    seconds = estimates(tasks.values())
    makes = {one: task.id for task in tasks.values() for one in (task.id, *task.byproducts)}

    def longest(identifier):
        after = [one.id for one in tasks.values() if identifier in {makes[need] for need in one.needs}]
        return seconds[identifier] + max(map(longest, after), default=0)

    assert chains(tasks, seconds) == pytest.approx({one: longest(one) for one in tasks})


def test_unknown_estimates_are_the_median_or_one():
    tasks = plan(("a", (), 1.0), ("b", (), 3.0), ("c", (), 8.0), ("d", ()))
    assert estimates(tasks.values())["d"] == median([1, 3, 8])
    assert estimates(plan(("a", ())).values()) == {"a": 1.0}


def test_the_longest_chain_goes_first():
    tasks = plan(("short", (), 5.0), ("root", (), 1.0), ("leaf", ("root",), 9.0))
    schedule = opened(TaskQueue(tasks, [""]), 1)
    assert schedule.assign() == [("root", 0)]
    assert schedule.done("root") == ()
    assert schedule.assign() == [("leaf", 0)]


def test_a_circle_is_an_error():
    with pytest.raises(ValueError, match="circle"):
        TaskQueue(plan(("a", ("b",)), ("b", ("a",))), [""])


def test_needs_that_no_task_makes_are_in_the_store():
    assert opened(TaskQueue(plan(("a", ("elsewhere",))), [""]), 1).assign() == [("a", 0)]


def test_only_open_slots_get_tasks():
    schedule = TaskQueue(plan(("a", ()), ("b", ())), ["", ""])
    assert schedule.assign() == []
    schedule.open(1)
    assert schedule.assign() == [("a", 1)]
    schedule.close(1)
    schedule.done("a")
    assert schedule.assign() == []


def test_a_failure_takes_its_descendants_along_and_nothing_else():
    tasks = plan(("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ()))
    schedule = opened(TaskQueue(tasks, [""]), 1)
    assert schedule.assign() == [("a", 0)]
    verdict = schedule.failed("a", "user", 0.0)
    assert verdict.retry_at is None
    assert verdict.skipped == (("b", "needs a, which failed"), ("c", "needs a, which failed"))
    assert schedule.assign() == [("d", 0)]
    schedule.done("d")
    assert schedule.over


@pytest.mark.parametrize(
    ("reason", "delays"), [("lost", [0.1, 0.4, 1.6]), ("hung", [0.1]), ("out-of-memory", [0.0]), ("data", [])]
)
def test_retries_by_class(reason, delays):
    schedule = opened(TaskQueue(plan(("a", ())), [""]), 1)
    now = 10.0
    for delay in delays:
        assert schedule.assign() == [("a", 0)]
        verdict = schedule.failed("a", reason, now)
        assert verdict.retry_at == pytest.approx(now + delay)
        assert schedule.assign() == []
        now = verdict.retry_at
        assert schedule.due(now) == ["a"]
    assert schedule.assign() == [("a", 0)]
    assert schedule.failed("a", reason, now).retry_at is None
    assert schedule.over
    assert schedule.attempts["a"] == len(delays) + 1


def test_out_of_memory_runs_alone_on_its_device():
    tasks = plan(*((name, ()) for name in "abcdef"))
    schedule = opened(TaskQueue(tasks, ["x", "x", "y"]), 3)
    assert schedule.assign() == [("a", 0), ("b", 2), ("c", 1)]
    assert schedule.failed("b", "out-of-memory", 0.0).alone
    schedule.due(0.0)
    assert schedule.assign() == [("b", 2)], "the device y is empty"
    assert schedule.failed("a", "out-of-memory", 0.0).alone
    schedule.due(0.0)
    assert schedule.assign() == [], "x runs empty first"
    schedule.done("c")
    assert schedule.assign() == [("a", 0)]
    assert schedule.assign() == [], "its other slot stays empty"
    schedule.done("b")
    assert schedule.assign() == [("d", 2)]
    schedule.done("a")
    assert schedule.assign() == [("e", 0), ("f", 1)]


def test_a_byproduct_lets_others_start_while_its_task_runs():
    tasks = plan(("long", (), None, ("state",)), ("user", ("state",)))
    schedule = opened(TaskQueue(tasks, ["", ""]), 2)
    assert schedule.assign() == [("long", 0)]
    schedule.committed("state")
    assert schedule.assign() == [("user", 1)]
    assert schedule.failed("long", "user", 0).skipped == ()
    schedule.done("user")
    assert schedule.over


def test_a_byproduct_that_the_stored_run_did_not_keep_skips_who_needs_it():
    tasks = plan(("long", (), None, ("state",)), ("user", ("state",)), ("other", ("long",)))
    schedule = opened(TaskQueue(tasks, [""]), 1)
    schedule.assign()
    ((skipped, why),) = schedule.done("long", missing=["state"])
    assert skipped == "user" and "without it" in why
    assert schedule.assign() == [("other", 0)]


def test_collapse_skips_only_where_the_job_says_so():
    rows = (("a", (), None, ("state",)), ("b", ("a",)), ("c", ("state",)))
    skipping = opened(TaskQueue(plan(*rows), [""], skip_collapsed=True), 1)
    skipping.assign()
    assert skipping.done("a", "diverged") == (("b", "needs a, which ended diverged"),)
    assert skipping.assign() == [("c", 0)]
    going_on = opened(TaskQueue(plan(*rows), ["", ""]), 2)
    going_on.assign()
    assert going_on.done("a", "diverged") == ()
    assert len(going_on.assign()) == 2


@pytest.mark.parametrize(("outcome", "made"), [("diverged", False), ("chance", True), ("dead-layer", True)])
def test_what_has_nothing_to_give_once_diverged_skips_all_that_rest_on_it(outcome, made):
    """A mask of weights that are no numbers: whatever the job says of collapse, and only then."""
    tasks = plan(("mask", (), None, ("state",)), ("train", ("mask",)), ("path", ("train",)), ("other", ("state",)))
    tasks["mask"] = replace(tasks["mask"], nothing_if_diverged=True)
    schedule = opened(TaskQueue(tasks, ["", ""], skip_collapsed=False), 2)
    schedule.assign()
    why = "needs mask, which ended diverged"
    assert schedule.done("mask", outcome) == (() if made else (("train", why), ("path", why)))
    assert {one for one, _ in schedule.assign()} == ({"train", "other"} if made else {"other"})


def test_stopped_means_no_more_starts():
    schedule = opened(TaskQueue(plan(("a", ()), ("b", ())), [""]), 1)
    schedule.assign()
    schedule.stopped = True
    assert not schedule.over
    schedule.interrupted("a")
    assert schedule.over and schedule.assign() == []


def test_ten_thousand_tasks_are_scheduled_in_a_moment():
    rows = [(f"t{number}", (f"t{(number - 1) // 2}",) if number else (), float(number % 7)) for number in range(10_000)]
    schedule = opened(TaskQueue(plan(*rows), [""] * 8), 8)
    ran = 0
    while not schedule.over:
        for identifier, _ in schedule.assign():
            ran += 1
            schedule.done(identifier)
    assert ran == 10_000


def alike(count, **more):
    return {f"t{n}": PlannedTask(f"t{n}", "k", f"t{n}", (), 1.0, alike="x", **more) for n in range(count)}


@pytest.mark.parametrize(
    ("ready", "slots", "most", "shares"),
    [(8, 1, 7, [7]), (8, 1, 3, [3]), (8, 2, 7, [3, 3]), (5, 2, 7, [2, 1]), (2, 2, 7, [0, 0]), (1, 1, 7, [0])],
)
def test_what_may_run_along_is_shared_out_between_slots(ready, slots, most, shares):
    schedule = opened(TaskQueue(alike(ready), ["gpu0"] * slots), slots)
    started = schedule.assign()
    joined = schedule.join([task for task, _ in started], most)
    assert [len(joined.get(task, ([],))[0]) for task, _ in started] == shares
    along = [other for others, _ in joined.values() for other in others]
    assert len(set(along)) == len(along) and not set(along) & {task for task, _ in started}
    assert all(schedule.state[other] is State.RUNNING for other in along)


def test_what_runs_along_ends_goes_back_or_fails_without_freeing_the_slot():
    schedule = opened(TaskQueue(alike(5), ["cpu"], retries=Retries(lost=1)), 1)
    ((first, slot),) = schedule.assign()
    ((along, _),) = schedule.join([first], 7).values()
    done, back, lost, failed = along
    schedule.done(done)
    schedule.put_back(back, 1.0)
    assert schedule.failed(lost, "lost", 0.0).retry_at is not None
    schedule.failed(failed, "user", 0.0)
    assert schedule.running == {first: slot} and not schedule.assign()
    assert schedule.attempts[back] == 0 and schedule.attempts[lost] == 1
    schedule.done(first)
    assert set(schedule.due(9.0)) == {back, lost}
    ends = []
    while not schedule.over:
        ((task, _),) = schedule.assign()
        schedule.done(task)
        ends.append(task)
    assert set(ends) == {back, lost}


def test_only_tasks_alike_of_one_study_and_demand_and_none_alone_run_along():
    tasks = alike(2) | {"u": replace(alike(1)["t0"], id="u", alike="y")}
    tasks |= {"v": replace(alike(1)["t0"], id="v", study="other"), "w": replace(alike(1)["t0"], id="w", alike="")}
    schedule = opened(TaskQueue(tasks, ["cpu"]), 1)
    started = {}
    while not schedule.over:
        ((first, _),) = schedule.assign()
        along = schedule.join([first], 7).get(first, ([], None))[0]
        started[first] = along
        for task in (first, *along):
            schedule.done(task)
    assert sorted(started) == ["t0", "u", "v", "w"] and started["t0"] == ["t1"]
    schedule = opened(TaskQueue(alike(3), ["cpu"]), 1)
    ((first, _),) = schedule.assign()
    schedule.failed(first, "out-of-memory", 0.0)
    schedule.due(1.0)
    joined = {}
    for _ in range(3):
        if started := schedule.assign():
            joined |= schedule.join([started[0][0]], 7)
            schedule.done(started[0][0])
    assert first not in joined and all(first not in along for along, _ in joined.values())


def test_a_program_takes_its_slots_share_of_a_gpus_memory_and_of_the_host():
    shared = [gpu("G", 100, host=Host("h", memory=50, threads=4))] * 2
    demand = Demand(device=10, host=10)
    schedule = opened(scheduling.TaskQueue(alike(8, demand=demand), shared), 2)
    started = schedule.assign()
    joined = schedule.join([task for task, _ in started], 7)
    assert [room for _, room in joined.values()] == [50, 50]
    assert sum(len(along) for along, _ in joined.values()) == 3, "the host has room for five"
    for task, _ in started:
        for other in joined.get(task, ([],))[0]:
            schedule.done(other)
        schedule.done(task)
    assert len(schedule.assign()) == 2, "all that was taken is free again"
