"""Paths as tasks: their ends, their points, their images, and the numbers read off them."""

import math
import shutil

import numpy as np
import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, SEEDS, Done, TestContext, do, neutral, recipe, training
from safetensors.torch import load_file

from lmcspec.base.errors import LmcspecError
from lmcspec.base.facts import ModelFacts
from lmcspec.catalog import get
from lmcspec.report.noise import floor, noise_of
from lmcspec.science import curves, masks, walk
from lmcspec.science.data import load
from lmcspec.science.evaluate import evaluate
from lmcspec.science.permute import algebra, permutation_file
from lmcspec.science.subset import balanced
from lmcspec.tasks import Interrupted, Known, read, ways
from lmcspec.tasks.path import Path, distinct, work
from lmcspec.tasks.path import run as path
from lmcspec.tasks.train import run as train

HOW = recipe(length=30, batch=64)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def copies(folder, model, mask=None) -> dict[str, Done]:
    """Two copies from one start, and their mask."""
    inputs = {"mask": mask} if mask else {}
    params = training(model, how=HOW, until=30)
    ends = {
        which: do(train, folder / which, params, SEEDS | {"copy": copy}, inputs=inputs)
        for copy, which in enumerate("ab")
    }
    return ends | inputs


@pytest.fixture(scope="module")
def mlp(tmp_path_factory) -> dict[str, Done]:
    return copies(tmp_path_factory.mktemp("mlp"), MLP)


@pytest.fixture(scope="module")
def convnet(tmp_path_factory) -> dict[str, Done]:
    return copies(tmp_path_factory.mktemp("convnet"), CONVNET)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory) -> dict[str, Done]:
    folder = tmp_path_factory.mktemp("sparse")
    (folder / "mask").mkdir()
    mask = {name: torch.arange(keep.numel()).view(keep.shape) % 2 == 0 for name, keep in dense().items()}
    read.write(folder / "mask" / read.MASK, mask)
    return copies(folder, MLP, Done(folder / "mask"))


def dense():
    return masks.dense(read.module(MLP))


def params(model=MLP, points=5, split=("test", "train"), images=0, bn=("average", "recompute"), bn_images=500):
    return Path(model, RAW, points, split, images, bn, bn_images)


def state_of(done):
    return load_file(done.out / read.STATE)


def evaluated(model, state, split):
    network = read.module(model)
    network.load_state_dict(state)
    return evaluate(network, split)


@pytest.mark.parametrize("name", ["mlp", "convnet", "sparse"])
def test_the_ends_are_the_trained_networks(tmp_path, name, request):
    inputs = request.getfixturevalue(name)
    done = do(path, tmp_path, params(CONVNET if name == "convnet" else MLP), {}, inputs=inputs)
    curve = done.scalars["paths"]["average"]
    for place, which in ((0, "a"), (-1, "b")):
        for split in ("train", "test"):
            assert curve[f"{split}_error"][place] == inputs[which].scalars[f"{split}_error"]
            assert curve[f"{split}_loss"][place] == inputs[which].scalars[f"{split}_loss"]
    collapsed = [inputs[which].outcome for which in "ab" if inputs[which].outcome != "ok"]
    assert done.outcome == [*collapsed, "ok"][0]


def test_points_between_are_mixed_weights(tmp_path, mlp, digits):
    done = do(path, tmp_path, params(), {}, inputs=mlp)
    assert done.scalars["alphas"] == [0, 0.25, 0.5, 0.75, 1]
    a, b = state_of(mlp["a"]), state_of(mlp["b"])
    for place, alpha in enumerate(done.scalars["alphas"]):
        mixed = {name: (1 - alpha) * a[name] + alpha * b[name] for name in a}
        expected = evaluated(MLP, mixed, digits.test)
        assert done.scalars["paths"]["average"]["test_error"][place] == expected.error
        assert math.isclose(done.scalars["paths"]["average"]["test_loss"][place], expected.loss, rel_tol=1e-6)
    assert done.scalars["distance"] == pytest.approx(
        math.sqrt(sum(float((a[name] - b[name]).double().square().sum()) for name in a))
    )


def test_weights_are_masked_before_mixing(tmp_path, mlp, sparse, digits):
    """Dense ends under a mask: what it hides must not count."""
    done = do(path, tmp_path, params(), {}, inputs=mlp | {"mask": sparse["mask"]})
    keep = load_file(sparse["mask"].out / read.MASK)
    a, b = (masks.apply(keep, state_of(mlp[which])) for which in "ab")
    middle = {name: (a[name] + b[name]) / 2 for name in a}
    errors = done.scalars["paths"]["average"]["test_error"]
    assert [errors[0], errors[2], errors[4]] == [evaluated(MLP, state, digits.test).error for state in (a, middle, b)]
    expected = math.sqrt(sum(float((a[name] - b[name]).double().square().sum()) for name in a))
    assert done.scalars["distance"] == pytest.approx(expected)


@pytest.mark.parametrize("points", [2, 5, 6])
def test_summary_is_read_off_the_curve(tmp_path, mlp, points):
    done = do(path, tmp_path, params(points=points), {}, inputs=mlp)
    alphas = done.scalars["alphas"]
    own = [place / (points - 1) for place in range(points)]
    assert alphas == sorted({*own, 0.5})
    curve = done.scalars["paths"]["average"]
    for split in ("train", "test"):
        for what, name in (("error", split), ("loss", f"{split}-loss")):
            values = curve[f"{split}_{what}"]
            line = [value for alpha, value in zip(alphas, values, strict=True) if alpha in own]
            assert curve["summary"][f"instability/{name}"] == curves.instability(line)
            assert curve["summary"][f"barrier/{name}"] == curves.barrier(line, own)
            assert curve["summary"][f"midpoint/{name}"] == curves.midpoint_barrier(values, alphas)
    assert len(curve["summary"]) == 12


def test_the_added_midpoint_enters_only_its_own_barrier(tmp_path, mlp):
    """With two points the path of its own has no inside: nothing can rise, whatever lies at 1/2."""
    done = do(path, tmp_path, params(points=2), {}, inputs=mlp)
    summary = done.scalars["paths"]["average"]["summary"]
    losses = done.scalars["paths"]["average"]["train_loss"]
    assert len(losses) == 3
    assert summary["barrier/train-loss"] == 0
    assert summary["instability/train-loss"] == pytest.approx(abs(losses[0] - losses[2]) / 2)
    assert summary["midpoint/train-loss"] == losses[1] - (losses[0] + losses[2]) / 2


def test_only_the_splits_asked_for(tmp_path, mlp):
    done = do(path, tmp_path, params(split=("test",)), {}, inputs=mlp)
    curve = done.scalars["paths"]["average"]
    assert sorted(curve) == ["summary", "test_error", "test_loss"]
    assert len(curve["summary"]) == 6


class TestBatchNorm:
    def test_policies_differ_with_it_and_agree_without(self, tmp_path, mlp, convnet):
        plain = do(path, tmp_path / "a", params(), {}, inputs=mlp).scalars["paths"]
        assert plain["average"] == plain["recompute"]
        normed = do(path, tmp_path / "b", params(CONVNET), {}, inputs=convnet).scalars["paths"]
        assert normed["average"]["test_loss"][2] != normed["recompute"]["test_loss"][2]
        assert normed["average"]["test_loss"][0] != normed["recompute"]["test_loss"][0]

    def test_statistics_come_from_the_training_images_at_fixed_places(self, tmp_path, convnet, digits):
        done = do(path, tmp_path, params(CONVNET, bn=("recompute",), bn_images=300), {}, inputs=convnet)
        assert list(done.scalars["paths"]) == ["recompute"]
        a, b = state_of(convnet["a"]), state_of(convnet["b"])
        network = read.module(CONVNET)
        middle = {name: (a[name] + b[name]) / 2 if a[name].is_floating_point() else a[name] for name in a}
        network.load_state_dict(middle)
        places = balanced(digits.train.labels.numpy(), 300, RAW.value["digest"], "batch norm", 300)
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.reset_running_stats()
                part.momentum = 1.0  # one batch holds all the images
        network.train()
        with torch.no_grad():
            network(digits.train.batch(torch.from_numpy(places))[0])
        expected = evaluate(network, digits.test)
        assert done.scalars["paths"]["recompute"]["test_error"][2] == expected.error
        assert math.isclose(done.scalars["paths"]["recompute"]["test_loss"][2], expected.loss, rel_tol=1e-5)

    def test_a_subset_to_evaluate_on_is_not_where_the_statistics_come_from(self, tmp_path, convnet):
        few = do(path, tmp_path / "a", params(CONVNET, images=100), {}, inputs=convnet).scalars["paths"]
        all_of_them = do(path, tmp_path / "b", params(CONVNET), {}, inputs=convnet).scalars["paths"]
        assert few["recompute"]["test_loss"] == all_of_them["recompute"]["test_loss"]
        assert few["recompute"]["train_loss"] != all_of_them["recompute"]["train_loss"]


def test_a_subset_is_fixed_and_class_balanced(tmp_path, mlp, digits):
    done = do(path, tmp_path, params(images=100), {}, inputs=mlp)
    places = balanced(digits.train.labels.numpy(), 100, RAW.value["digest"], "path", 100)
    assert np.bincount(digits.train.labels.numpy()[places]).tolist() == [10] * 10
    subset = digits.train.subset(torch.from_numpy(places))
    expected = evaluated(MLP, state_of(mlp["a"]), subset)
    curve = done.scalars["paths"]["average"]
    assert curve["train_error"][0] == expected.error
    assert curve["test_error"][0] == mlp["a"].scalars["test_error"]


def test_equal_ends_are_an_error(tmp_path, mlp):
    with pytest.raises(LmcspecError, match="trained under the same noise"):
        do(path, tmp_path, params(), {}, inputs={"a": mlp["a"], "b": mlp["a"]})


def test_a_network_and_itself_permuted_may_be_one_and_the_same(tmp_path, mlp):
    """A cycle of permutations that closes: nothing rises, and nothing is wrong."""
    groups = read.groups(MLP)
    (tmp_path / "cycle").mkdir()
    permutation_file.save(tmp_path / "cycle" / read.PERMUTATION, algebra.identity(groups))
    inputs = {"a": mlp["a"], "b": mlp["a"], "permutation": Done(tmp_path / "cycle")}
    found = do(path, tmp_path / "p", params(), {}, inputs=inputs).scalars
    assert found["distance"] == 0
    assert found["paths"]["average"]["summary"]["barrier/test-loss"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(LmcspecError, match="trained under the same noise"):
        do(path, tmp_path / "q", params(), {}, inputs=inputs | {"b": Done(_copied(mlp["a"], tmp_path / "copy"))})


def _copied(done, folder):
    return shutil.copytree(done.out, folder)


@pytest.mark.parametrize("which", ["a", "b"])
def test_a_collapsed_end_is_an_outcome(tmp_path, mlp, which):
    """Two networks that only guess have a level path: without a word of it they would be called stable."""
    (tmp_path / "end").mkdir()
    wild = {name: torch.full_like(value, float("nan")) for name, value in state_of(mlp[which]).items()}
    read.write(tmp_path / "end" / read.STATE, wild)
    done = do(path, tmp_path / "p", params(), {}, inputs=mlp | {which: Done(tmp_path / "end")})
    assert done.outcome == "diverged"


def test_ends_that_guess_are_an_outcome(tmp_path, mlp):
    still = {}
    for place, which in enumerate("ab"):
        (tmp_path / which).mkdir()
        zero = {name: torch.zeros_like(value) for name, value in state_of(mlp[which]).items()}
        zero["classifier.bias"][place] = 1.0
        read.write(tmp_path / which / read.STATE, zero)
        still[which] = Done(tmp_path / which)
    done = do(path, tmp_path / "p", params(), {}, inputs=still)
    assert done.outcome == "chance"


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["mlp", "convnet", "sparse"])
def test_a_gpu_agrees_and_repeats_itself_bitwise(cuda, tmp_path, name, request):
    inputs, how = request.getfixturevalue(name), params(CONVNET if name == "convnet" else MLP, images=500)
    here = do(path, tmp_path / "here", how, {}, inputs=inputs)
    there, again = (do(path, tmp_path / place, how, {}, inputs=inputs, device=cuda) for place in ("there", "again"))
    assert there.scalars == again.scalars and there.outcome == here.outcome
    assert there.scalars["distance"] == here.scalars["distance"]
    for policy, expected in here.scalars["paths"].items():
        found = there.scalars["paths"][policy]
        for split, images in (("train", 500), ("test", 360)):
            assert found[f"{split}_loss"] == pytest.approx(expected[f"{split}_loss"], rel=1e-4)
            assert found[f"{split}_error"] == pytest.approx(expected[f"{split}_error"], abs=2.5 / images)


def test_images_that_nobody_asks_for_are_not_looked_at(tmp_path, mlp, monkeypatch):
    seen: list[int] = []
    looked = walk.evaluate_each
    monkeypatch.setattr(
        walk,
        "evaluate_each",
        lambda networks, *rest: seen.extend([1] * len(networks.modules)) or looked(networks, *rest),
    )
    both = do(path, tmp_path / "both", Path(MLP, RAW, 3, ("test", "train"), 0, ("average",), 10), {}, inputs=mlp)
    assert len(seen) == 2 * 3
    seen.clear()
    alone = do(path, tmp_path / "alone", Path(MLP, RAW, 3, ("test",), 0, ("average",), 10), {}, inputs=mlp)
    assert len(seen) == 3
    expected = both.scalars["paths"]["average"]
    assert alone.scalars["paths"]["average"]["test_loss"] == expected["test_loss"]


def test_points_as_one_program_have_the_same_curves_to_rounding(tmp_path, convnet, monkeypatch):
    expected = do(path, tmp_path / "alone", params(CONVNET, points=6), {}, inputs=convnet).scalars["paths"]
    monkeypatch.setattr(ways, "looks_together", lambda *given: 3)
    together = do(path, tmp_path / "together", params(CONVNET, points=6), {}, inputs=convnet).scalars["paths"]
    for policy, curve in expected.items():
        for split in ("train", "test"):
            assert together[policy][f"{split}_loss"] == pytest.approx(curve[f"{split}_loss"], rel=1e-6)


@pytest.mark.gpu
def test_a_gpu_says_whether_points_are_one_program(cuda, tmp_path, convnet, monkeypatch):
    monkeypatch.setattr(ways, "LEAST_LOOKS", 1)
    ctx = TestContext(tmp_path, inputs=convnet, device=cuda, neutral=neutral(params(CONVNET)))
    path(ctx, params(CONVNET, points=8), {})
    (fact,) = (fact for fact in ctx.facts.values() if "gains" in fact)
    assert fact["gains"] and "as one program" in " ".join(ctx.lines)


def test_it_stops_between_two_points(tmp_path, mlp):
    calls = iter([False, True])
    with pytest.raises(Interrupted, match="stopped after 2 of 5 points"):
        do(path, tmp_path, Path(MLP, RAW, 5, ("test",), 0, ("average",), 10), {}, inputs=mlp, stop=lambda: next(calls))


def test_what_becomes_of_each_image_and_what_noise_makes(tmp_path, convnet, digits):
    """Bits that give the curve back, and draws that are those of these images under both policies."""
    from lmcspec.science import noise

    params = Path(CONVNET, RAW, 4, ("test", "train"), 200, ("average", "recompute"), 100)
    done = do(path, tmp_path / "p", params, {}, inputs=convnet)
    bits, draws = load_file(done.out / "wrong.safetensors"), load_file(done.out / "noise.safetensors")
    assert done.scalars["images"] == {"test": len(digits.test), "train": 200}
    for policy, curve in done.scalars["paths"].items():
        for split, count in done.scalars["images"].items():
            wrong = np.unpackbits(bits[f"{policy}/{split}"].numpy(), axis=1, bitorder="little")[:, :count]
            np.testing.assert_allclose(wrong.mean(axis=1), curve[f"{split}_error"])
            drawn = noise.fluctuations(wrong, (RAW.value["digest"], split, count))
            for name, own in noise.numbers(drawn, curves.alphas(4), 4).items():
                np.testing.assert_allclose(draws[f"{policy}/{name}/{split}"], own, atol=1e-6)
            assert {f"{policy}/{name}/{split}-loss" for name in ("instability", "barrier", "midpoint")} <= draws.keys()
    assert set(bits) == {f"{policy}/{split}" for policy in ("average", "recompute") for split in ("test", "train")}


def test_without_batch_norm_policies_are_one_and_stand_once(tmp_path, mlp):
    params = Path(MLP, RAW, 3, ("test",), 0, ("average", "recompute"), 10)
    done = do(path, tmp_path / "p", params, {}, inputs=mlp)
    assert set(load_file(done.out / "wrong.safetensors")) == {"average/test"}
    assert {name.partition("/")[0] for name in load_file(done.out / "noise.safetensors")} == {"average"}
    assert {own.dtype for own in load_file(done.out / "noise.safetensors").values()} == {torch.float32}


EVERY = ("average", "recompute", "repair")


def test_repaired_without_batch_norm_and_recomputed_with_it(tmp_path, mlp, convnet):
    plain = do(path, tmp_path / "a", params(bn=EVERY), {}, inputs=mlp)
    found = plain.scalars["paths"]
    assert list(found) == list(EVERY)
    assert found["average"] == found["recompute"]
    repaired, as_it_is = found["repair"]["test_loss"], found["average"]["test_loss"]
    assert [(mine == other) for mine, other in zip(repaired, as_it_is, strict=True)] == [True, *[False] * 3, True]
    assert set(load_file(plain.out / "wrong.safetensors")) == {
        f"{p}/{s}" for p in ("average", "repair") for s in ("test", "train")
    }
    normed = do(path, tmp_path / "b", params(CONVNET, bn=EVERY), {}, inputs=convnet)
    found = normed.scalars["paths"]
    assert found["repair"] == found["recompute"] != found["average"]
    assert {name.partition("/")[0] for name in load_file(normed.out / "noise.safetensors")} == {"average", "recompute"}
    floors = []
    for name in ("barrier/test@repair", "barrier/test@recompute"):
        drawn = noise_of(normed.out, get("measure", "stability").metrics.called(name), normed.scalars["images"])
        floors.append(floor(((drawn,),)))
    assert floors[0] == floors[1] is not None, "of those that stand there once"


def test_images_to_repair_on_are_a_setting(tmp_path, mlp):
    one, other = (
        do(path, tmp_path / str(count), params(bn=("repair",), bn_images=count), {}, inputs=mlp).scalars["paths"]
        for count in (100, 500)
    )
    assert one["repair"]["test_loss"][2] != other["repair"]["test_loss"][2]


@pytest.mark.parametrize(
    ("asked", "without", "with_batch_norm"),
    [
        (("average",), ("average",), ("average",)),
        (("average", "recompute"), ("average",), ("average", "recompute")),
        (("recompute", "repair"), ("recompute", "repair"), ("recompute",)),
        (EVERY, ("average", "repair"), ("average", "recompute")),
    ],
)
def test_what_is_looked_at_once_counts_once(asked, without, with_batch_norm):
    assert (distinct(asked, False), distinct(asked, True)) == (without, with_batch_norm)
    facts = get("dataset", "digits").facts
    for policies, batch_norm in ((without, False), (with_batch_norm, True)):
        todo = work(params(bn=asked), Known(facts, 0, ModelFacts(10, (), 1, batch_norm)))
        assert todo.forward == 5 * len(policies) * (facts.train + facts.test)


def test_copies_that_collapsed_may_have_ended_in_the_same_weights(tmp_path, mlp):
    still = {name: torch.zeros_like(tensor) for name, tensor in load_file(mlp["a"].out / read.STATE).items()}
    (tmp_path / "s").mkdir()
    read.write(tmp_path / "s" / read.STATE, still)
    inputs = {"a": Done(tmp_path / "s"), "b": Done(tmp_path / "s")}
    done = do(path, tmp_path / "p", Path(MLP, RAW, 3, ("test",), 0, ("average",), 10), {}, inputs=inputs)
    assert (done.outcome, done.scalars["distance"]) == ("chance", 0)
