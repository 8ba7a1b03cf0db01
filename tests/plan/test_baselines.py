"""The baselines of IMP at rewind points 0 and later, as tasks and as results, against a plain loop.

Random pruning of each kind, another draw of the weights, random criteria, one shot, and other recipes.
"""

import math

import pytest
import torch
from loop_for_tests import HEADER, LENGTH, RATE, initial, pruned, raw_digits, same, trained
from safetensors.torch import load_file
from specs_for_tests import plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

STUDY = f"""
study = "baselines"
{HEADER}
[recipes.slow]
extends = "real"
optimiser = {{ lr = {RATE / 4} }}
[networks]
imp = [{{ rounds = 2, fraction = 0.4, rewind = {{ each = [0, "5it"] }} }}]
shuffled = {{ like = "imp", mask = "shuffled" }}
everywhere = {{ like = "imp", mask = "shuffled-global" }}
even = {{ like = "imp", mask = "even" }}
reinit = {{ like = "imp", weights = "reinitialised" }}
both = {{ like = "imp", mask = "shuffled", weights = "reinitialised" }}
random = [{{ rounds = 2, fraction = 0.4, criterion = "random", rewind = {{ each = [0, "5it"] }} }}]
by-layer = [{{ rounds = 2, fraction = 0.4, criterion = "random", scope = "layer", rewind = {{ each = [0, "5it"] }} }}]
one-shot = [{{ rounds = 1, sparsity = 0.7, rewind = {{ each = [0, "5it"] }} }}]
slowly = [{{ rounds = 2, fraction = 0.4, retrain = "slow", rewind = {{ each = [0, "5it"] }} }}]
[measures]
accuracy = {{}}
stability = {{ networks = ["imp", "shuffled", "reinit", "slowly"], levels = ["last"], points = 3, images = 20 }}
"""
KS = {"0": 0, "5it": 5}
SIZES = {"layers.0.weight": 1024, "classifier.weight": 160}
TOTAL = 1184
LEFT = {1: 1184 - 474, 2: 710 - 284}
"""Survivors of two rounds of 40 %."""
SHUFFLES = ("shuffled", "everywhere", "even", "both")


class Run:
    """The study and what came of it."""

    def __init__(self, root):
        self.plan, self.store = plan_of(STUDY), Store.open(root)
        summary = execute(outlook(self.plan, self.store), self.store, InlineRunner())
        assert not summary.failed

    def target(self, network, k, level, measure="accuracy"):
        """The target of one cell."""
        name = f"{network}[rewind={k}]"
        (found,) = (t for t in self.plan.targets if (t.network, t.level, t.measure) == (name, level, measure))
        return found

    def task(self, network, k, level):
        """The training of a level."""
        return self.plan.tasks[self.target(network, k, level).task]

    def state(self, network, k, level):
        """Where it ended."""
        return load_file(self.store.find(self.target(network, k, level).task).out / "state.safetensors")

    def mask(self, network, k, level):
        """Its mask, as numbers."""
        file = self.store.find(self.target(network, k, level).mask).out / "mask.safetensors"
        return {name: mask.float() for name, mask in load_file(file).items()}

    def counts(self, network, k, level):
        """Survivors of each tensor."""
        return {name: int(mask.sum()) for name, mask in self.mask(network, k, level).items()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("baselines") / "store")


@pytest.fixture(scope="module")
def images():
    return raw_digits()


@pytest.fixture(scope="module")
def starts(images):
    """The state at each rewind point, of the dense training."""
    return {k: trained(images, initial(), {}, 0, 0, end=update) for k, update in KS.items()}


@pytest.mark.parametrize("k", KS)
@pytest.mark.parametrize("level", [1, 2])
class TestAtEveryRewindPoint:
    def test_shuffles_keep_what_they_should(self, run, k, level):
        imp = run.counts("imp", k, level)
        assert sum(imp.values()) == LEFT[level]
        assert run.counts("shuffled", k, level) == run.counts("both", k, level) == imp
        everywhere, even = run.counts("everywhere", k, level), run.counts("even", k, level)
        assert sum(everywhere.values()) == sum(even.values()) == LEFT[level]
        density = LEFT[level] / TOTAL
        for name, size in SIZES.items():
            assert abs(even[name] - density * size) < 1
            assert abs(everywhere[name] - density * size) < 5 * math.sqrt(size * density * (1 - density))
        # IMP spares the small layer, so that the three are told apart.
        assert imp["classifier.weight"] > even["classifier.weight"] + 20

    def test_shuffles_are_other_masks_and_nothing_else(self, run, k, level):
        for network in SHUFFLES:
            assert not same(run.mask(network, k, level), run.mask("imp", k, level))
        assert run.target("both", k, level).mask == run.target("shuffled", k, level).mask

    def test_random_criteria(self, run, k, level):
        counts = run.counts("random", k, level)
        assert sum(counts.values()) == LEFT[level]
        by_layer = {
            1: {"layers.0.weight": 614, "classifier.weight": 96},
            2: {"layers.0.weight": 368, "classifier.weight": 58},
        }
        assert run.counts("by-layer", k, level) == by_layer[level]
        for network in ("random", "by-layer"):
            mask = run.mask(network, k, level)
            # Nothing is trained for it: at both rewind points it is one mask, and one within the other.
            assert run.target(network, "0", level).mask == run.target(network, "5it", level).mask
            assert all((mask[name] <= run.mask(network, k, 1)[name]).all() for name in SIZES)

    @pytest.mark.parametrize("network", ["imp", "shuffled", "everywhere", "even", "random", "by-layer"])
    def test_weights_are_those_of_the_rewind_point_trained_from_there(self, run, images, starts, network, k, level):
        expected = trained(images, starts[k], run.mask(network, k, level), KS[k], level)
        assert same(run.state(network, k, level), expected)

    @pytest.mark.parametrize("network", ["reinit", "both"])
    def test_other_weights_begin_at_the_rewind_point_s_place_in_the_schedule(self, run, images, network, k, level):
        """Trap: not redrawn, then trained to k, then pruned. One draw for all levels."""
        fresh = initial("reinit", 0)
        assert not same(fresh, initial())
        assert same(run.state(network, k, level), trained(images, fresh, run.mask(network, k, level), KS[k], level))
        task = run.task(network, k, level)
        assert (task.params.begin, task.params.until, task.params.start) == (KS[k], LENGTH, "reinit")

    def test_another_draw_has_imp_s_mask(self, run, k, level):
        assert run.target("reinit", k, level).mask == run.target("imp", k, level).mask

    def test_another_recipe_measures_and_ranks_nothing(self, run, images, starts, k, level):
        assert run.target("slowly", k, level).mask == run.target("imp", k, level).mask
        expected = trained(images, starts[k], run.mask("imp", k, level), KS[k], level, rate=RATE / 4)
        assert same(run.state("slowly", k, level), expected)


@pytest.mark.parametrize("k", KS)
class TestOnce:
    def test_one_shot(self, run, images, starts, k):
        masks = pruned(trained(images, initial(), {}, 0, 0), {}, 0.7)
        assert same(run.mask("one-shot", k, 1), masks)
        assert same(run.state("one-shot", k, 1), trained(images, starts[k], masks, KS[k], 1))

    def test_imp(self, run, images, starts, k):
        masks, end = {}, trained(images, initial(), {}, 0, 0)
        for level, gone in ((1, 474), (2, 758)):
            masks = pruned(end, masks, gone / TOTAL)
            assert same(run.mask("imp", k, level), masks)
            end = trained(images, starts[k], masks, KS[k], level)

    def test_level_0_of_every_baseline_is_the_dense_training(self, run, k):
        dense = run.target("imp", k, 0).task
        assert {run.target(network, k, 0).task for network in (*SHUFFLES, "reinit", "random", "one-shot")} == {dense}

    def test_copies_part_at_the_rewind_point(self, run, k):
        for network in ("imp", "shuffled", "reinit", "slowly"):
            target = run.target(network, k, 2, "stability")
            path = run.plan.tasks[target.task]
            one, other = (run.plan.tasks[dict(path.inputs)[which]] for which in "ab")
            assert target.at_updates == one.params.begin == other.params.begin == KS[k]
            assert (one.inputs, one.params) == (other.inputs, other.params)
            assert [dict(each.seeds)["copy"] for each in (one, other)] == [0, 1]
            assert one.id == run.target(network, k, 2).task
            assert run.store.find(target.task).scalars["distance"] > 0

    def test_masked_weights_are_zero_where_it_ends(self, run, k):
        for network in ("imp", *SHUFFLES, "reinit", "random", "by-layer", "slowly"):
            state, mask = run.state(network, k, 2), run.mask(network, k, 2)
            assert all(torch.equal(state[name] != 0, mask[name].bool()) for name in SIZES)


def test_families_are_followed(run):
    members = {target.network for target in run.plan.targets}
    networks = ("imp", *SHUFFLES, "reinit", "random", "by-layer", "one-shot", "slowly")
    assert members == {f"{name}[rewind={k}]" for name in networks for k in KS}
    for k in KS:
        (mask,) = {source for _, source in run.plan.tasks[run.target("even", k, 2).mask].inputs}
        assert mask == run.target("imp", k, 2).mask
