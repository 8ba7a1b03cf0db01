"""Tasks that compute their network without dead units: where it is measured to pay, kept, and said in the record."""

import pytest
import torch
from context_for_tests import MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, recipe, training
from safetensors.torch import load_file

from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science import masks, trial
from lmcspec.tasks import Interrupted, encode, read, shrunk, ways
from lmcspec.tasks.landscape import Landscape
from lmcspec.tasks.landscape import run as landscape
from lmcspec.tasks.path import Path
from lmcspec.tasks.path import run as path
from lmcspec.tasks.train import run as train

WIDE = MLP.of({**MLP.value, "config": {**MLP.value["config"], "widths": [40, 20]}})
DECAY = recipe(length=40, batch=64, optimiser=Sgd(lr=0.1, momentum=0.9, weight_decay=1e-3))


@pytest.fixture
def measured(monkeypatch):
    """Networks without dead units as if they were three times as quick; how often that was measured."""
    times = []

    def seconds(module, trial, made):
        times.append(trial)
        return dict.fromkeys(made, 3.0 if "whole" in made else 1.0)

    monkeypatch.setattr(trial, "seconds_of_update", seconds)
    monkeypatch.setattr(ways, "LEAST", 20)
    monkeypatch.setattr(shrunk, "LEAST_LOOKED", 1)
    return times


@pytest.fixture(scope="module")
def mask(tmp_path_factory) -> Done:
    """A tenth of the weights of the MLP, by which half of its units and pixels are read."""
    folder = tmp_path_factory.mktemp("mask")
    draws = torch.Generator().manual_seed(0)
    drawn = {
        name: torch.rand(keep.shape, generator=draws) < 0.2 for name, keep in masks.dense(read.module(WIDE)).items()
    }
    for keep in drawn.values():
        keep[:, torch.randperm(keep.shape[1], generator=draws)[: keep.shape[1] // 2]] = False
    read.write(folder / read.MASK, drawn)
    return Done(folder)


def end_of(done):
    return load_file(done.out / read.STATE)


def assert_alike(ours, theirs):
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-3, atol=1e-5)


def trained(folder, mask, seeds=SEEDS, how=DECAY, **more):
    params = training(WIDE, how=how, until=40)
    ctx = TestContext(folder, {"mask": mask}, neutral(params), **more)
    finished = train(ctx, params, dict(seeds))
    return ctx, Done(ctx.out, dict(finished.scalars), finished.outcome)


@pytest.mark.parametrize("optimiser", [DECAY, recipe(length=60, batch=64, optimiser=Adam(lr=0.01))])
def test_a_training_is_the_same_to_rounding_and_says_how(tmp_path, mask, measured, optimiser, monkeypatch):
    """The second goes on after its end, so that its moments are kept as well."""
    ctx, ours = trained(tmp_path / "a", mask, how=optimiser)
    assert ctx.numerics["shrunk"] is True and len(measured) == 2 and "without dead units" in ctx.lines[-1]
    monkeypatch.setattr(shrunk, "SPARSE", 0.0)
    whole, theirs = trained(tmp_path / "b", mask, how=optimiser)
    assert "shrunk" not in whole.numerics and len(measured) == 2
    assert [path.name for path in sorted(ours.out.iterdir())] == [path.name for path in sorted(theirs.out.iterdir())]
    for file in sorted(ours.out.iterdir()):
        assert_alike(load_file(file), load_file(theirs.out / file.name))
    for name, value in theirs.scalars.items():
        assert ours.scalars[name] == pytest.approx(value, rel=0.02), name


def test_what_it_passes_and_where_it_stops_are_whole(tmp_path, mask, measured):
    ctx, through = trained(tmp_path / "whole", mask)
    params, committed = training(WIDE, how=DECAY, until=40), dict[str, Done]()
    early = (("early", encode(training(WIDE, how=DECAY, until=7))),)
    stops = [True]
    more = {"stop": lambda: stops[0], "facts": ctx.facts, "passed": early, "committed": committed}
    cut = TestContext(tmp_path / "cut", {"mask": mask}, neutral(params), **more)
    for _ in range(2):
        with pytest.raises(Interrupted):
            train(cut, params, dict(SEEDS))
        cut.passed = ()
    stops[0] = False
    train(cut, params, dict(SEEDS))
    assert cut.numerics["shrunk"] is True and len(measured) == 2
    assert files(Done(cut.out, {})) == files(through)
    alone = do(train, tmp_path / "alone", training(WIDE, how=DECAY, until=7), inputs={"mask": mask}, facts=ctx.facts)
    assert files(committed["early"]) == files(alone)


def test_where_it_does_not_pay_the_network_is_whole(tmp_path, mask, measured, monkeypatch):
    monkeypatch.setattr(trial, "seconds_of_update", lambda module, trial, made: dict.fromkeys(made, 1.0))
    ctx, ours = trained(tmp_path / "a", mask)
    assert "shrunk" not in ctx.numerics and [fact["pays"] for fact in ctx.facts.values()] == [False]
    monkeypatch.setattr(shrunk, "SPARSE", 0.0)
    _, whole = trained(tmp_path / "b", mask)
    assert files(ours) == files(whole)


@pytest.mark.parametrize("kept", [{}, {"pays": "yes"}, {"pays": 1}, {"pays": False}])
def test_what_is_no_answer_counts_as_no(tmp_path, mask, measured, kept):
    ctx, _ = trained(tmp_path / "a", mask)
    (key,) = ctx.facts
    other, _ = trained(tmp_path / "b", mask, facts={key: kept})
    assert "shrunk" not in other.numerics and len(measured) == 2


def test_short_trainings_take_what_is_known(tmp_path, mask, measured, monkeypatch):
    monkeypatch.setattr(ways, "LEAST", 50)
    ctx, _ = trained(tmp_path / "a", mask)
    assert "shrunk" not in ctx.numerics and not measured and not ctx.facts
    monkeypatch.setattr(ways, "LEAST", 20)
    long, _ = trained(tmp_path / "b", mask)
    monkeypatch.setattr(ways, "LEAST", 50)
    again, _ = trained(tmp_path / "c", mask, facts=long.facts)
    assert again.numerics["shrunk"] is True and len(measured) == 2


def test_a_path_has_the_same_numbers(tmp_path, mask, measured, monkeypatch):
    ends = {which: trained(tmp_path / which, mask, SEEDS | {"copy": copy})[1] for copy, which in enumerate("ab")}
    params = Path(WIDE, RAW, 5, ("test", "train"), 0, ("average", "recompute"), 500)
    ctx = TestContext(tmp_path / "small", ends | {"mask": mask}, neutral(params))
    ours = path(ctx, params, dict(SEEDS)).scalars
    assert ctx.numerics["shrunk"] is True
    monkeypatch.setattr(shrunk, "SPARSE", 0.0)
    theirs = do(path, tmp_path / "whole", params, inputs=ends | {"mask": mask}).scalars
    assert ours["distance"] == theirs["distance"] and ours["alphas"] == theirs["alphas"]
    for name, values in theirs["paths"]["average"].items():
        if name != "summary":
            assert ours["paths"]["average"][name] == pytest.approx(values, rel=1e-4, abs=1e-6), name


def test_a_landscape_has_the_same_numbers(tmp_path, mask, measured, monkeypatch):
    ends = {f"anchor-{copy}": trained(tmp_path / str(copy), mask, SEEDS | {"copy": copy})[1] for copy in range(3)}
    params = Landscape(WIDE, RAW, 3, 0.2, ("test",), 0, "average", 0)
    ctx = TestContext(tmp_path / "small", ends | {"mask": mask}, neutral(params))
    ours = landscape(ctx, params, dict(SEEDS))
    assert ctx.numerics["shrunk"] is True
    monkeypatch.setattr(shrunk, "SPARSE", 0.0)
    theirs = do(landscape, tmp_path / "whole", params, inputs=ends | {"mask": mask})
    assert ours.scalars["distances"] == theirs.scalars["distances"]
    assert ours.scalars["own"]["test_loss"] == pytest.approx(theirs.scalars["own"]["test_loss"], rel=1e-4)
    heights, whole = (load_file(folder / "landscape.safetensors") for folder in (ctx.out, theirs.out))
    assert_alike(heights, whole)
