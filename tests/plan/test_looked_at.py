"""What landscapes, Hessians, masks and paths without masks ask of a plan: which tasks, and what they share."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.plan import counts

BASE = """
study = "looked-at"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "10ep"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 5e-4 }
[networks]
imp = [{ rounds = 3 }]
late = [{ rounds = 3, rewind = "5it" }]
chance = [{ rounds = 2, criterion = "random" }]
[measures]
"""


def tasks(plan, kind):
    return [task for task in plan.tasks.values() if task.kind == kind]


def test_a_landscape_looks_at_the_copies_of_stability():
    stability = 'stability = { networks = ["imp"], levels = [2], copies = 4 }\n'
    alone = plan_of(BASE + stability)
    both = plan_of(BASE + stability + 'landscape = { networks = ["imp"], levels = [2], grid = 5 }')
    assert counts(both)["train real"] == counts(alone)["train real"] == 2 * (3 + 3)
    assert counts(both)["landscape"] == 2
    (own, _) = tasks(both, "landscape")
    inputs = dict(own.inputs)
    assert set(inputs) == {"anchor-0", "anchor-1", "anchor-2", "other-0", "mask"}
    ends = {dict(path.inputs)[end] for path in tasks(both, "path") for end in "ab"}
    assert {inputs[which] for which in inputs if which != "mask"} <= ends


def test_anchors_may_be_other_networks():
    text = """landscape = { networks = ["imp"], levels = [2], copies = 2, anchors = [1, { network = "chance" }, { network = "late", level = 0, copy = 1 }] }"""
    plan = plan_of(BASE + text)
    inputs = dict(tasks(plan, "landscape")[0].inputs)
    assert "mask" not in inputs, "each has its own"
    labels = {which: plan.tasks[task].label for which, task in inputs.items()}
    assert labels["anchor-0"] == "imp/s0/l2/copy1"
    assert labels["anchor-1"] == "chance/s0/l2/train"
    assert labels["anchor-2"].endswith("s0/l0/copy1")
    assert labels["other-0"] == "imp/s0/l2/train"


@pytest.mark.parametrize(
    ("anchors", "says"),
    [
        ("[0, 0, 1]", "three different networks"),
        ("[0, 1]", "3"),
        ('[0, 1, { network = "chance", level = 3 }]', "has levels 0 to 2, not 3"),
    ],
)
def test_anchors_that_are_no_plane(anchors, says):
    with pytest.raises(SpecError, match=says):
        plan_of(BASE + f'landscape = {{ networks = ["imp"], levels = [1], anchors = {anchors} }}')


def test_a_hessian_is_of_the_training_that_is_measured():
    plan = plan_of(BASE + 'accuracy = {}\nhessian = { levels = ["dense", 2], diagonal = "estimated", probes = 7 }')
    assert counts(plan)["hessian"] == 2 * (1 + 3), "the dense one once for all networks that share it"
    assert counts(plan)["train real"] == counts(plan_of(BASE + "accuracy = {}"))["train real"]
    measured = {target.task for target in plan.targets if target.kind == "accuracy"}
    assert all(dict(task.inputs)["state"] in measured for task in tasks(plan, "hessian"))
    assert {task.params.probes for task in tasks(plan, "hessian")} == {7}


def test_masks_are_compared_level_by_level():
    plan = plan_of(BASE + 'masks = { levels = "all" }\noverlap = { levels = [1, 2], against = "imp" }')
    own = [task for task in tasks(plan, "overlap") if len(task.inputs) == 1]
    assert len(own) == 2 * (3 + 2 + 2), "dense networks have no mask, and the first of imp and late is one"
    pairs = [dict(task.inputs) for task in tasks(plan, "overlap") if len(task.inputs) == 2]
    assert len(pairs) == 2 * (2 + 2), "none of imp with itself"
    masks = {(one.network, one.replicate, one.level): one.mask for one in plan.targets if one.measure == "masks"}
    expected = [
        {"mask": masks[name, replicate, level], "other": masks["imp", replicate, level]}
        for name in ("late", "chance")
        for replicate in (0, 1)
        for level in (1, 2)
    ]
    key = lambda pair: sorted(pair.items())  # noqa: E731
    assert sorted(pairs, key=key) == sorted(expected, key=key)


class TestDroppedMasks:
    PATHS = 'stability = { networks = ["imp", "late"], levels = ["dense", 2], at = ["rewind", "20it"], points = 5 }\n'
    DROPPED = PATHS.replace("stability =", "dropped =").replace("{ networks", '{ kind = "stability", networks')

    def both(self):
        dropped = self.DROPPED.replace("points = 5", 'points = 5, masks = "dropped"')
        return plan_of(BASE + self.PATHS + dropped)

    def test_kept_ones_have_the_ids_that_they_had(self):
        kept = self.DROPPED.replace("points = 5", 'points = 5, masks = "kept"')
        assert set(plan_of(BASE + self.PATHS + kept).tasks) == set(plan_of(BASE + self.PATHS).tasks)

    def test_only_sparse_paths_differ_and_nothing_more_is_trained(self):
        plan, alone = self.both(), plan_of(BASE + self.PATHS)
        assert counts(plan)["train real"] == counts(alone)["train real"]
        sparse = [task for task in tasks(alone, "path") if "mask" in dict(task.inputs)]
        assert counts(plan)["path"] == counts(alone)["path"] + len(sparse)

    def test_all_weights_start_where_they_were_rewound_to(self):
        plan = self.both()
        found = {}
        for task in tasks(plan, "path"):
            if task.params.decay is not None:
                start = plan.tasks[dict(task.inputs)["start"]]
                assert "mask" not in dict(start.inputs)
                place = (task.label.split("/")[0], task.params.branches)
                found[place] = (start.params.start, start.params.begin, start.params.until)
        end = 230
        assert found == {
            ("imp", (0, end)): ("init", 0, 0),
            ("imp", (0, 20, end)): ("init", 0, 0),
            ("late", (5, end)): ("init", 0, 5),
            ("late", (5, 20, end)): ("init", 0, 5),
        }

    def test_of_adam_it_can_t_be_said(self):
        text = BASE.replace('name = "sgd"', 'name = "adam"').replace(", momentum = 0.9", "")
        with pytest.raises(SpecError, match="what adam makes of a pruned weight"):
            plan_of(text + 'landscape = { networks = ["imp"], levels = [1], masks = "dropped" }')


class TestSetsOnAnotherNetwork:
    def plan(self, model, study='{ name = "convnet2", width = 4 }'):
        told = f", model = {model}" if model else ""
        text = BASE.replace('{ name = "mlp", widths = [8] }', study)
        text += f'[distilled]\ndm = {{ method = "dm", ipc = 1, iterations = 2{told} }}'
        text = text.replace("[networks]\n", '[networks]\nsyn = [{ data = "dm", recipe = "real", rounds = 1 }]\n')
        return plan_of(text.replace("[measures]\n", "[measures]\naccuracy = { levels = [1] }\n"))

    def made(self, plan):
        (own,) = tasks(plan, "distill")
        return own

    def test_it_is_made_on_the_network_that_it_names(self):
        told = self.made(self.plan('{ name = "convnet2", width = 9 }'))
        assert told.params.model.value["config"]["width"] == 9
        assert "model" not in told.params.method.value

    def test_naming_the_studys_own_changes_nothing(self):
        assert self.made(self.plan('{ name = "convnet2", width = 4 }')).id == self.made(self.plan("")).id

    def test_studies_of_several_networks_share_the_set(self):
        one, other = self.plan('"convnet2"'), self.plan('"convnet2"', '{ name = "mlp", widths = [8] }')
        assert self.made(one).id == self.made(other).id
        assert not {task.id for task in tasks(one, "train")} & {task.id for task in tasks(other, "train")}

    def test_images_have_to_fit_it(self):
        with pytest.raises(SpecError, match="halve images"):
            self.plan('"convnet5"')

    def test_experts_are_of_that_network_too(self):
        text = (
            BASE
            + '[distilled]\nled = { method = "mtt", ipc = 1, latest = 1, model = "convnet2", experts = { count = 1, epochs = 3 } }'
        )
        text = text.replace("[networks]\n", '[networks]\nsyn = [{ data = "led", recipe = "real", rounds = 1 }]\n')
        plan = plan_of(text.replace("[measures]\n", "[measures]\naccuracy = { levels = [1] }\n"))
        (expert,) = tasks(plan, "expert")
        assert expert.params.model.value["config"]["name"] == "convnet"
