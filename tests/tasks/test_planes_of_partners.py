"""Planes through aligned networks, held against networks that are permuted by hand; and the ways that they went."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from specs_for_tests import plan_of

from lmcspec.catalog.datasets.digits import Digits
from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.science.data import Space, load
from lmcspec.science.evaluate import evaluate
from lmcspec.store import Store
from lmcspec.tasks import read
from lmcspec.tasks.landscape import LANDSCAPE
from lmcspec_runners.inline import InlineRunner

TEXT = """
study = "planes"
replicates = 2
partners = 2
dataset = { name = "digits", space = "raw" }
model = { name = "mlp", widths = [9, 7] }
[recipes.real]
length = "2ep"
batch = 128
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
[permutations]
wm = { method = "weights", network = "dense" }
[measures]
accuracy = {}
path = { kind = "connectivity", levels = ["dense"], under = ["none", "wm"], points = 3 }
plane = { kind = "landscape", levels = ["dense"], under = ["wm"], anchors = [{ partner = "first" }, { partner = "second" }, { partner = "second", under = "none" }], through = "6it", grid = 4, split = ["test", "train"] }
"""


@pytest.fixture(scope="module")
def plan():
    """States on the way are kept, to be looked at here, too."""
    plan = plan_of(TEXT)
    return replace(plan, tasks={name: replace(task, keep="always") for name, task in plan.tasks.items()})


@pytest.fixture(scope="module")
def store(plan, tmp_path_factory):
    store = Store.open(tmp_path_factory.mktemp("planes") / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    return store


@pytest.fixture(scope="module")
def plane(plan, store):
    """(inputs, result) of the one landscape."""
    (target,) = (target for target in plan.targets if target.measure == "plane")
    return dict(plan.tasks[target.task].inputs), store.find(target.task)


def state(store, task):
    return load_file(store.find(task).out / read.STATE)


def by_hand(state, p):
    """An MLP whose hidden units stand in another order: rows of what makes them, columns of what reads them."""
    (w1, b1), (w2, b2), (w3, b3) = (
        (state[f"{layer}.weight"], state[f"{layer}.bias"]) for layer in ("layers.0", "layers.1", "classifier")
    )
    p1, p2 = p["layers.0"], p["layers.1"]
    moved = [(w1[p1], b1[p1]), (w2[p2][:, p1], b2[p2]), (w3[:, p2], b3)]
    return {
        f"{layer}.{what}": tensor
        for layer, pair in zip(("layers.0", "layers.1", "classifier"), moved, strict=True)
        for what, tensor in zip(("weight", "bias"), pair, strict=True)
    }


def flat(state):
    return np.concatenate([state[name].double().numpy().ravel() for name in sorted(state)])


def filled(vector, state):
    parts = np.split(vector, np.cumsum([state[name].numel() for name in sorted(state)])[:-1])
    return {
        name: torch.from_numpy(part).float().view_as(state[name])
        for name, part in zip(sorted(state), parts, strict=True)
    }


def anchors(store, inputs):
    a, b = (state(store, inputs[f"anchor-{place}"]) for place in (0, 1))
    p = load_file(store.find(inputs["permutation-anchor-1"]).out / read.PERMUTATION)
    assert not all(torch.equal(vector, torch.arange(len(vector))) for vector in p.values())
    return a, by_hand(b, p), b, p


def test_an_anchor_is_worth_what_the_trained_network_and_the_end_of_the_path_are(plan, store, plane):
    inputs, result = plane
    path = next(target for target in plan.targets if (target.measure, target.under) == ("path", "wm"))
    curve = store.find(path.task).scalars["paths"]["average"]
    for split in ("test", "train"):
        for what in ("loss", "error"):
            own = result.scalars["own"][f"{split}_{what}"]
            trained = [store.find(inputs[f"anchor-{place}"]).scalars[f"{split}_{what}"] for place in range(3)]
            assert own == pytest.approx(trained, rel=1e-5, abs=1e-9)
            assert own[:2] == pytest.approx([curve[f"{split}_{what}"][place] for place in (0, -1)], rel=1e-6, abs=1e-9)


def test_every_point_is_that_of_networks_permuted_by_hand(plan, store, plane):
    inputs, result = plane
    first, second, third, _ = anchors(store, inputs)
    a, b, c = map(flat, (first, second, third))
    u = (b - a) / np.linalg.norm(b - a)
    v = (c - a) - ((c - a) @ u) * u
    v = v / np.linalg.norm(v)
    module, test = read.module(plan.tasks[inputs["anchor-0"]].params.model), load(Digits(), None, Space("raw")).test
    values = load_file(result.out / LANDSCAPE)["test_loss"]
    for row, y in enumerate(result.scalars["y"]):
        for column, x in enumerate(result.scalars["x"]):
            module.load_state_dict(filled(a + x * u + y * v, first))
            assert float(values[row, column]) == pytest.approx(evaluate(module, test).loss, rel=1e-4)


def test_the_middle_of_the_first_two_is_that_of_their_path(plan, store, plane):
    """The straight path lies in the plane: between the first two anchors, at y = 0."""
    inputs, result = plane
    path = next(target for target in plan.targets if (target.measure, target.under) == ("path", "wm"))
    scalars = store.find(path.task).scalars
    assert result.scalars["places"][1]["x"] == pytest.approx(scalars["distance"])
    first, second, *_ = anchors(store, inputs)
    module, test = read.module(plan.tasks[inputs["anchor-0"]].params.model), load(Digits(), None, Space("raw")).test
    module.load_state_dict(filled((flat(first) + flat(second)) / 2, first))
    assert scalars["paths"]["average"]["test_loss"][1] == pytest.approx(evaluate(module, test).loss, rel=1e-5)


def test_ways_are_projected_under_their_anchor_s_permutation(store, plane):
    inputs, result = plane
    first, second, third, p = anchors(store, inputs)
    a, b, c = map(flat, (first, second, third))
    u = (b - a) / np.linalg.norm(b - a)
    v = (c - a) - ((c - a) @ u) * u
    v = v / np.linalg.norm(v)
    ways = result.scalars["ways"]
    assert [len(way["x"]) for way in ways] == [4, 4, 4]
    for anchor, way in enumerate(ways):
        for place in range(4):
            passed = state(store, inputs[f"way-{anchor}-{place}"])
            off = flat(by_hand(passed, p) if anchor == 1 else passed) - a
            x, y = off @ u, off @ v
            assert (way["x"][place], way["y"][place]) == pytest.approx((x, y), rel=1e-5, abs=1e-5)
            assert way["residual"][place] == pytest.approx(np.linalg.norm(off - x * u - y * v), rel=1e-5)
    every = [there for way in ways for there in way["x"]]
    assert result.scalars["x"][0] < min(every) and max(every) < result.scalars["x"][-1], "they lie in the square"


def test_batch_norm_s_statistics_move_with_their_units(tmp_path):
    """What stands at a permuted anchor is what the network is worth, with its statistics as they were."""
    model = 'model = { name = "convnet", depth = 2, width = 5, norm = "batch" }'
    text = TEXT.replace('model = { name = "mlp", widths = [9, 7] }', model).replace("grid = 4", "grid = 2")
    plan = plan_of(text)
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    (target,) = (target for target in plan.targets if target.measure == "plane")
    inputs, own = dict(plan.tasks[target.task].inputs), store.find(target.task).scalars["own"]["test_loss"]
    vectors = load_file(store.find(inputs["permutation-anchor-1"]).out / read.PERMUTATION)
    assert any(not torch.equal(vector, torch.arange(len(vector))) for vector in vectors.values())
    trained = [store.find(inputs[f"anchor-{place}"]).scalars["test_loss"] for place in range(3)]
    assert own == pytest.approx(trained, rel=1e-5)
