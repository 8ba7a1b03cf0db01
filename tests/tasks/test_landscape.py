"""Landscapes as tasks: what stands at the networks themselves, between them, and where masks are dropped."""

import math

import pytest
import torch
from context_for_tests import MLP, SEEDS, Done, TestContext, do, neutral, recipe, training
from safetensors.torch import load_file

from lmcspec.catalog.datasets.digits import Digits
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science import masks, several
from lmcspec.science.data import Space, load
from lmcspec.science.evaluate import evaluate
from lmcspec.science.residue import decayed
from lmcspec.tasks import Interrupted, read
from lmcspec.tasks.landscape import LANDSCAPE, Landscape
from lmcspec.tasks.landscape import run as landscape
from lmcspec.tasks.path import Path
from lmcspec.tasks.path import run as path
from lmcspec.tasks.train import run as train
from lmcspec.tasks.training import recipe_of

HOW = recipe(length=12, batch=64, optimiser=Sgd(lr=0.1, momentum=0.9, weight_decay=0.05))
INPUTS = ("anchor-0", "anchor-1", "anchor-2", "other-0")


def params(**more):
    usual = {"grid": 5, "margin": 0.3, "split": ("test", "train"), "images": 200, "bn": "average", "bn_images": 0}
    return Landscape(MLP, training().data, **usual | more)


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> dict[str, Done]:
    """Four copies under one mask, and the weights from which they began."""
    folder = tmp_path_factory.mktemp("landscape")
    (folder / "mask").mkdir()
    dense = masks.dense(read.module(MLP))
    mask = {name: torch.arange(keep.numel()).view(keep.shape) % 3 > 0 for name, keep in dense.items()}
    read.write(folder / "mask" / read.MASK, mask)
    shared = {"mask": Done(folder / "mask")}
    copies = {
        which: do(train, folder / which, training(until=12, how=HOW), SEEDS | {"copy": number}, inputs=shared)
        for number, which in enumerate(INPUTS)
    }
    return shared | copies | {"start": do(train, folder / "start", training(until=0, how=HOW))}


def digits():
    return load(Digits(), None, Space("raw"))


def state(networks, which):
    return load_file(networks[which].out / read.STATE)


def flat(state):
    return torch.cat([state[name].double().flatten() for name, _ in read.module(MLP).named_parameters()])


def test_at_a_network_stands_what_it_is_worth(tmp_path, networks):
    done = do(landscape, tmp_path, params(images=0), {}, inputs=networks)
    for number, which in enumerate(INPUTS):
        for split in ("test", "train"):
            for what in ("loss", "error"):
                own = done.scalars["own"][f"{split}_{what}"][number]
                assert own == pytest.approx(networks[which].scalars[f"{split}_{what}"], rel=1e-5)


def test_distances_in_the_plane_are_those_of_weights(tmp_path, networks):
    done = do(landscape, tmp_path, params(), {}, inputs=networks)
    places, ends = done.scalars["places"], [flat(state(networks, which)) for which in INPUTS]
    for pair in done.scalars["distances"]:
        apart = float((ends[pair["a"]] - ends[pair["b"]]).norm())
        assert pair["weights"] == pytest.approx(apart)
        if pair["b"] < 3:
            assert pair["plane"] == pytest.approx(apart), "both are anchors"
        else:
            residual = places[3]["residual"]
            assert math.hypot(pair["plane"], residual) == pytest.approx(apart), "Pythagoras"
    assert [place["residual"] for place in places[:3]] == [0, 0, 0]
    assert done.scalars["metrics"]["residual"] == places[3]["residual"] > 0


def test_a_point_is_the_sum_that_it_says(tmp_path, networks):
    done = do(landscape, tmp_path, params(), {}, inputs=networks)
    found, (x, y) = load_file(done.out / LANDSCAPE), (done.scalars["x"], done.scalars["y"])
    assert set(found) == {"test_error", "test_loss", "train_error", "train_loss"}
    a, b, c = (flat(state(networks, which)) for which in INPUTS[:3])
    u = (b - a) / (b - a).norm()
    v = (c - a) - ((c - a) @ u) * u
    module, names = read.module(MLP), [name for name, _ in read.module(MLP).named_parameters()]
    v = v / v.norm()
    for row, column in ((0, 0), (1, 3), (4, 2)):
        point = (a + x[column] * u + y[row] * v).float()
        sizes = [module.state_dict()[name].numel() for name in names]
        parts = point.split(sizes)
        module.load_state_dict(
            {name: part.view_as(module.state_dict()[name]) for name, part in zip(names, parts, strict=True)}
        )
        assert float(found["test_loss"][row, column]) == pytest.approx(evaluate(module, digits().test).loss, rel=1e-4)


def test_the_middle_lies_above_the_mean_of_the_anchors(tmp_path, networks):
    done = do(landscape, tmp_path, params(images=0), {}, inputs=networks)
    ends = [state(networks, which) for which in INPUTS[:3]]
    module = read.module(MLP)
    module.load_state_dict({name: sum(end[name] for end in ends) / 3 for name in ends[0]})
    middle = evaluate(module, digits().train)
    own = done.scalars["own"]
    above = middle.loss - sum(own["train_loss"][:3]) / 3
    assert done.scalars["metrics"]["centre/train-loss"] == pytest.approx(above, rel=1e-3, abs=1e-6)
    assert done.scalars["metrics"]["centre/train"] == pytest.approx(middle.error - sum(own["train_error"][:3]) / 3)


def test_the_plane_as_released(tmp_path, networks):
    done = do(landscape, tmp_path, params(plane="as-released"), {}, inputs=networks)
    a, b, c, d = (flat(state(networks, which)) for which in INPUTS)
    assert done.scalars["x"] == done.scalars["y"] == [-2, -1, 0, 1, 2]
    found = load_file(done.out / LANDSCAPE)
    # x = 1 and x = -1 on the middle line are the first two networks themselves.
    assert float(found["test_loss"][2, 3]) == done.scalars["own"]["test_loss"][0]
    assert float(found["test_loss"][2, 1]) == done.scalars["own"]["test_loss"][1]
    middle, own = float(found["test_loss"][2, 2]), done.scalars["own"]["test_loss"]
    assert done.scalars["metrics"]["centre/test-loss"] == pytest.approx(middle - (own[0] + own[1]) / 2)
    # The other two are as far off as the two middles are from each other.
    off = float(((a + b) / 2 - (c + d) / 2).norm())
    assert [place["residual"] for place in done.scalars["places"]] == pytest.approx([0, 0, off, off], abs=1e-5)


def test_dropped_masks_bring_back_what_decayed(tmp_path, networks):
    """The ends of a path and the networks of a landscape alike."""
    how = {"decay": HOW, "branches": (0, 12)}
    share = decayed(recipe_of(HOW), (0, 12))
    assert 0.1 < share < 0.9
    mask, start = load_file(networks["mask"].out / read.MASK), state(networks, "start")
    module = read.module(MLP)
    expected = {}
    for which in INPUTS:
        end = state(networks, which)
        for name, keep in mask.items():
            for place, kept in enumerate(keep.flatten().tolist()):
                if not kept:
                    assert float(end[name].view(-1)[place]) == 0
                    end[name].view(-1)[place] = share * start[name].view(-1)[place]
        module.load_state_dict(end)
        expected[which] = evaluate(module, digits().test)
    done = do(landscape, tmp_path / "l", params(**how), {}, inputs=networks)
    assert done.scalars["own"]["test_loss"] == pytest.approx([one.loss for one in expected.values()], rel=1e-5)
    inputs = {
        "a": networks["anchor-0"],
        "b": networks["anchor-1"],
        "mask": networks["mask"],
        "start": networks["start"],
    }
    usual = Path(MLP, training().data, 3, ("test",), 0, ("average",), 10)
    kept = do(path, tmp_path / "kept", usual, {}, inputs=inputs)
    dropped = do(
        path, tmp_path / "p", Path(MLP, training().data, 3, ("test",), 0, ("average",), 10, **how), {}, inputs=inputs
    )
    ends = dropped.scalars["paths"]["average"]["test_loss"]
    assert [ends[0], ends[-1]] == pytest.approx([expected[which].loss for which in INPUTS[:2]], rel=1e-5)
    assert kept.scalars["paths"]["average"]["test_loss"][0] == networks["anchor-0"].scalars["test_loss"]
    assert dropped.scalars["distance"] == pytest.approx(kept.scalars["distance"]), "both copies have the same there"


def test_it_goes_on_where_it_was(tmp_path, monkeypatch, networks):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    whole = do(landscape, tmp_path / "whole", params(), {}, inputs=networks)
    monkeypatch.setattr(several, "MOST", 4)
    for stops in (2, 35, 17):
        calls = iter([False] * stops + [True])
        with pytest.raises(Interrupted, match="of 60 points"):
            do(landscape, tmp_path / "l", params(), {}, inputs=networks, stop=lambda calls=calls: next(calls, True))
    again = do(landscape, tmp_path / "l", params(), {}, inputs=networks)
    assert again.scalars == whole.scalars
    assert (again.out / LANDSCAPE).read_bytes() == (whole.out / LANDSCAPE).read_bytes()


@pytest.mark.parametrize("calls", [0, 1, 32, 36])
def test_where_a_group_is_stopped_those_before_it_count(tmp_path, networks, calls):
    """In the first group there is nothing yet; and in the first group of the second split all of the first."""
    left, told = iter([False] * calls), []

    def context(**more):
        return TestContext(tmp_path, inputs=networks, neutral=neutral(params()), **more)

    with pytest.raises(Interrupted, match="of 60 points") as stopped:
        landscape(context(stop=lambda: next(left, None) is not False), params(), {})
    done = int(str(stopped.value).split()[2])
    assert done == {0: 0, 1: 1, 32: 30, 36: 31}[calls]
    again = context()
    again.progress = lambda done, total, note="": told.append(done)
    whole = landscape(again, params(), {})
    assert not again.lines and told[0] == done + 1 and told[-1] == 60
    assert whole.scalars == do(landscape, tmp_path / "whole", params(), {}, inputs=networks).scalars


@pytest.mark.parametrize("third", [0.0, 0.25])
def test_networks_that_span_no_plane_have_what_each_is_worth(tmp_path, networks, third):
    """The third on the line of the first two: at the first, or a quarter of the way to the second."""
    (tmp_path / "between").mkdir()
    ends = [state(networks, which) for which in INPUTS[:2]]
    mixed = {name: torch.lerp(one, ends[1][name], third) for name, one in ends[0].items()}
    read.write(tmp_path / "between" / read.STATE, mixed)
    done = do(landscape, tmp_path, params(), {}, inputs=networks | {"anchor-2": Done(tmp_path / "between")})
    assert done.outcome == "chance"  # as the networks are
    assert (done.scalars["no-plane"], done.scalars["metrics"]) == ("the anchors of the plane lie on one line", {})
    assert not (done.out / LANDSCAPE).exists()
    assert done.scalars["own"]["test_error"][:2] == [networks[which].scalars["test_error"] for which in INPUTS[:2]]


def test_networks_that_diverged_have_no_landscape(tmp_path, networks):
    (tmp_path / "wild").mkdir()
    read.write(tmp_path / "wild" / read.STATE, {name: value / 0 for name, value in state(networks, "anchor-1").items()})
    done = do(landscape, tmp_path, params(), {}, inputs=networks | {"anchor-1": Done(tmp_path / "wild")})
    assert (done.outcome, done.scalars) == ("diverged", {"metrics": {}})
