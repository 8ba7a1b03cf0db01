"""Networks pruned by criteria that rank the weights at the rewind point: what is planned, shared and paid for."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.plan import counts
from lmcspec.plan.cost import cost
from lmcspec.plan.explain import explain_task
from lmcspec.plan.model_facts import from_document, take
from lmcspec.plan.outlook import outlook

REWOUND = ["snip", "grasp", "synflow", "magnitude-at-init"]
FAMILY = (
    SEVEN_UPDATES
    + """
[networks]
early = [{ rounds = 3, criterion = { each = ["snip", "grasp", "synflow", "magnitude-at-init"] }, rewind = { each = [0, "3it"] } }]
[measures]
accuracy = {}
"""
)
STUDY = (
    SEVEN_UPDATES
    + """
[recipes.other]
extends = "real"
batch = 128
[recipes.distilled]
extends = "real"
[distilled]
dm = { method = "dm", ipc = 2, iterations = 5 }
[networks]
snip = [{ rounds = 2, criterion = "snip" }]
late = [{ rounds = 2, criterion = "snip", rewind = "3it" }]
again = [{ rounds = 2, criterion = "snip", retrain = "other" }]
at-once = [{ rounds = 1, sparsity = 0.9, criterion = "snip" }]
each-from-dense = [{ rounds = 2, criterion = "snip", iterative = false }]
on-dm = [{ data = "dm", rounds = 2, criterion = "grasp" }]
then-imp = [{ rounds = 2, criterion = "snip" }, { rounds = 1 }]
later-stage = [{ rounds = 1 }, { rounds = 1, criterion = "synflow", rewind = "3it" }]
other-dense = [{ rounds = 1 }, { rounds = 1, criterion = "synflow", rewind = "3it", rewind_of = "dense" }]
shuffled = { like = "late", mask = "shuffled" }
[measures]
accuracy = { levels = "all" }
"""
)


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY, "replicates=2")


def task(plan, role):
    return plan.tasks[plan.roles[role]]


def test_at_the_start_weights_are_drawn_and_later_they_are_the_state_there(plan):
    first, second = (task(plan, f"snip/s1/l{level}/mask") for level in (1, 2))
    assert (first.params.start, first.inputs, first.seeds) == ("init", (), (("replicate", 1),))
    assert (second.params.start, second.inputs) == ("init", (("mask", first.id),))
    first, second = (task(plan, f"late/s1/l{level}/mask") for level in (1, 2))
    state = dict(first.inputs)["state"]
    assert (first.params.start, first.seeds) == ("given", ())
    assert (plan.tasks[state].kind, plan.tasks[state].params.until) == ("train", 3)
    assert dict(second.inputs) == {"mask": first.id, "state": state}
    run = task(plan, "late/s1/l2/train")
    assert dict(run.inputs) == {"mask": second.id, "start": state}
    assert run.params.begin == 3


def test_nothing_is_trained_between_rounds():
    assert counts(plan_of(FAMILY, 'measures.accuracy.levels=["last"]')) == {
        "train real": 8 + 1,  # a last level each, and once to the rewind point
        "prune": 3 * 8,
    }
    plan = plan_of(FAMILY, "measures.accuracy.levels=['last']")
    for one in plan.tasks.values():
        if one.kind == "prune":
            assert all(plan.tasks[source].params.until == 3 for which, source in one.inputs if which == "state")


def test_masks_are_shared_by_all_that_ask_for_the_same(plan):
    for level in (1, 2):
        masks = {plan.roles[f"{name}/s0/l{level}/mask"] for name in ("snip", "again", "then-imp")}
        assert len(masks) == 1
    assert plan.roles["snip/s0/l1/mask"] == plan.roles["each-from-dense/s0/l1/mask"]
    assert plan.roles["snip/s0/l2/mask"] != plan.roles["each-from-dense/s0/l2/mask"]
    assert plan.roles["snip/s0/l1/train"] != plan.roles["again/s0/l1/train"]
    assert plan.roles["snip/s0/l1/mask"] != plan.roles["snip/s1/l1/mask"]


def test_cut_from_the_dense_end_a_level_is_scored_once(plan):
    second = task(plan, "each-from-dense/s0/l2/mask")
    assert (second.inputs, second.params.rounds) == ((), 2)


def test_only_criteria_that_look_at_images_rest_on_the_data(plan):
    assert task(plan, "snip/s0/l1/mask").params.data is not None
    mask = task(plan, "on-dm/s0/l1/mask")
    assert mask.params.data is not None
    assert plan.tasks[dict(mask.inputs)["data"]].kind == "distill"
    synflow = task(plan, "later-stage/s0/l2/mask")
    assert synflow.params.data is None


def test_a_later_stage_scores_its_own_rewind_point(plan):
    """The network as it enters, trained to there; or the dense one."""
    own, dense = (dict(task(plan, f"{name}/s0/l2/mask").inputs) for name in ("later-stage", "other-dense"))
    assert own["mask"] == dense["mask"] == plan.roles["later-stage/s0/l1/mask"]
    assert dict(plan.tasks[own["state"]].inputs) == {"mask": own["mask"]}
    assert plan.tasks[dense["state"]].inputs == ()
    assert dict(task(plan, "then-imp/s0/l3/mask").inputs)["state"] == plan.roles["snip/s0/l2/train"]


def test_baselines_follow(plan):
    mask, run = task(plan, "shuffled/s0/l2/mask-0"), task(plan, "shuffled/s0/l2/train")
    assert dict(mask.inputs) == {"mask": plan.roles["late/s0/l2/mask"]}
    assert dict(run.inputs)["start"] == dict(task(plan, "late/s0/l2/train").inputs)["start"]


def test_every_setting_changes_the_mask_and_nothing_else_does():
    def mask(*sets):
        return plan_of(TINY_SNIP, *sets).roles["a/s0/l1/mask"]

    settings = ["per_class=3", "batch=10", "iterations=2", "mode='eval'", "name='grasp'"]
    ids = [mask(*(f"networks.a[0].criterion.{one}" for one in ones)) for ones in ([], *([one] for one in settings))]
    assert len(set(ids)) == 6
    assert mask("recipes.real.optimiser.lr=0.3", "recipes.real.length='9it'") == ids[0]
    assert mask("networks.a[0].rounds=4", "measures.accuracy.levels=['last']") == ids[0]
    assert mask("dataset.space='raw'") != ids[0]


TINY_SNIP = (
    SEVEN_UPDATES
    + """
[networks]
a = [{ rounds = 1, criterion = { name = "snip" } }]
[measures]
accuracy = {}
"""
)


@pytest.mark.parametrize(
    ("criterion", "images", "forward"),
    [
        ("{name='snip'}", 100, 300),
        ("{name='snip',iterations=4,per_class=2}", 80, 240),
        ("{name='grasp'}", 100, 1200),
        ("{name='snip',per_class=1000}", 1437, 3 * 1437),
        ("{name='synflow'}", 0, 300),
        ("{name='magnitude-at-init'}", 0, 0),
        ("{name='random'}", 0, 0),
    ],
)
def test_what_it_costs(criterion, images, forward):
    plan = plan_of(TINY_SNIP, f"networks.a[0].criterion={criterion}")
    one = task(plan, "a/s0/l1/mask")
    facts = from_document(take(one.params.model))
    found = cost(one, plan, None, {one.params.model.digest: facts})
    assert (found.work.images, found.work.forward) == (images, forward)
    assert found.flops(facts) == 2 * (64 * 16 + 16 * 10) * forward


def test_a_distilled_set_has_fewer_images():
    plan = plan_of(STUDY)
    assert cost(task(plan, "on-dm/s0/l1/mask"), plan, None, {}).work.images == 20


def test_explained():
    view = outlook(plan_of(FAMILY), None)
    role = "early[criterion=snip,rewind=3it]/s0/l1/mask"
    text = str(explain_task(view, view.plan.roles[role], role))
    assert "100 training images, seconds unknown" in text
    assert "criterion.per_class" in text
    role = "early[criterion=synflow,rewind=0]/s0/l1/mask"
    text = str(explain_task(view, view.plan.roles[role], role))
    assert "init" in text and "training images" not in text
