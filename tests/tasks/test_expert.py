"""Experts as tasks: their trajectory, going on after a stop, and the sets that are made with them."""

from itertools import chain, repeat

import pytest
import torch
from context_for_tests import MLP, RAW, TestContext, do, files, neutral
from safetensors.torch import load_file

from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe, as_document
from lmcspec.science.data import load
from lmcspec.science.distill.experts import trajectory
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.tasks import Interrupted, Part, read
from lmcspec.tasks.expert import Expert, run

RECIPE = Recipe(2 * 23, 64, Sgd(lr=0.1, momentum=0.5), augment=Augment(dsa="color_scale", dsa_style="mtt"))
PARAMS = Expert(MLP, Part.of(as_document(RECIPE)), RAW)
SEEDS = {"seed": 3, "expert": 1}


def test_it_is_the_science(tmp_path):
    done = do(run, tmp_path, PARAMS, SEEDS)
    digits = load("digits")
    module = read.module(MLP)
    module.load_state_dict(initial_state(module, "default", ("expert", 3, 1, "init")))
    states = {}
    trajectory(module, digits.train, RECIPE, InnerNoise("expert", (3, 1)), states)
    found = load_file(done.out / read.TRAJECTORY)
    assert found.keys() == states.keys() and {name.partition("/")[0] for name in found} == {"0", "1", "2"}
    assert all(torch.equal(found[name], states[name]) for name in found)
    assert done.scalars["test_error"] == evaluate(module, digits.test).error
    assert done.scalars["update"] == 46


def test_experts_differ(tmp_path):
    one, other = (do(run, tmp_path / str(number), PARAMS, {"seed": 3, "expert": number}) for number in (0, 1))
    found = [load_file(done.out / read.TRAJECTORY)["0/classifier.weight"] for done in (one, other)]
    assert not torch.equal(*found)


def test_a_stop_costs_nothing(tmp_path):
    whole = do(run, tmp_path / "whole", PARAMS, SEEDS)
    stops = chain([False], repeat(True))
    ctx = TestContext(tmp_path / "cut", neutral=neutral(PARAMS), stop=lambda: next(stops))
    with pytest.raises(Interrupted, match=r"stopped after update .* of 46"):
        run(ctx, PARAMS, SEEDS)
    assert list(ctx.out.iterdir()) == []
    assert files(do(run, tmp_path / "cut", PARAMS, SEEDS)) == files(whole)


def test_checkpoints_on_the_way_change_nothing(tmp_path, monkeypatch):
    whole = do(run, tmp_path / "whole", PARAMS, SEEDS)
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    assert files(do(run, tmp_path / "b", PARAMS, SEEDS)) == files(whole)
