"""Copies on their way and their distances: which tasks, which are shared, and what comes out when they run."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan import counts
from lmcspec.plan.outlook import outlook
from lmcspec.report import tidy
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

NETWORKS = """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, fraction = 0.5, rewind = "2it" }]
reinit = { like = "imp", weights = "reinitialised" }
"""
TEXT = SEVEN_UPDATES.replace('length = "1ep"\nbatch = 256', 'length = "12it"\nbatch = 256') + NETWORKS
WAY = """
[measures]
stability = { networks = ["dense"], levels = ["dense"], at = [0, "4it"], points = 3, copies = 3, through = "3it" }
"""
PLAIN = WAY.replace(', through = "3it"', "")


def targets(plan, **wanted):
    return [one for one in plan.targets if all(getattr(one, key) == value for key, value in wanted.items())]


def run(plan, store):
    view = outlook(plan, store)
    summary = execute(view, store, InlineRunner())
    assert not summary.failed
    return view


def instabilities(plan, store, **wanted):
    return {
        one.key: store.find(one.task).scalars["paths"]["average"]["summary"]["instability/test"]
        for one in targets(plan, **wanted)
    }


def test_copies_are_compared_at_multiples_of_the_step_on_the_clock_of_training():
    plan = plan_of(TEXT + WAY)
    assert [one.through for one in targets(plan, at_updates=0, copies=(0, 1))] == [3, 6, 9, None]
    assert [one.through for one in targets(plan, at_updates=4, copies=(0, 1))] == [6, 9, None]
    assert len(plan.targets) == 3 * (4 + 3)
    for one in plan.targets:
        ends = [plan.tasks[task].params.until for which, task in plan.tasks[one.task].inputs if which in "ab"]
        assert ends == [one.through or 12] * 2


def test_states_on_the_way_are_by_products_that_go_once_they_are_used():
    plan, plain = plan_of(TEXT + WAY), plan_of(TEXT + PLAIN)
    assert set(plain.tasks) < set(plan.tasks), "no id moves"
    added = counts(plan)
    assert {kind: added[kind] - counts(plain)[kind] for kind in added} == {"train real": 0, "path": 3 * (3 + 2)}
    states = [task for task in plan.tasks.values() if task.kind == "train" and task.id not in plain.tasks]
    assert len(states) == 3 * (3 + 2)
    assert all(task.id in plan.byproducts and task.keep == "until-used" for task in states)


def test_a_state_on_the_way_is_the_end_of_a_shorter_training(tmp_path):
    """The rate is constant, so a study that ends at update 6 has there what this one has on its way."""
    store = Store.open(tmp_path / "store")
    plan = plan_of(TEXT + WAY)
    run(plan, store)
    short = plan_of(TEXT + PLAIN, "recipes.real.length='6it'")
    other = Store.open(tmp_path / "other")
    run(short, other)
    on_the_way = instabilities(plan, store, through=6)
    at_the_end = instabilities(short, other)
    assert {key.replace("/t=6", ""): value for key, value in on_the_way.items()} == at_the_end
    assert len(set(at_the_end.values())) > 1


def test_a_second_run_has_nothing_to_do_and_states_are_dropped(tmp_path):
    store = Store.open(tmp_path)
    plan = plan_of(TEXT + WAY)
    run(plan, store)
    assert outlook(plan, store).diff.nothing_to_do
    states = {task for task in plan.byproducts if plan.tasks[task].keep == "until-used"}
    assert store.dropped(plan.tasks) >= states
    assert {row.outcome for row in tidy(plan, store) if row.value is None} == set()


def test_asked_for_later_the_states_are_made_and_nothing_else_moves(tmp_path):
    store = Store.open(tmp_path / "later")
    plan = plan_of(TEXT + WAY)
    plain = plan_of(TEXT + PLAIN)
    run(plain, store)
    before = {task: store.find(task).digest for task in plain.tasks}
    view = outlook(plan, store)
    assert not set(view.diff.run) & {one.task for one in plain.targets}
    run(plan, store)
    once = Store.open(tmp_path / "once")
    run(plan, once)
    assert {task: store.find(task).digest for task in plain.tasks} == before
    assert instabilities(plan, store) == instabilities(plan, once)


DISTANCE = """
[measures]
stability = { networks = ["dense", "imp"], levels = ["dense", "last"], at = ["rewind", "4it"], points = 3, copies = 3 }
distance = { networks = ["dense", "imp"], levels = ["dense", "last"], at = ["rewind", "4it"], copies = 3 }
"""


def test_distances_are_those_of_stability_s_pairs(tmp_path):
    plan = plan_of(TEXT + DISTANCE)
    alone = plan_of(TEXT + DISTANCE, "measures.distance.levels=['dense']", "measures.distance.networks=['dense']")
    assert counts(plan)["train real"] == counts(alone)["train real"], "no training of its own"
    pairs = {one.key: dict(plan.tasks[one.task].inputs) for one in targets(plan, kind="stability")}
    for one in targets(plan, kind="distance"):
        inputs = dict(plan.tasks[one.task].inputs)
        start = plan.tasks[inputs.pop("start")]
        assert inputs == pairs[one.key.replace("distance", "stability")]
        assert (start.kind, start.params.until) == ("train", one.at_updates)
    store = Store.open(tmp_path)
    run(plan, store)
    for one in targets(plan, kind="distance"):
        twin = next(
            other for other in targets(plan, kind="stability") if other.key.replace("stability", "distance") == one.key
        )
        assert store.find(one.task).scalars["distance"] == pytest.approx(store.find(twin.task).scalars["distance"])


@pytest.mark.parametrize(
    ("network", "level", "begin", "kind"), [("dense", 0, 0, "init"), ("imp", 1, 2, "given"), ("reinit", 1, 2, "reinit")]
)
def test_the_start_is_the_level_s_own_starting_point(network, level, begin, kind):
    """At the rewind point it is a training of no updates: drawn, given or drawn anew, and masked."""
    measure = f'[measures]\ndistance = {{ networks = ["{network}"], levels = [{level}] }}'
    plan = plan_of(TEXT + measure)
    (one,) = plan.targets
    inputs = dict(plan.tasks[one.task].inputs)
    start = plan.tasks[inputs["start"]]
    assert (start.params.begin, start.params.until, start.params.start) == (begin, begin, kind)
    assert dict(start.inputs).get("mask") == inputs.get("mask") == one.mask
    assert plan.byproducts[start.id] == inputs["a"]


def test_a_measure_of_which_every_k_lies_before_the_rewind_point():
    measure = '[measures]\ndistance = { networks = ["imp"], levels = ["last"], at = ["1it"] }'
    with pytest.raises(SpecError) as refused:
        plan_of(TEXT + measure)
    assert [problem.code for problem in refused.value.problems] == ["E405"]
