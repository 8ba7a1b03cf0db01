"""Distilling as a task: the set, its space, and going on after a stop."""

import json
from itertools import chain, repeat

import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, training
from safetensors import safe_open
from safetensors.torch import load_file

from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.science.data import Space, load
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.distilled.distilled_set import Distilled, enter_distilled
from lmcspec.science.distill.distillation import Distillation, DistillationState
from lmcspec.science.distill.dm import distill
from lmcspec.science.distill.start import real_subset
from lmcspec.tasks import Interrupted, Part, read
from lmcspec.tasks.distill import Distill, run
from lmcspec.tasks.train import run as train


def params(model=MLP, data=RAW, **changes):
    method = {"method": "dm", "ipc": 2, "iterations": 40, "lr": 1.0, "momentum": 0.5, "batch": 20}
    return Distill(Part.of(method | changes), model, data)


def distilled(done):
    with safe_open(done.out / read.DISTILLED, framework="pt") as file:
        return file.get_tensor("images"), file.get_tensor("labels"), json.loads(file.metadata()["space"])


@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_it_is_the_science(tmp_path, model):
    done = do(run, tmp_path, params(model, iterations=5), {"seed": 3})
    images, labels, _ = distilled(done)
    config = DistributionMatching(ipc=2, iterations=5, batch=20, seed=3)
    expected = distill(config, Distillation(load("digits"), lambda: read.module(model)))
    assert torch.equal(images, expected.images)
    assert labels.tolist() == [label for label in range(10) for _ in range(2)]
    assert done.scalars == {"images": 20, "classes": 10}


def test_it_starts_at_real_images_of_its_seed(tmp_path):
    one, _, _ = distilled(do(run, tmp_path / "a", params(iterations=1, lr=1e-9), {"seed": 1}))
    other, _, _ = distilled(do(run, tmp_path / "b", params(iterations=1, lr=1e-9), {"seed": 2}))
    start, _ = real_subset(load("digits").train, 10, 2, 1)
    assert (one - start).abs().max() < 1e-6
    assert (other - start).abs().max() > 0.1


def test_the_space_stands_in_the_file(tmp_path):
    space = {"name": "standardised", "mean": [0.3], "std": [0.4]}
    white = Part.of({"digest": RAW.value["digest"], "space": space})
    done = do(run, tmp_path, params(data=white, iterations=1), {"seed": 0})
    _, _, found = distilled(done)
    assert {key: found[key] for key in space} == space


def test_a_stop_costs_nothing(tmp_path):
    whole = do(run, tmp_path / "whole", params(), {"seed": 0})
    stops = chain([False], repeat(True))
    ctx = TestContext(tmp_path / "cut", neutral=neutral(params()), stop=lambda: next(stops))
    with pytest.raises(Interrupted, match="stopped after 32 steps"):
        run(ctx, params(), {"seed": 0})
    assert list(ctx.out.iterdir()) == []
    again = do(run, tmp_path / "cut", params(), {"seed": 0})
    assert files(again) == files(whole)
    assert [step for name, _, step in ctx.metrics if name == "distill/loss"] == [16, 32]


def test_checkpoints_on_the_way_change_nothing(tmp_path, monkeypatch):
    whole = do(run, tmp_path / "whole", params(), {"seed": 0})
    assert not (tmp_path / "whole" / "partial" / "checkpoint.safetensors").exists(), "it took no 30 seconds"
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    written = do(run, tmp_path / "b", params(), {"seed": 0})
    assert load_file(tmp_path / "b" / "partial" / "checkpoint.safetensors")["iteration"] == 32
    assert files(written) == files(whole)


def test_what_is_cut_off_goes_on_from_its_last_checkpoint(tmp_path, monkeypatch):
    """As a kill cuts it off: without a word, in the middle, and after a checkpoint for which nobody had asked."""

    class Killed(BaseException):
        pass

    def looks():
        yield False  # in the pulse after 16 iterations: time for a checkpoint
        yield False  # once it is written
        raise Killed  # in the pulse after 32

    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    whole = do(run, tmp_path / "whole", params(), {"seed": 0})
    look = looks()
    ctx = TestContext(tmp_path / "cut", neutral=neutral(params()), stop=lambda: next(look))
    with pytest.raises(Killed):
        run(ctx, params(), {"seed": 0})
    checkpoint = load_file(ctx.partial / "checkpoint.safetensors")
    assert checkpoint.keys() == {"iteration", "images", "velocity"}
    assert checkpoint["iteration"] == 16
    assert list(ctx.out.iterdir()) == []
    again = TestContext(tmp_path / "cut", neutral=neutral(params()))
    run(again, params(), {"seed": 0})
    assert again.lines == ["goes on from its checkpoint after 16 steps"]
    assert [step for name, _, step in again.metrics if name == "distill/loss"] == [32]
    assert files(Done(again.out)) == files(whole)


def test_a_method_may_keep_any_tensors(tmp_path, monkeypatch):
    """One that is not distribution matching: a recursion over two tensors of other kinds, with a pulse each time."""

    def fibonacci(config, distillation):
        begin = distillation.begin or DistillationState(
            0, {"pair": torch.tensor([0, 1]), "mean/of all": torch.zeros(3).double()}
        )
        pair, mean = begin.state["pair"], begin.state["mean/of all"]
        for done in range(begin.step + 1, config.iterations + 1):
            pair = torch.stack((pair[1], pair.sum()))
            mean = mean + pair[0] / 3
            distillation.advance(done, 0.0, {"pair": pair, "mean/of all": mean})
        return Distilled(mean.float().view(1, 1, 1, 3), pair[:1], Space("raw"))

    monkeypatch.setattr("lmcspec.science.distill.dm.distill", fibonacci)
    whole = do(run, tmp_path / "whole", params(iterations=20), {"seed": 0})
    assert distilled(whole)[1].tolist() == [6765]
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    ctx = TestContext(tmp_path / "cut", neutral=neutral(params()), stop=chain([False] * 10, repeat(True)).__next__)
    with pytest.raises(Interrupted, match="stopped after 6 steps"):
        run(ctx, params(iterations=20), {"seed": 0})
    assert files(do(run, tmp_path / "cut", params(iterations=20), {"seed": 0})) == files(whole)


def test_a_second_stop(tmp_path):
    whole = do(run, tmp_path / "whole", params(), {"seed": 0})
    for _ in range(2):
        ctx = TestContext(tmp_path / "cut", neutral=neutral(params()), stop=lambda: True)
        with pytest.raises(Interrupted):
            run(ctx, params(), {"seed": 0})
    assert files(do(run, tmp_path / "cut", params(), {"seed": 0})) == files(whole)


def test_more_images_than_there_are(tmp_path):
    with pytest.raises(DataError, match="class 0 has 142 images, fewer than the 2000"):
        do(run, tmp_path, params(ipc=2000), {"seed": 0})


def test_training_takes_what_distilling_wrote(tmp_path):
    made = do(run, tmp_path / "a", params(iterations=2), {"seed": 0})
    ctx = TestContext(tmp_path / "b", {"data": Done(made.out)})
    digits = load("digits")
    split = enter_distilled(read.distilled(ctx, digits, None), digits)
    assert torch.equal(split.images, distilled(made)[0])


def test_one_that_diverges_stops_and_is_an_outcome_and_so_is_what_trains_on_it(tmp_path):
    """Long before its end: nobody waits for a hundred thousand steps of nothing."""
    ctx = TestContext(tmp_path / "set", neutral=neutral(params()))
    found = run(ctx, params(lr=1e30, iterations=10**7), {"seed": 0})
    assert (found.outcome, found.scalars) == ("diverged", {"images": 20, "classes": 10})
    images, labels, _ = distilled(Done(ctx.out))
    assert (images.shape, labels.tolist()) == ((20, 1, 8, 8), [label for label in range(10) for _ in range(2)])
    assert not images.isfinite().any()
    assert not (ctx.out / "grid.png").exists(), "there is nothing to look at"
    trained = do(train, tmp_path / "net", training(until=3), SEEDS, inputs={"data": Done(ctx.out)})
    assert trained.outcome == "diverged"


@pytest.mark.parametrize("rate", [float("nan"), -0.01, 0.0])
def test_a_rate_at_which_nothing_can_train_is_an_outcome_too(tmp_path, monkeypatch, rate):
    def made(config, distillation):
        return Distilled(torch.zeros(20, 1, 8, 8), torch.zeros(20, dtype=torch.int64), Space("raw"), rate=rate)

    monkeypatch.setattr("lmcspec.science.distill.dm.distill", made)
    assert do(run, tmp_path, params(), {"seed": 0}).outcome == "diverged"


@pytest.mark.gpu
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_on_a_gpu_a_stop_costs_nothing_either(cuda, tmp_path, model):
    whole = do(run, tmp_path / "whole", params(model), {"seed": 0}, device=cuda)
    ctx = TestContext(tmp_path / "cut", neutral=neutral(params(model)), stop=lambda: True, device=cuda)
    with pytest.raises(Interrupted):
        run(ctx, params(model), {"seed": 0})
    assert files(do(run, tmp_path / "cut", params(model), {"seed": 0}, device=cuda)) == files(whole)
    images, labels, _ = distilled(whole)
    expected, their_labels, _ = distilled(do(run, tmp_path / "here", params(model), {"seed": 0}))
    assert torch.equal(labels, their_labels)
    assert (images - expected).abs().max() < 1e-3
