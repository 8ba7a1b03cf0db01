"""How far each network of a study is, compared with walks and sums of the test's own."""

import os

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of
from stores_for_tests import fail, put

from lmcspec.plan.cost import Pace
from lmcspec.plan.outlook import outlook
from lmcspec.plan.simulate import Slots
from lmcspec.plan.standing_table import level_words, standing_lines, time_words
from lmcspec.plan.study_standing import study_standing
from lmcspec.plan.time_left import Left, TimeLeft
from lmcspec.store import Store, open_attempt, take

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ rounds = 3, fraction = { each = [0.5, 0.2] } }]
random = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = ["last"], points = 3 }
"""
)

PACE = Pace("", lambda task, work, model: (1.0, 2.0, 4.0))
"""Every task takes 2 s, from 1 to 4."""


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY, "replicates=2")


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def rests_on(plan, network):
    """The tasks that the numbers of a network rest on, without those that others make in passing."""
    waiting = [task for target in plan.targets if target.network == network for task in (target.task, target.mask)]
    reached = set()
    while waiting:
        task = waiting.pop()
        if task is not None and task not in reached:
            reached.add(task)
            waiting += [source for _, source in plan.tasks[task].inputs]
    return reached - plan.byproducts.keys()


def at(plan, label):
    return plan.roles[label]


def test_nothing_has_run(plan):
    study = study_standing(plan, None, Slots(2), pace=PACE)
    assert [network.network for network in study.networks] == [network for _, network in plan.levels]
    for network in study.networks:
        assert network.counts == {"to do": len(rests_on(plan, network.network))}
        assert (network.reached, network.bytes) == (None, 0)
        assert network.left is not None
    assert study.tasks.counts["to do"] == len(list(plan.counted))
    assert not study.is_over
    assert study.document()["bytes"] == {"total": 0, "kinds": {}}


def test_levels_and_bytes_of_what_is_there(plan, store):
    for replicate, level in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        names = ("train", "mask") if level else ("train",)
        for name in names:
            task = at(plan, f"imp[fraction=0.5]/s{replicate}/l{level}/{name}")
            put(store, task, size=1000 + level, kind=plan.tasks[task].kind)
    study = study_standing(plan, store, Slots(2), pace=PACE)
    by_name = {network.network: network for network in study.networks}
    assert by_name["imp[fraction=0.5]"].reached == (1, 2)
    assert level_words(by_name["imp[fraction=0.5]"]) == "1 to 2 of 3"
    assert by_name["imp[fraction=0.2]"].reached == (0, 0), "the dense training is theirs, too"
    assert level_words(by_name["dense"]) == "0 of 0"
    sizes = {
        folder.name: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for folder in store.root.glob("objects/*/*")
    }
    for name, network in by_name.items():
        there = rests_on(plan, name) & sizes.keys()
        assert network.counts.get("done", 0) == len(there)
        assert network.bytes == sum(sizes[task] for task in there)
    assert study.document()["bytes"]["total"] == sum(sizes.values())


def test_a_family_is_one_line_without_counting_twice(plan):
    study = study_standing(plan, None, Slots(2), pace=PACE, families=True)
    assert [(network.network, network.members) for network in study.networks] == [
        ("dense", 1),
        ("imp", 2),
        ("random", 2),
    ]
    (imp,) = (network for network in study.networks if network.network == "imp")
    assert imp.counts["to do"] == len(rests_on(plan, "imp[fraction=0.5]") | rests_on(plan, "imp[fraction=0.2]"))


def test_what_is_at_work_and_what_failed(plan, store):
    dense = at(plan, "dense/s0/l0/train")
    lease = take(store, dense)
    assert lease is not None
    with lease:
        open_attempt(store, dense, lease)
        failed = at(plan, "dense/s1/l0/train")
        fail(store, failed)
        study = study_standing(plan, store, Slots(1), pace=PACE)
    (running,) = study.tasks.running
    assert (running.id, running.until) == (dense, plan.tasks[dense].params.until)
    assert 0 <= running.seconds < 60
    by_name = {network.network: network.counts for network in study.networks}
    assert by_name["dense"] == {"running": 1, "failed": 1}
    assert all(counts["running"] == counts["failed"] == 1 for counts in by_name.values()), "all rest on these two"


def test_the_time_since_an_attempt_began_is_its_own(plan, store):
    dense = at(plan, "dense/s0/l0/train")
    earlier = fail(store, dense)
    os.utime(earlier, (1000, 1000))
    lease = take(store, dense)
    assert lease is not None
    with lease:
        open_attempt(store, dense, lease)
        study = study_standing(plan, store, Slots(1), pace=PACE)
    assert study.tasks.running[0].seconds < 60


def test_time_left_is_that_of_the_plan_until_something_is_at_work(plan):
    view = outlook(plan, None, pace=PACE)
    for slots in (Slots(1), Slots(3)):
        left = Left(view, slots).of()
        assert left.seconds == view.wall(slots)
        assert (left.low, left.high) == (view.wall(slots, "low"), view.wall(slots, "high"))
        assert left.guessed == len(view.diff.run)
    task = view.diff.run[0]
    each = 2.0 + view.calibration.overhead
    alone = Left(view, Slots(1), {task: 0.5}).of()
    assert alone.seconds == pytest.approx(len(view.diff.run) * each - 0.5), "workers have started already"
    assert Left(view, Slots(1), {task: 1000.0}).of({task}).seconds == 0.0
    assert Left(view, Slots(1), {task: 0.0}).of({task}).seconds == pytest.approx(each)


def test_more_tasks_at_work_than_this_machine_has_slots(plan):
    view = outlook(plan, None, pace=PACE)
    assert Left(view, Slots(1), dict.fromkeys(view.diff.run[:3], 0.0)).slots == Slots(3)


def test_time_of_which_nothing_is_known(plan):
    study = study_standing(plan, None, Slots(2))
    assert study.left.untimed == len(list(plan.counted))
    assert study.left.seconds > 0 and time_words(study.left) == "unknown", "that a run takes a moment to begin is none"
    assert all(network.left and time_words(network.left) == "unknown" for network in study.networks)
    assert time_words(TimeLeft(9.0, 7.0, 12.0, untimed=3, tasks=4)) == "at least 7.0 s"
    assert time_words(TimeLeft(14.0, 10.0, 20.0)) == "14 s (10 s to 20 s)"
    assert any("has never finished in this store" in str(line) for line in standing_lines(study))


PAIRS = (
    SEVEN_UPDATES
    + """
[networks]
imp = [{ rounds = 2, fraction = 0.5 }]
[permutations]
wm = { method = "weights", network = "imp", level = "same" }
[measures]
connectivity = { levels = ["last"], under = ["none", "wm"] }
"""
)


def test_a_replicate_that_only_partners_look_at_is_one_of_its_network(store):
    plan = plan_of(PAIRS, "replicates=4", "partners=2")
    assert {target.replicate for target in plan.targets} == {0, 2}, "the first of each pair"
    for level in range(3):
        for replicate in (0, 2, 3):
            put(store, at(plan, f"imp/s{replicate}/l{level}/train"), kind="train")
    [imp] = study_standing(plan, store, Slots(2), pace=PACE).networks
    assert imp.reached is None and level_words(imp) == "- of 2"
    put(store, at(plan, "imp/s1/l0/train"), kind="train")
    [imp] = study_standing(plan, store, Slots(2), pace=PACE).networks
    assert level_words(imp) == "0 to 2 of 2"


def test_so_is_each_of_which_transitivity_takes_a_permutation(store):
    measure = PAIRS[PAIRS.index("connectivity") :]
    of_three = 'transitivity = { levels = ["dense"], under = ["wm"], lengths = [3], paths = 1 }'
    plan = plan_of(PAIRS.replace(measure, of_three), "replicates=3", "partners=3")
    assert {target.replicate for target in plan.targets} == {0}
    for replicate in (0, 1):
        put(store, at(plan, f"imp/s{replicate}/l0/train"), kind="train")
    [imp] = study_standing(plan, store, Slots(2), pace=PACE).networks
    assert imp.reached is None
