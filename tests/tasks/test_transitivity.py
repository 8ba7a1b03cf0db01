"""Paths and cycles of permutations through the engine, held against what is composed unit by unit."""

from itertools import pairwise
from statistics import fmean

import pytest
from safetensors.torch import load_file
from specs_for_tests import plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec.tasks import read
from lmcspec_runners.inline import InlineRunner

TEXT = """
study = "paths"
replicates = 4
partners = 2
dataset = "digits"
model = { name = "mlp", widths = [12, 9] }
[recipes.real]
length = "2ep"
batch = 128
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
[permutations]
wm = { method = "weights", network = "dense" }
[measures]
conn = { kind = "connectivity", levels = ["dense"], under = ["wm"], points = 3, images = 100, bn = ["average"] }
trans = { kind = "transitivity", levels = ["dense"], under = ["wm"], lengths = [2, 3, 4], paths = 6, points = 3, images = 100, bn = ["average"] }
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan, tmp_path_factory):
    store = Store.open(tmp_path_factory.mktemp("paths") / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    return store


@pytest.fixture(scope="module")
def gathered(plan, store):
    """(inputs, parameters, scalars) of the one transitivity."""
    (target,) = (target for target in plan.targets if target.measure == "trans")
    task = plan.tasks[target.task]
    return dict(task.inputs), task.params, store.find(target.task).scalars


def vectors(store, task):
    return {group: vector.tolist() for group, vector in load_file(store.find(task).out / read.PERMUTATION).items()}


def matched(plan, store):
    """By (lower, higher) replicate the vectors that bring the higher to the lower."""
    found = {}
    for task in plan.tasks.values():
        if task.kind == "match":
            a, b = (dict(plan.tasks[dict(task.inputs)[end]].seeds)["replicate"] for end in "ab")
            found[a, b] = vectors(store, task.id)
    return found


def old_unit(found, group, path, unit):
    """Which unit of the path's last network stands at a place of its first: place by place along the path."""
    for here, there in pairwise(path):
        if here < there:
            unit = found[here, there][group][unit]
        else:  # the inverse: where the other's vector holds this unit
            unit = found[there, here][group].index(unit)
    return unit


def test_compositions_are_those_of_single_units(plan, store, gathered):
    inputs, params, _ = gathered
    found = matched(plan, store)
    for place, path in enumerate(params.paths):
        visited = [int(replicate) for replicate in path.split("-")]
        for what, whole in (("composed", visited), ("cycle", [*visited, visited[0]])):
            if f"{what}-{place}" not in inputs:
                assert len(visited) == 2
                continue
            way = vectors(store, dict(plan.tasks[inputs[f"{what}-{place}"]].inputs)["permutation"])
            for group, vector in way.items():
                assert vector == [old_unit(found, group, whole, unit) for unit in range(len(vector))], (what, path)


def test_fixed_points_of_a_cycle_are_where_composition_and_direct_permutation_agree(plan, store, gathered):
    inputs, params, scalars = gathered
    for length, of in scalars["lengths"].items():
        for path, share in zip(of["paths"], of["values"]["fixed-points"], strict=True):
            place = params.paths.index(path)
            if length == "2":
                assert share == 1, "there and back by one permutation"
                continue
            way = vectors(store, dict(plan.tasks[inputs[f"cycle-{place}"]].inputs)["permutation"])
            fixed = sum(vector[unit] == unit for vector in way.values() for unit in range(len(vector)))
            assert share == pytest.approx(fixed / sum(map(len, way.values())))


def test_numbers_are_those_of_the_paths_and_their_means(store, gathered):
    inputs, params, scalars = gathered
    for length, of in scalars["lengths"].items():
        assert of["paths"] == [path for path in params.paths if path.count("-") + 1 == int(length)]
        for what in ("composed", "direct", "unpermuted", "cycle"):
            if (what, length) == ("cycle", "2"):
                continue
            for images in ("test", "train-loss"):
                barriers = [
                    store.find(inputs[f"{what}-{params.paths.index(path)}"]).scalars["paths"]["average"]["summary"][
                        f"barrier/{images}"
                    ]
                    for path in of["paths"]
                ]
                assert of["values"][f"{what}-barrier/{images}"] == barriers
                assert scalars["metrics"][f"{what}-barrier/{images}/{length}"] == pytest.approx(fmean(barriers))
    longest = {name: value for name, value in scalars["metrics"].items() if name.endswith("/4")}
    assert all(scalars["metrics"][name.removesuffix("/4")] == value for name, value in longest.items())


def test_a_path_of_two_is_what_connectivity_measures(plan, store, gathered):
    inputs, params, _ = gathered
    conn = next(target for target in plan.targets if (target.measure, target.replicate) == ("conn", 0))
    assert inputs[f"composed-{params.paths.index('0-1')}"] == conn.task


def test_a_network_around_a_cycle_is_worth_what_it_was(plan, store, gathered):
    inputs, _, _ = gathered
    for name, task in inputs.items():
        if name.startswith("cycle"):
            curve = store.find(task).scalars["paths"]["average"]["test_loss"]
            assert curve[0] == pytest.approx(curve[-1], rel=1e-6)
