"""A study with a validation split: ids, sizes, steps and costs in the plan, and the numbers of a run."""

import json
from pathlib import Path

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan.cost import cost
from lmcspec.plan.outlook import outlook
from lmcspec.report import tidy
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

SPLIT = "dataset.split={validation=200}"
GOLDEN = json.loads(Path(__file__).with_name("golden_ids.json").read_text())


def train_of(*sets: str):
    plan = plan_of(TINY, *sets)
    return plan, plan.tasks[plan.roles["dense/s0/l0/train"]]


def test_training_uses_the_rest_and_steps_are_its_steps():
    plan, task = train_of(SPLIT, "recipes.real.length='3ep'", "recipes.real.batch=100")
    assert task.params.until == 3 * 13  # 1,237 images; 1,437 would be 15 updates an epoch
    facts = plan.facts[task.params.data.digest]
    assert (facts.train, facts.validation, facts.test) == (1237, 200, 360)
    assert cost(task, plan, None, {}).work.images == 3 * 1237
    assert cost(task, plan, None, {}).work.forward == 3 * 3 * 1237 + 1237 + 360 + 200


@pytest.mark.parametrize(
    "change",
    [SPLIT, "dataset.split={validation=201}", "dataset.split={validation=200,seed=1}", "dataset.resize=10"],
)
def test_every_word_of_it_enters_ids(change):
    plain = train_of()[1].id
    others = [plain] if change == SPLIT else [plain, train_of(SPLIT)[1].id]
    assert train_of(change)[1].id not in others


def test_the_seed_that_is_the_default_may_be_said():
    assert train_of(SPLIT)[1].id == train_of("dataset.split={validation=200,seed=0}")[1].id


def test_another_size_is_the_models_shape():
    plan, task = train_of("dataset.resize=10")
    assert task.params.model.value["shape"] == [1, 10, 10]
    assert task.params.data.value["resize"] == 10
    assert plan.facts[task.params.data.digest].shape == (1, 10, 10)


def test_a_run_evaluates_validation_images_and_is_known_by_them_if_asked(tmp_path):
    text = TINY + 'stability = { levels = ["dense"], points = 3, split = ["validation"] }\n'
    plan = plan_of(text, SPLIT, "dataset.resize=6", "measures.accuracy={split='validation'}")
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    scalars = store.find(plan.roles["dense/s0/l0/train"]).scalars
    assert (scalars["train_images"], scalars["validation_images"], scalars["test_images"]) == (1237, 200, 360)
    rows = [row for row in tidy(plan, store) if row.headline and row.network == "dense"]
    assert [row.metric.name for row in rows] == ["validation/accuracy", "instability/validation"]
    assert rows[0].value == 1 - scalars["validation_error"]
    path = store.find(plan.roles["dense/s0/l0/path k=0 0-1"]).scalars["paths"]["average"]
    assert path["validation_error"][0] == scalars["validation_error"]
    assert path["validation_loss"][0] == scalars["validation_loss"]
    assert set(path) == {"validation_error", "validation_loss", "summary"}


def test_a_small_study_of_a_large_set_trains_on_a_part():
    whole, part = plan_of(TINY), plan_of(TINY, "dataset.split={train=512}")
    assert {task.params.recipe.value["length"] for task in part.tasks.values() if task.kind == "train"} == {2}
    assert not set(whole.tasks) & {task.id for task in part.tasks.values() if task.kind == "train"}
    (facts,) = part.facts.values()
    assert (facts.train, facts.validation) == (512, 0)
    with pytest.raises(SpecError, match="1,438 images are to be trained on, and there are 1,437") as error:
        plan_of(TINY, "dataset.split={train=1438}")
    assert error.value.problems[0].code == "E410" and error.value.problems[0].path == "dataset.split.train"
