"""Facts of data and models: where they come from, and what a plan does without them."""

import json
from pathlib import Path

import pytest
import torch
from specs_for_tests import TINY, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.base.facts import ModelFacts
from lmcspec.engine.execute import execute
from lmcspec.plan import compile_study
from lmcspec.plan.model_facts import known_facts, take
from lmcspec.plan.outlook import outlook
from lmcspec.science.data.distilled.distilled_set import Distilled, save_distilled
from lmcspec.science.data.space import Space
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

EXCLUDING = TINY.replace("rounds = 2, fraction = 0.5", 'sparsity = 0.5, exclude = ["classifier"]')


@pytest.mark.parametrize("damage", ["", '{"parameters": 1', "folder"])
def test_facts_that_a_power_cut_left_half_written_count_as_none(tmp_path, damage):
    part = next(iter(plan_of(TINY).tasks.values())).params.model
    file = tmp_path / f"{part.digest}.json"
    file.write_text(json.dumps(take(part)))
    assert known_facts(part, tmp_path).parameters == 64 * 16 + 16 + 16 * 10 + 10
    file.unlink()
    file.mkdir() if damage == "folder" else file.write_text(damage)
    assert known_facts(part, tmp_path) is None


def test_a_sparsity_beside_excluded_layers_needs_the_models_shapes(tmp_path):
    with pytest.raises(SpecError) as caught:
        plan_of(EXCLUDING)
    assert [problem.code for problem in caught.value.problems] == ["E407"]
    assert "--facts" in caught.value.problems[0].help
    store = Store.open(tmp_path)
    execute(outlook(plan_of(TINY), store), store, InlineRunner())
    # A worker has left the shapes: 64 x 16 weights, and 16 x 10 that are excluded.
    plan = compile_study(load(Path("study.toml"), text=EXCLUDING), facts_folder=store.root / "facts")
    share = 160 / (1024 + 160)
    densities = [level.density for level in plan.levels["", "imp"]]
    assert densities[1] == pytest.approx(share + (1 - share) * 0.8)
    # (0.5 - x) / (1 - x) in rounds of 20 %: ln(0.4219) / ln(0.8) = 3.87, so four.
    assert len(densities) == 5


def test_facts_are_those_of_the_model(tmp_path):
    part = next(iter(plan_of(TINY).tasks.values())).params.model
    facts = take(part)
    assert ModelFacts(**{**facts, "prunable": tuple(facts["prunable"])}).parameters == 64 * 16 + 16 + 160 + 10
    assert facts["macs"] == 64 * 16 + 160
    json.dumps(facts)


def test_with_facts_the_plan_knows_arithmetic_and_bytes(tmp_path):
    store = Store.open(tmp_path)
    execute(outlook(plan_of(TINY), store), store, InlineRunner())
    view = outlook(plan_of(TINY, "replicates=2"), store)
    task = view.plan.roles["dense/s1/l0/train"]
    cost = view.costs[task]
    work = cost.work
    # One epoch of 1,437 images, forward and backward, and one evaluation of all of them and 360 more.
    assert (work.images, work.updates, work.forward) == (1437, 6, 3 * 1437 + 1437 + 360)
    facts = view.models[view.plan.tasks[task].params.model.digest]
    assert cost.flops(facts) == 2 * 1184 * work.forward
    assert work.stored == 4 * 1210
    assert cost.seconds is not None
    assert cost.low is not None
    assert cost.low <= cost.seconds


def distilled(text: str, path: Path, space: str = "standardised") -> str:
    return (
        text.replace('data = "real", rounds', 'data = "file", rounds')
        + f'\n[recipes.distilled]\nextends = "real"\n[distilled]\nfile = {{ load = "{path}", space = "{space}" }}\n'
    )


@pytest.fixture
def file(tmp_path) -> Path:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((20, 1, 8, 8), generator=generator) * 4 - 1
    path = tmp_path / "set.safetensors"
    space = Space("standardised", (0.3054,), (0.3761,))
    save_distilled(path, Distilled(images, torch.arange(10).repeat_interleave(2), space))
    return path


def test_a_distilled_file_is_counted_without_loading_it_and_trains(tmp_path, file):
    plan = plan_of(distilled(TINY, file))
    trained_on = [task for task in plan.tasks.values() if task.kind == "train" and task.params.train_on]
    assert [plan.images[task.params.train_on.digest] for task in trained_on] == [20, 20]
    assert [task.params.until for task in trained_on] == [1, 1], "an epoch of 20 images in batches of 256"
    store = Store.open(tmp_path / "store")
    summary = execute(outlook(plan, store), store, InlineRunner())
    assert not summary.failed
    ranked = store.find(trained_on[0].id)
    assert ranked.scalars["train_images"] == 20
    assert ranked.scalars["test_images"] == 360


def test_a_set_declared_in_another_space_than_the_studys_is_an_error_that_names_both(file):
    with pytest.raises(SpecError) as caught:
        plan_of(distilled(TINY, file, "zca"))
    problem = caught.value.problems[0]
    assert problem.code == "E404"
    assert "zca" in problem.message
    assert "standardised" in problem.message


def test_a_missing_file_blocks_and_its_ids_are_shown_as_unknown(tmp_path):
    plan = plan_of(distilled(TINY, tmp_path / "nowhere.safetensors"))
    view = outlook(plan, None)
    blocked = {plan.tasks[task].label for task in view.diff.blocked}
    assert "imp/s0/l1/mask" in blocked
    assert "dense/s0/l0/train" not in blocked
    assert plan.shown(plan.roles["imp/s0/l1/mask"]) == "?"
    assert plan.shown(plan.roles["dense/s0/l0/train"]) != "?"


def test_a_file_of_another_shape_is_an_error(tmp_path):
    path = tmp_path / "set.safetensors"
    save_distilled(path, Distilled(torch.rand(20, 3, 8, 8), torch.arange(20) % 10, Space("raw")))
    with pytest.raises(SpecError, match="shape"):
        plan_of(distilled(TINY, path, "standardised"))
