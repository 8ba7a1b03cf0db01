"""How many tasks studies have, against counts worked out by hand (docs of the language, and its worked examples)."""

import pytest
from specs_for_tests import FIG7, LENET, plan_of

from lmcspec.plan import counts

FULL = {"train real": 4125, "train distilled": 40, "prune": 410, "shuffle": 165, "path": 4125, "distill": 1}
ALL_BUT_DENSE = 'measures.stability.networks=["imp","imp-k3","stable","shuffled","reinit"]'
CARRY = 'recipes.real.optimiser_state="carry"'


def test_the_printed_figure_with_three_copies_has_8866_tasks():
    found = counts(plan_of(FIG7))
    assert found == FULL
    assert sum(found.values()) == 8866


@pytest.mark.parametrize(
    ("sets", "real", "paths"),
    [
        ([CARRY], 3500, 4125),
        (["measures.stability.copies=2"], 2750, 1375),
        (["measures.stability.copies=2", CARRY], 2125, 1375),
        (["measures.stability.copies=2", 'measures.stability.levels=["dense",8,"last"]', ALL_BUT_DENSE], 895, 100),
    ],
    ids=["carried", "two-copies", "two-copies-carried", "three-levels"],
)
def test_variants_of_the_figure(sets, real, paths):
    assert counts(plan_of(FIG7, *sets)) == FULL | {"train real": real, "path": paths}


NO_STABILITY = FIG7.partition("stability =")[0]


def test_accuracy_alone_of_three_networks():
    found = counts(plan_of(NO_STABILITY, 'measures.accuracy.networks=["imp","imp-k3","stable"]'))
    assert found == {"train real": 420, "train distilled": 40, "prune": 410, "distill": 1}


def test_the_papers_figure_alone_starts_stable_at_its_second_stage():
    levels = [0, *range(8, 34)]
    found = counts(
        plan_of(
            NO_STABILITY,
            'measures.accuracy.networks=["imp","imp-k3"]',
            f'measures.late={{kind="accuracy",networks=["stable"],levels={levels}}}',
        )
    )
    # 5 (1 dense + 25 imp + 25 imp-k3 + 26 stable)
    assert found == {"train real": 385, "train distilled": 40, "prune": 410, "distill": 1}


def test_the_levels_of_the_last_stage_are_the_papers_figure_too():
    networks, levels = '["imp","imp-k3","stable"]', '["dense","last-stage"]'
    plan = plan_of(NO_STABILITY, f"measures.accuracy.networks={networks}", f"measures.accuracy.levels={levels}")
    assert counts(plan) == {"train real": 385, "train distilled": 40, "prune": 410, "distill": 1}
    # `stable` has two stages, of 8 and 25 rounds; `imp` has one, which enters at 0.
    measured = {name: {one.level for one in plan.targets if one.network == name} for name in ("imp", "stable")}
    assert measured == {"imp": set(range(26)), "stable": {0, *range(8, 34)}}


def test_the_first_masks_of_two_rewind_points_are_one():
    plan = plan_of(NO_STABILITY, 'measures.accuracy.networks=["imp","imp-k3"]', "replicates=1")
    assert plan.roles["imp/s0/l1/mask"] == plan.roles["imp-k3/s0/l1/mask"]
    assert plan.roles["imp/s0/l2/mask"] != plan.roles["imp-k3/s0/l2/mask"]


def test_the_rewind_state_is_passed_by_the_dense_training_and_not_counted():
    plan = plan_of(NO_STABILITY, 'measures.accuracy.networks=["imp-k3"]', "replicates=1")
    state = dict(plan.tasks[plan.roles["imp-k3/s0/l1/train"]].inputs)["start"]
    assert plan.byproducts == {state: plan.roles["imp-k3/s0/l0/train"]}
    assert plan.tasks[state].params.until == 3 * 23  # 1,437 images in batches of 64
    assert counts(plan)["train real"] == 26


def test_reinitialised_weights_are_one_draw_for_all_levels():
    plan = plan_of(NO_STABILITY, 'measures.accuracy.networks=["reinit"]', "replicates=2")
    for replicate in range(2):
        starts = {
            (task.params.start, dict(task.seeds)["replicate"])
            for role, identifier in plan.roles.items()
            if role.startswith(f"reinit/s{replicate}/") and (task := plan.tasks[identifier]).kind == "train"
        }
        assert starts >= {("reinit", replicate)}


def test_distilled_trainings_are_told_apart():
    plan = plan_of(NO_STABILITY, "replicates=1", 'measures.accuracy.networks=["stable"]')
    assert sum(task.on_distilled for task in plan.counted if task.trains) == 8


@pytest.mark.parametrize(
    ("at_zero_only", "trainings"),
    # A replicate at k = 0: dense, 15 levels of imp, random and reinit each, and 2 more copies of 4 subnetworks: 54.
    # At every k > 0: 15 levels of imp, 2 further levels, 2 further copies of dense beside copy 0 from k, 2 x 3 of
    # the three subnetworks: 26.
    [(True, 3 * 54), (False, 3 * (54 + 8 * 26))],
)
def test_all_of_frankles_lenet(at_zero_only, trainings):
    sets = []
    if at_zero_only:
        sets = ["networks.imp=[{data='real',rounds=15,rewind={each=[0]}}]", "measures.dense_lmc.at=[0]"]
    assert counts(plan_of(LENET, *sets))["train real"] == trainings
