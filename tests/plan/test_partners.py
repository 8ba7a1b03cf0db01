"""Partners: which tasks permutations are, which are shared, and what comes over by them."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.plan import counts
from lmcspec.plan.alignments import Partners, partners
from lmcspec.plan.cost import work
from lmcspec.plan.document import payload

TEXT = (
    SEVEN_UPDATES.replace('study = "small"', 'study = "small"')
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 2, fraction = 0.5 }]
"""
)
PERMUTATIONS = """
[permutations]
wm = { method = "weights", network = "dense" }
am = { method = "activations", network = "dense", images = 100 }
ss = { method = "weights", network = "imp", level = "same" }
early = { method = "weights", network = "dense", step = "3it" }
"""


def study(measures: str, *, networks: str = "", replicates: int = 4, partners: int = 2, more: str = "") -> str:
    """The spec of some replicates that are partners."""
    head = f"replicates = {replicates}\npartners = {partners}\n"
    return head + TEXT + networks + PERMUTATIONS + more + "[measures]\n" + measures


def of_kind(plan, kind):
    return [task for task in plan.tasks.values() if task.kind == kind]


def test_replicates_are_taken_together():
    assert partners(4, 1) == []
    assert partners(4, 2) == [Partners(0, 1), Partners(2, 3)]
    assert partners(6, 3) == [Partners(0, 1, 2), Partners(3, 4, 5)]


def test_each_pair_has_draws_of_its_own():
    numbers = {Partners(low, high).number for high in range(60) for low in range(high)}
    assert numbers == set(range(60 * 59 // 2))
    assert Partners(2, 0).number == Partners(0, 2).number


def test_a_connectivity_is_a_path_for_each_pair_level_and_permutation():
    plan = plan_of(
        study('conn = { kind = "connectivity", levels = "all", networks = ["imp"], under = ["none", "wm", "ss"] }')
    )
    # 2 pairs; level 0 has wm = ss, as it is the dense network's: 2 paths there, 3 on levels 1 and 2.
    assert counts(plan) == {"train real": 4 * 3, "prune": 4 * 2, "match": 2 * (1 + 2), "path": 2 * (2 + 3 + 3)}
    assert len(plan.targets) == 2 * 3 * 3, "each is asked for by its own name"
    for target in plan.targets:
        inputs = dict(plan.tasks[target.task].inputs)
        assert ("permutation" in inputs) is (target.under != "none")
        first, second = (dict(plan.tasks[inputs[end]].seeds)["replicate"] for end in "ab")
        assert (first, second) == (target.replicate, target.replicate + 1)
        assert "mask" not in inputs, "each end has its own"


def test_one_permutation_serves_the_whole_way():
    plan = plan_of(
        study(
            'conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], through = "2it", under = ["wm", "early"] }'
        )
    )
    assert [target.through for target in plan.targets[::2]] == [0, 2, 4, None] * 2
    assert len({dict(plan.tasks[target.task].inputs)["permutation"] for target in plan.targets}) == 2 * 2
    looked_at = {
        dict(plan.tasks[source].seeds)["replicate"]: plan.tasks[source].params.until
        for task in of_kind(plan, "match")
        for _, source in task.inputs
        if task.label.startswith("early")
    }
    assert looked_at == dict.fromkeys(range(4), 3)


def test_images_are_looked_at_by_activations_alone():
    plan = plan_of(
        study('conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], under = ["wm", "am"] }')
    )
    by_method = {task.params.method.value["method"]: task for task in of_kind(plan, "match")}
    assert by_method["weights"].params.data is None
    assert by_method["activations"].params.data is not None
    assert by_method["activations"].params.images == 100
    assert "network" not in by_method["weights"].params.method.value, "which networks they are, inputs say"


BY_GRADIENT = """
ste = { method = "ste", network = "dense", images = 150, length = "4ep1it", batch = 100 }
all = { method = "ste", network = "dense", batch = 100, look = "2ep" }
sk = { method = "sinkhorn", network = "dense", length = "3ep", batch = 100 }
l2 = { method = "sinkhorn", network = "dense", loss = "l2" }
"""


def test_steps_of_methods_are_counted_in_batches_of_the_images_that_they_see():
    under = (
        'conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], under = ["ste", "all", "sk", "l2"] }'
    )
    plan = plan_of(study(under, more=BY_GRADIENT, replicates=2))
    by_name = {task.label.split("/")[0]: task for task in of_kind(plan, "match")}
    methods = {name: task.params.method.value for name, task in by_name.items()}
    digits = next(iter(plan.facts.values())).train
    per_epoch = -(-digits // 100)
    assert (methods["ste"]["length"], methods["ste"]["look"], by_name["ste"].params.images) == (4 * 2 + 1, 2, 150)
    assert (methods["all"]["length"], methods["all"]["look"]) == (250 * per_epoch, 2 * per_epoch)
    assert methods["sk"]["length"] == 3 * per_epoch
    assert by_name["l2"].params.data is None
    seen = {name: work(task, plan) for name, task in by_name.items()}
    assert (seen["ste"].images, seen["ste"].updates) == (4 * 150 + 100, 9)
    assert seen["all"].forward == 3 * 250 * digits + (1 + 125) * digits
    assert (seen["sk"].forward, seen["l2"].forward) == (9 * digits, 0)
    assert (seen["l2"].units, seen["l2"].updates) == (500, 500)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('method = "sinkhorn", loss = "l2", length = "3ep"', "no images are looked at"),
        ('method = "sinkhorn", length = "0it"', "an update at least"),
        ('method = "ste", look = 0', "an update at least"),
    ],
)
def test_lengths_that_are_none(settings, said):
    with pytest.raises(SpecError) as error:
        plan_of(study("accuracy = {}", more=f'odd = {{ network = "dense", {settings} }}\n'))
    (problem,) = error.value.problems
    assert said in problem.message


def test_seconds_of_a_method_say_nothing_about_another_s():
    """An image of a training is no image of a matching, and the unit of weight matching is no image at all."""
    under = (
        'conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], under = ["ste", "am", "wm", "l2"] }'
    )
    plan = plan_of(study(under, more=BY_GRADIENT, replicates=2))
    tasks = {task.label.split("/")[0]: task for task in of_kind(plan, "match")}
    model = tasks["wm"].params.model.digest
    paces = {name: task.pace for name, task in tasks.items()}
    assert paces == {
        "ste": f"{model}/ste",
        "am": f"{model}/activations",
        "wm": f"{model}/weights without images",
        "l2": f"{model}/sinkhorn without images",
    }
    assert {name: payload(plan, task.id)["record"]["model"] for name, task in tasks.items()} == paces


def test_masks_come_over_in_both_directions():
    networks = 'ours = { like = "imp", mask_from = "partner", under = "wm" }\nplain = { like = "imp", mask_from = "partner", under = "none" }\n'
    plan = plan_of(study("accuracy = {}", networks=networks))
    carried = of_kind(plan, "transport")
    assert len(carried) == 4 * 2
    for task in carried:
        network, replicate, *_ = task.label.split("/")
        number = int(replicate[1:])
        mask = plan.tasks[dict(task.inputs)["mask"]]
        other = dict(plan.tasks[dict(mask.inputs)["state"]].seeds)["replicate"]
        assert (network, other) == ("ours", number ^ 1)
        assert task.params.back is (number % 2 == 1), "the second partner undoes what brings it to the first"
    assert len(of_kind(plan, "match")) == 2, "one permutation for both directions"
    trained = {
        target.network: plan.tasks[target.task]
        for target in plan.targets
        if target.level == 1 and target.replicate == 0
    }
    masks = {network: dict(task.inputs)["mask"] for network, task in trained.items() if "mask" in dict(task.inputs)}
    assert len(set(masks.values())) == 3
    assert masks["plain"] == next(
        target.mask for target in plan.targets if (target.network, target.replicate, target.level) == ("imp", 1, 1)
    )


def test_by_way_of_a_third():
    more = 'ind = { method = "weights", network = "dense", via = "third" }\n'
    measures = 'conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], under = ["wm", "ind"] }\nfp = { kind = "fixed-points", between = ["wm", "ind"] }\n'
    plan = plan_of(study(measures, replicates=6, partners=3, more=more))
    assert counts(plan) == {"train real": 6, "match": 2 * 3, "detour": 2, "path": 2 * 2, "agreement": 2}
    (detour, _) = of_kind(plan, "detour")
    ways = {
        name: [dict(plan.tasks[task].seeds)["replicate"] for _, task in plan.tasks[match].inputs]
        for name, match in detour.inputs
    }
    assert ways == {"a": [2, 0], "b": [2, 1]}, "both are aligned with the third"


def test_nobody_else_s_ids_move():
    alone = plan_of(TEXT + "[measures]\naccuracy = {}\n")
    with_partners = plan_of(study('accuracy = {}\nconn = { kind = "connectivity", levels = "all", under = ["wm"] }'))
    assert set(alone.tasks) <= set(with_partners.tasks)


@pytest.mark.parametrize("network", ["imp", "dense"])
def test_adding_a_permutation_moves_no_series(network):
    def identity(plan):
        return next(series.identity for series in plan.series if series.network == network)

    assert identity(plan_of(TEXT + "[measures]\naccuracy = {}\n")) == identity(plan_of(study("accuracy = {}")))


def test_children_are_second_copies_and_take_their_parents_permutation():
    conn = 'conn = { kind = "connectivity", levels = ["dense"], networks = ["dense"], under = ["wm"], branch = ["2it", 0] }\n'
    alone = plan_of(study(conn))
    assert [(target.at, target.at_updates) for target in alone.targets] == [("", 0), ("2it", 2), ("0ep", 0)] * 2
    assert len({dict(alone.tasks[target.task].inputs)["permutation"] for target in alone.targets}) == 2
    both = plan_of(study(conn + 'stability = { networks = ["dense"], levels = ["dense"], at = ["2it", 0] }\n'))
    assert counts(alone)["train real"] == 4 * 3
    assert counts(both)["train real"] == 4 * (3 + 1), "only copy 0 from update 2 is new: children are the second copies"
    for target in alone.targets:
        ends = [dict(alone.tasks[task].seeds) for name, task in alone.tasks[target.task].inputs if name in "ab"]
        assert [end["copy"] for end in ends] == [1 if target.at else 0] * 2


def test_children_after_the_end_are_an_error():
    conn = 'conn = { kind = "connectivity", levels = ["dense"], under = ["wm"], branch = ["9it"] }\n'
    with pytest.raises(SpecError) as error:
        plan_of(study(conn))
    assert [problem.code for problem in error.value.problems] == ["E401"]


@pytest.mark.parametrize(
    ("between", "places"),
    [
        ('["wm", "early"]', [("dense", 0)]),
        ('["wm", "ss"]', [("imp", 0), ("imp", 1), ("imp", 2)]),
        ('["ss", "wm"]', [("imp", 0), ("imp", 1), ("imp", 2)]),
    ],
)
def test_a_permutation_of_the_same_level_is_compared_at_all_levels(between, places):
    plan = plan_of(study(f'fp = {{ kind = "fixed-points", between = {between} }}', replicates=2))
    assert [(target.network, target.level) for target in plan.targets] == places
    for target in plan.targets:
        ways = {name: plan.tasks[task] for name, task in plan.tasks[target.task].inputs}
        trained = {name: dict(way.inputs)["a"] for name, way in ways.items()}
        same = {name: plan.roles.get(f"imp/s0/l{target.level}/train") == task for name, task in trained.items()}
        assert target.network == "dense" or any(same.values())
