"""Permutations as tasks: what they leave of a function, of a mask, and of each other; stopped and gone on."""

import pytest
import torch
from safetensors.torch import load_file
from specs_for_tests import plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.report import tidy
from lmcspec.science.permute import algebra
from lmcspec.science.permute.rules import RULES
from lmcspec.store import Store
from lmcspec.store.attempts import failed_attempts
from lmcspec.tasks import kind, match, read
from lmcspec_runners.inline import InlineRunner

TEXT = """
study = "partners"
replicates = 2
partners = 2
dataset = "digits"
model = { name = "convnet", depth = 2, width = 6, norm = "batch" }
[recipes.real]
length = "2ep"
batch = 128
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5 }]
ours = { like = "imp", mask_from = "partner", under = "wm" }
[permutations]
wm = { method = "weights", network = "imp" }
am = { method = "activations", network = "imp", images = 300 }
chance = { method = "activations", network = "imp", level = "same", step = 0, images = 300 }
[measures]
accuracy = { levels = ["last"] }
conn = { kind = "connectivity", networks = ["imp"], levels = ["dense"], under = ["none", "wm", "am"], points = 3, images = 200, bn = ["average"] }
fp = { kind = "fixed-points", between = ["wm", "am"] }
control = { kind = "connectivity", networks = ["imp"], levels = "all", under = ["chance"], points = 3, images = 200, bn = ["average"] }
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan, tmp_path_factory):
    store = Store.open(tmp_path_factory.mktemp("partners") / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    return store


def by_kind(plan, kind):
    return [task for task in plan.tasks.values() if task.kind == kind]


def permutation(store, task):
    return load_file(store.find(task).out / read.PERMUTATION)


def test_the_far_end_of_a_path_is_the_second_network_whatever_its_units_are_called(plan, store):
    """At the end of training or at its beginning, of dense networks or of a level's own."""
    for target in (target for target in plan.targets if target.measure in ("conn", "control")):
        path = store.find(target.task).scalars["paths"]["average"]
        for end, place in (("a", 0), ("b", -1)):
            trained = store.find(dict(plan.tasks[target.task].inputs)[end]).scalars
            assert path["test_error"][place] == pytest.approx(trained["test_error"], abs=1e-9), target.under
            assert path["test_loss"][place] == pytest.approx(trained["test_loss"], rel=1e-5)


def test_aligned_networks_are_nearer(plan, store):
    for task in by_kind(plan, "match"):
        if task.label.startswith("chance"):
            continue  # whose networks are dropped once they are aligned
        scalars = store.find(task.id).scalars
        vectors = permutation(store, task.id)
        assert {group: len(vector) for group, vector in vectors.items()} == scalars["units"]
        a, b = (load_file(store.find(source).out / read.STATE) for _, source in task.inputs)
        groups = read.groups(task.params.model)
        moved = algebra.apply(groups, vectors, b)
        apart = sum(float((a[name].double() - moved[name].double()).square().sum()) for name in groups.counted) ** 0.5
        assert scalars["distance-after"] == pytest.approx(apart)
        if task.params.method.value["method"] == "weights":
            assert scalars["distance-after"] < scalars["distance-before"]


def test_a_mask_comes_over_with_its_units(plan, store):
    groups = read.groups(by_kind(plan, "match")[0].params.model)
    for task in by_kind(plan, "transport"):
        inputs = dict(task.inputs)
        mask, carried = (load_file(store.find(source).out / read.MASK) for source in (inputs["mask"], task.id))
        # As apply(groups, p, b) lies near a: what holds of a holds of b once p is undone.
        vectors = permutation(store, inputs["permutation"])
        first, second = (mask, carried) if task.params.back else (carried, mask)
        again = algebra.apply(groups, vectors, second)
        assert all(torch.equal(again[name], first[name]) for name in first)
        before, after = (store.find(source).scalars["layers"] for source in (inputs["mask"], task.id))
        assert before == after, "as sparse in each layer"


def test_agreement_is_counted_unit_by_unit(plan, store):
    (task,) = by_kind(plan, "agreement")
    p, q = (permutation(store, dict(task.inputs)[name]) for name in "pq")
    same = sum(int(p[group][unit] == q[group][unit]) for group in p for unit in range(len(p[group])))
    metrics = store.find(task.id).scalars["metrics"]
    assert metrics["fixed-points"] == pytest.approx(same / sum(map(len, p.values())))
    assert metrics["fixed-points-by-chance"] == pytest.approx(len(p) / sum(map(len, p.values())))


@pytest.fixture
def anew():
    """Groups are found once in a process; before and after a test they are found again."""
    every = (read.groups, read.checked_groups)
    for found in every:
        found.cache_clear()
    yield
    for found in every:
        found.cache_clear()


@pytest.mark.usefixtures("anew")
def test_groups_that_do_not_hold_align_nothing(plan, tmp_path, monkeypatch):
    """Whoever's model it is: a network of random weights is compared with its permuted twin beforehand."""
    monkeypatch.setitem(RULES, "batch_norm", lambda labels, output, input, *_, **__: labels.of(input))
    store = Store.open(tmp_path / "store")
    summary = execute(outlook(plan, store), store, InlineRunner())
    assert set(summary.failed) == {task.id for task in by_kind(plan, "match")}
    for task in summary.failed:
        (failed,) = failed_attempts(store, task)
        assert failed.document["reason"] == "user"
        assert "permuting the group 'blocks.0.conv' changes what the network computes" in failed.document["message"]


def test_tracking_shows_by_which_method(plan):
    shown = {task.label.partition("/")[0]: kind("match").shown(task.params) for task in by_kind(plan, "match")}
    assert shown["wm"] == {"method": "weights", "kernel": "linear", "restarts": 1, "sweeps": 100}
    assert shown["am"].items() >= {"method": "activations", "where": "post", "images": 300}.items()


def test_nothing_goes_by_a_permutation_of_what_diverged(plan, tmp_path, monkeypatch):
    """Its numbers would be those of no permutation at all, under its name."""
    aligned = match._aligned

    def broken(*args):
        state = aligned(*args)
        return {name: tensor * float("nan") if tensor.is_floating_point() else tensor for name, tensor in state.items()}

    monkeypatch.setattr(match, "_aligned", broken)
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    assert {store.find(task.id).outcome for task in by_kind(plan, "match")} == {"diverged"}
    for row in tidy(plan, store):
        rests = row.under != "none" and (row.under or row.network == "ours")
        if rests and row.headline:
            assert (row.value, row.outcome) == (None, "diverged"), (row.measure, row.under)
        if not rests:
            assert row.value is not None and row.outcome == "ok"
