"""Distilled sets in plans: what they cost, experts that are shared, packed and raw files, and their own accuracy."""

import pytest
import torch
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import get
from lmcspec.plan import counts
from lmcspec.plan.cost import cost
from lmcspec.science.data.distilled.published import write_published
from lmcspec.spec import load, presets, set_presets

SPEC = """
study = "sets"
dataset = { name = "digits", space = "standardised" }
model = { name = "convnet", depth = 1, width = 4 }
replicates = 2
[recipes]
real = { length = "3ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
distilled = { length = "3ep", batch = 16, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
SETS
[networks]
dense = []
imp = [{ data = "real", rounds = 2 }]
[measures]
MEASURES
"""


def spec(sets: str, measures: str) -> str:
    return SPEC.replace("SETS", sets).replace("MEASURES", measures)


MTT = 'NAME = { method = "mtt", ipc = IPC, latest = 2, experts = { count = 3, epochs = 4 }MORE }\n'


def mtt(name, ipc, more=""):
    return MTT.replace("NAME", name).replace("IPC", str(ipc)).replace("MORE", more)


def test_sets_that_ask_alike_share_their_experts():
    plan = plan_of(
        spec(
            mtt("one", 1) + mtt("ten", 10, ", seed = 3"),
            'one = { kind = "set-accuracy", set = "one" }\nten = { kind = "set-accuracy", set = "ten" }',
        )
    )
    assert counts(plan) == {"expert": 3, "distill": 2, "train distilled": 4}
    made = [task for task in plan.tasks.values() if task.kind == "distill"]
    assert [which for which, _ in made[0].inputs] == ["expert-0", "expert-1", "expert-2"]
    assert made[0].inputs == made[1].inputs
    assert "experts" not in made[0].params.method.value


def test_other_experts_are_others():
    plan = plan_of(
        spec(
            mtt("one", 1) + mtt("two", 1).replace("epochs = 4", "epochs = 5"),
            'one = { kind = "set-accuracy", set = "one" }\ntwo = { kind = "set-accuracy", set = "two" }',
        )
    )
    assert counts(plan)["expert"] == 6


def test_a_sets_own_accuracy_is_found_by_its_methods_protocol():
    loaded = spec('dm = { method = "dm", ipc = 2 }', 'dm = { kind = "set-accuracy", set = "dm" }')
    plan = plan_of(loaded)
    assert counts(plan) == {"distill": 1, "train distilled": 2}
    recipe = next(task for task in plan.tasks.values() if task.kind == "train").params.recipe.value
    assert (recipe["length"], recipe["batch"], recipe["optimiser"]["lr"]) == (1001, 256, 0.01)
    assert recipe["augment"]["dsa"] == "color_crop_cutout_flip_rotate_scale"
    assert {(target.network, target.level) for target in plan.targets} == {("dense", 0)}


PROTOCOLS = {f"idc/{data}": f"idc/{data}-distilled" for data in ("cifar10", "cifar100", "imagenet10")}
"""Of presets of sets whose method's protocol depends on the data."""


@pytest.mark.parametrize("name", set_presets())
def test_a_preset_of_a_set_brings_the_protocol_of_its_data(tmp_path, name):
    """As released: ImageNet's crops, colours and CutMix always, in place of DSA and CutMix every other time."""
    wanted = PROTOCOLS.get(name.rpartition("-")[0], f"{name.partition('/')[0]}/evaluate")
    (tmp_path / "own.toml").write_text(spec(f'made = "{name}"', 'own = { kind = "set-accuracy", set = "made" }'))
    (tmp_path / "told.toml").write_text(
        spec(f'made = "{name}"', 'own = { kind = "set-accuracy", set = "made", evaluate = "told" }').replace(
            "[distilled]", f'told = "{wanted}"\n[distilled]'
        )
    )
    (own,), (told,) = (load(tmp_path / file).cases for file in ("own.toml", "told.toml"))
    assert own.study.recipes["made-protocol"] == told.study.recipes["told"]


def test_a_set_may_name_its_own_protocol():
    sets = 'made = { method = "dm", ipc = 2, protocol = "dc/evaluate" }'
    plan = plan_of(spec(sets, 'own = { kind = "set-accuracy", set = "made" }'))
    assert {task.params.recipe.value["length"] for task in plan.tasks.values() if task.kind == "train"} == {301}
    with pytest.raises(SpecError, match="no preset or recipe `dc/evaluat`"):
        plan_of(spec(sets.replace("evaluate", "evaluat"), 'own = { kind = "set-accuracy", set = "made" }'))
    bare = plan_of(spec('made = { method = "dm", ipc = 2 }', 'own = { kind = "set-accuracy", set = "made" }'))
    made = {task.id for one in (plan, bare) for task in one.tasks.values() if task.kind == "distill"}
    assert len(made) == 1, "how a set is judged does not make it another one"


@pytest.mark.parametrize(("told", "length"), [(', evaluate = "distilled"', 3 * 2), ("", 3 * 2)])
def test_without_a_protocol_it_is_the_recipe_of_distilled_data(told, length):
    sets = 'chance = { method = "random-images", ipc = 2 }'
    plan = plan_of(spec(sets, f'own = {{ kind = "set-accuracy", set = "chance"{told} }}'))
    assert {task.params.recipe.value["length"] for task in plan.tasks.values() if task.kind == "train"} == {length}


def test_levels_can_be_measured_too():
    plan = plan_of(
        spec(
            'dm = { method = "dm", ipc = 2 }', 'dm = { kind = "set-accuracy", set = "dm", levels = "all", copies = 2 }'
        )
    )
    assert {(target.network, target.level) for target in plan.targets} == {("dense", 0), ("imp", 1), ("imp", 2)}
    assert counts(plan)["train distilled"] == 2 * 3 * 2


def test_every_protocol_is_a_preset():
    for name in ("dc", "dsa", "dm", "mtt", "idc"):
        assert get("distiller", name).protocol in presets()
    assert get("distiller", "mtt").protocol == "mtt/evaluate"


def test_an_unknown_set_has_its_nearest_name():
    with pytest.raises(SpecError, match="there is no distilled set") as error:
        plan_of(spec('ten-dm = { method = "dm", ipc = 2 }', 'own = { kind = "set-accuracy", set = "ten-dn" }'))
    assert error.value.problems[0].code == "E208"
    assert "`ten-dm`" in error.value.problems[0].label


@pytest.mark.parametrize("method", ["dm", "dc", "dsa", "idc", "mtt", "random-images", "k-center"])
def test_costs_are_counted_by_hand(method):
    """On 1,437 training images of ten classes, ipc 2."""
    more = ", latest = 2, experts = { count = 1, epochs = 3 }" if method == "mtt" else ""
    plan = plan_of(
        spec(f'made = {{ method = "{method}", ipc = 2{more} }}', 'own = { kind = "set-accuracy", set = "made" }')
    )
    task = next(task for task in plan.tasks.values() if task.kind == "distill")
    found = cost(task, plan, None, {}).work.forward
    expected = {
        "dm": 20_000 * (1437 + 3 * 20),  # fewer than 256 of each class
        "dc": 1000 * (3 * 1437 + 6 * 20),
        "dsa": 1000 * (3 * 1437 + 6 * 20),
        "idc": 3 * (200_000 * 640 + 2000 * 99 * 32 * 64) + 6 * 200_000 * 10 * 8,
        "mtt": 5000 * 30 * 20 * 6,
        "random-images": 0,
        "k-center": 1437,
    }
    assert found == expected[method]


def packed(tmp_path, ipc=2):
    images = torch.rand(10 * ipc, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    write_published(tmp_path / "data.pt", "idc", images, torch.arange(10).repeat_interleave(ipc))
    return f'load = "{tmp_path / "data.pt"}", space = "raw"'


def test_packed_raw_files_train_unpacked_in_any_space(tmp_path):
    own = 'own = { kind = "set-accuracy", set = "made", evaluate = "distilled" }'
    whole = plan_of(spec(f"made = {{ {packed(tmp_path)} }}", own))
    plan = plan_of(spec(f"made = {{ {packed(tmp_path)}, factor = 2 }}", own))
    (task, _), (other, _) = ([task for task in one.tasks.values() if task.kind == "train"] for one in (plan, whole))
    assert task.params.train_on.value["factor"] == 2 and task.params.train_on.value["images"] == 80
    assert other.params.train_on.value["factor"] == 1 and other.params.train_on.value["images"] == 20
    assert (task.params.recipe.value["length"], other.params.recipe.value["length"]) == (3 * 5, 3 * 2)
    assert task.id != other.id


def test_a_plan_looks_at_the_pixels_and_says_in_which_space_they_are(tmp_path):
    sets = f"made = {{ {packed(tmp_path).replace('raw', 'standardised')} }}"
    with pytest.raises(SpecError) as error:
        plan_of(spec(sets, 'own = { kind = "set-accuracy", set = "made", evaluate = "distilled" }'))
    (problem,) = error.value.problems
    assert problem.code == "E404"
    assert "declared to be in the space standardised, but its images are in raw" in problem.message


def test_only_raw_sets_are_packed(tmp_path):
    sets = f"made = {{ {packed(tmp_path).replace('raw', 'standardised')}, factor = 2 }}"
    with pytest.raises(SpecError, match="factor"):
        plan_of(spec(sets, 'own = { kind = "set-accuracy", set = "made", evaluate = "distilled" }'))


def test_rates_that_were_learned_are_taken_only_where_there_are_some():
    sets = 'dm = { method = "dm", ipc = 2 }\n' + mtt("mtt", 1)
    text = spec(sets, 'own = { kind = "set-accuracy", set = "SET", evaluate = "learned" }')
    text = text.replace("[distilled]", 'learned = "mtt/evaluate"\n[distilled]')
    plan = plan_of(text.replace("SET", "mtt"))
    assert next(task for task in plan.tasks.values() if task.kind == "train").params.recipe.value["learned_rate"]
    with pytest.raises(SpecError) as error:
        plan_of(text.replace("SET", "dm"))
    assert error.value.problems[0].code == "E422"


def test_the_protocol_is_told_by_explain(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(spec('dm = { method = "dm", ipc = 2 }', 'dm = { kind = "set-accuracy", set = "dm" }'))
    case = load(path).cases[0]
    assert case.study.measures["dm"].evaluate == "dm-protocol"
    assert case.origins.of(("recipes", "dm-protocol", "batch")).source == "preset"


def test_a_set_for_each_replicate_is_asked_for():
    """Then masks differ by their sets, too; without it one set serves all."""
    own = spec('made = { method = "dm", ipc = 2, seed = "replicate" }', 'own = { kind = "set-accuracy", set = "made" }')
    plan = plan_of(own.replace("imp = [", 'syn = [{ data = "made", rounds = 1 }]\nimp = [') + "accuracy = {}")
    made = {role: task for role, task in plan.roles.items() if "distilled/" in role}
    assert list(made) == ["distilled/made/s0", "distilled/made/s1"]
    assert [plan.tasks[task].seeds for task in made.values()] == [(("seed", 0),), (("seed", 1),)]
    seen = {
        (dict(task.seeds)["replicate"], dict(task.inputs)["data"])
        for task in plan.tasks.values()
        if task.kind == "train" and "data" in dict(task.inputs)
    }
    assert seen == {(0, made["distilled/made/s0"]), (1, made["distilled/made/s1"])}
    first = plan_of(spec('made = { method = "dm", ipc = 2 }', 'own = { kind = "set-accuracy", set = "made" }'))
    assert first.roles["distilled/made"] == made["distilled/made/s0"], "the first replicate's is that of seed 0"


@pytest.mark.parametrize("seed", ['"replicates"', "-1", "1.5"])
def test_other_words_for_a_seed_are_errors(seed):
    with pytest.raises(SpecError):
        plan_of(
            spec(f'made = {{ method = "dm", ipc = 2, seed = {seed} }}', 'own = { kind = "set-accuracy", set = "made" }')
        )
