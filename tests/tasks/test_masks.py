"""Pruning and shuffling tasks: how many go, which, and what stays untouched."""

import math

import numpy as np
import pytest
import torch
from context_for_tests import CONVNET, MLP, Done, do
from safetensors.torch import load_file

from lmcspec.base.errors import UsageError
from lmcspec.science import masks
from lmcspec.science.initial import initial_state
from lmcspec.tasks import Part, read
from lmcspec.tasks.prune import Prune
from lmcspec.tasks.prune import run as prune
from lmcspec.tasks.shuffle import Shuffle
from lmcspec.tasks.shuffle import run as shuffle

MAGNITUDE, RANDOM = Part.of({"name": "magnitude"}), Part.of({"name": "random"})
SIZES = {"layers.0.weight": 512, "classifier.weight": 80}
TOTAL = 592
SEEDS = {"replicate": 2, "level": 1, "draw": 0}


@pytest.fixture
def state(tmp_path) -> Done:
    """Random weights of the MLP."""
    return stored(tmp_path / "state", initial_state(read.module(MLP), "default", ("init", 0)))


def stored(folder, tensors, name=read.STATE) -> Done:
    folder.mkdir(parents=True)
    read.write(folder / name, tensors)
    return Done(folder)


def mask_of(done):
    return load_file(done.out / read.MASK)


def counts(done):
    return {name: int(tensor.sum()) for name, tensor in mask_of(done).items()}


def params(fraction=0.2, criterion=MAGNITUDE, model=MLP, **more):
    return Prune(model, criterion, fraction, **more)


class TestPrune:
    @pytest.mark.parametrize("fraction", [0.2, 0.36, 0.5, 0.999])
    def test_count_and_which(self, tmp_path, state, fraction):
        done = do(prune, tmp_path / "a", params(fraction), {}, inputs={"state": state})
        gone = math.floor(fraction * TOTAL + 0.5)
        assert sum(counts(done).values()) == TOTAL - gone
        weights = load_file(state.out / read.STATE)
        joined = np.concatenate([weights[name].abs().flatten().numpy() for name in SIZES])
        expected = np.ones(TOTAL, dtype=bool)
        expected[np.argsort(joined, kind="stable")[:gone]] = False
        found = np.concatenate([mask_of(done)[name].flatten().numpy() for name in SIZES])
        assert (found == expected).all()

    def test_scalars_count(self, tmp_path, state):
        done = do(prune, tmp_path / "a", params(), {}, inputs={"state": state})
        assert done.scalars == {
            "density": 474 / 592,
            "eligible_density": 474 / 592,
            "surviving": 474,
            "prunable": 592,
            "layers": {name: [count, SIZES[name]] for name, count in counts(done).items()},
        }
        assert done.outcome == "ok"

    def test_rounds_go_on_from_the_mask(self, tmp_path, state):
        first = do(prune, tmp_path / "a", params(), {}, inputs={"state": state})
        second = do(prune, tmp_path / "b", params(), {}, inputs={"state": state, "mask": first})
        assert second.scalars["surviving"] == 474 - math.floor(0.2 * 474 + 0.5)
        for name, kept in mask_of(second).items():
            assert not (kept & ~mask_of(first)[name]).any()

    def test_one_shot_takes_what_successive_rounds_take(self, tmp_path, state):
        """On the same scores: the counts, and with magnitudes the very weights."""
        at_once = do(prune, tmp_path / "once", params(0.36, rounds=4), {}, inputs={"state": state})
        inputs = {"state": state}
        for place in range(4):
            done = do(prune, tmp_path / str(place), params(0.36), {}, inputs=inputs)
            inputs = {"state": state, "mask": done}
        assert at_once.scalars == done.scalars
        assert at_once.out.joinpath(read.MASK).read_bytes() == done.out.joinpath(read.MASK).read_bytes()

    @pytest.mark.parametrize("sparsity", [0.6, 0.83, 0.9001])
    @pytest.mark.parametrize("rounds", [1, 3])
    def test_exact_total_sparsity(self, tmp_path, state, sparsity, rounds):
        done = do(prune, tmp_path / "a", params(rounds=rounds, sparsity=sparsity), {}, inputs={"state": state})
        assert done.scalars["surviving"] == TOTAL - math.floor(sparsity * TOTAL + 0.5)

    def test_exact_counts_what_is_excluded(self, tmp_path, state):
        exact = params(sparsity=0.7, exclude=("classifier",))
        done = do(prune, tmp_path / "a", exact, {}, inputs={"state": state})
        assert done.scalars["surviving"] == TOTAL - math.floor(0.7 * TOTAL + 0.5)
        assert counts(done)["classifier.weight"] == 80

    def test_exact_never_brings_weights_back(self, tmp_path, state):
        first = do(prune, tmp_path / "a", params(0.5), {}, inputs={"state": state})
        done = do(prune, tmp_path / "b", params(sparsity=0.3), {}, inputs={"state": state, "mask": first})
        assert done.scalars["surviving"] == first.scalars["surviving"]

    def test_excluded_layers_are_untouched(self, tmp_path, state):
        done = do(prune, tmp_path / "a", params(0.5, exclude=("classifier",)), {}, inputs={"state": state})
        assert counts(done) == {"layers.0.weight": 256, "classifier.weight": 80}
        assert done.scalars["eligible_density"] == 0.5
        assert done.scalars["density"] == 336 / 592

    def test_all_layers_excluded(self, tmp_path, state):
        nothing = params(0.5, exclude=("layers.0", "classifier"))
        done = do(prune, tmp_path / "a", nothing, {}, inputs={"state": state})
        assert done.scalars["density"] == done.scalars["eligible_density"] == 1.0

    def test_an_unknown_layer_is_an_error(self, tmp_path, state):
        with pytest.raises(UsageError, match="names 'fc'"):
            do(prune, tmp_path / "a", params(exclude=("fc",)), {}, inputs={"state": state})

    def test_by_layer(self, tmp_path, state):
        done = do(prune, tmp_path / "a", params(0.5, scope="layer"), {}, inputs={"state": state})
        assert counts(done) == {"layers.0.weight": 256, "classifier.weight": 40}

    def test_random_is_nested_and_needs_no_state(self, tmp_path):
        first = do(prune, tmp_path / "a", params(criterion=RANDOM), SEEDS)
        again = do(prune, tmp_path / "b", params(criterion=RANDOM), SEEDS)
        other = do(prune, tmp_path / "c", params(criterion=RANDOM), SEEDS | {"replicate": 3})
        second = do(prune, tmp_path / "d", params(criterion=RANDOM), SEEDS | {"level": 2}, inputs={"mask": first})
        assert counts(first) == counts(again)
        assert any((mask_of(first)[name] != mask_of(other)[name]).any() for name in SIZES)
        for name, kept in mask_of(second).items():
            assert not (kept & ~mask_of(first)[name]).any()
        assert second.scalars["surviving"] == 379

    def test_a_layer_that_dies_is_an_outcome(self, tmp_path):
        weights = initial_state(read.module(MLP), "default", ("init", 0))
        weights["classifier.weight"] = weights["classifier.weight"] * 1e-6
        dead = stored(tmp_path / "dead", weights)
        assert do(prune, tmp_path / "a", params(0.2), {}, inputs={"state": dead}).outcome == "dead-layer"

    def test_weights_that_are_not_numbers_have_no_order(self, tmp_path):
        weights = initial_state(read.module(MLP), "default", ("init", 0))
        weights["classifier.weight"][0, 0] = float("nan")
        done = do(prune, tmp_path / "a", params(), {}, inputs={"state": stored(tmp_path / "s", weights)})
        assert done.outcome == "diverged" and not (done.out / read.MASK).exists()

    def test_biases_and_norms_are_in_no_mask(self, tmp_path):
        weights = initial_state(read.module(CONVNET), "default", ("init", 0))
        done = do(prune, tmp_path / "a", params(model=CONVNET), {}, inputs={"state": stored(tmp_path / "s", weights)})
        assert set(counts(done)) == {"blocks.0.conv.weight", "blocks.1.conv.weight", "classifier.weight"}


class TestShuffle:
    @pytest.fixture
    def mask(self, tmp_path) -> Done:
        """Half of the first tensor, and an eighth of the second."""
        tensors = {name: torch.zeros(keep.shape, dtype=torch.bool) for name, keep in dense().items()}
        tensors["layers.0.weight"].view(-1)[:256] = True
        tensors["classifier.weight"].view(-1)[:10] = True
        return stored(tmp_path / "mask", tensors, read.MASK)

    def test_within_each_tensor(self, tmp_path, mask):
        done = do(shuffle, tmp_path / "a", Shuffle(MLP), SEEDS, inputs={"mask": mask})
        assert counts(done) == {"layers.0.weight": 256, "classifier.weight": 10}
        assert not torch.equal(mask_of(done)["layers.0.weight"], mask_of(mask)["layers.0.weight"])

    def test_over_all_tensors(self, tmp_path, mask):
        done = do(shuffle, tmp_path / "a", Shuffle(MLP, "shuffled-global"), SEEDS, inputs={"mask": mask})
        assert done.scalars["surviving"] == 266
        assert counts(done)["classifier.weight"] != 10

    def test_evenly(self, tmp_path, mask):
        done = do(shuffle, tmp_path / "a", Shuffle(MLP, "even"), SEEDS, inputs={"mask": mask})
        assert counts(done) == {"layers.0.weight": 230, "classifier.weight": 36}

    def test_a_layer_too_small_for_its_share_dies_which_is_an_outcome(self, tmp_path):
        tensors = {name: torch.zeros(keep.shape, dtype=torch.bool) for name, keep in dense().items()}
        tensors["layers.0.weight"].view(-1)[:2] = True
        tensors["classifier.weight"].view(-1)[0] = True
        mask = stored(tmp_path / "mask", tensors, read.MASK)
        done = do(shuffle, tmp_path / "a", Shuffle(MLP, "even"), SEEDS, inputs={"mask": mask})
        assert (counts(done), done.outcome) == ({"layers.0.weight": 3, "classifier.weight": 0}, "dead-layer")

    def test_excluded_layers_are_untouched(self, tmp_path, mask):
        for mode in ("shuffled", "shuffled-global", "even"):
            how = Shuffle(MLP, mode, ("classifier",))
            done = do(shuffle, tmp_path / mode, how, SEEDS, inputs={"mask": mask})
            assert torch.equal(mask_of(done)["classifier.weight"], mask_of(mask)["classifier.weight"])
            assert done.scalars["surviving"] == 266
            assert done.scalars["eligible_density"] == 0.5

    @pytest.mark.parametrize("mode", ["shuffled", "shuffled-global", "even"])
    def test_drawn_by_replicate_level_and_draw(self, tmp_path, mask, mode):
        def drawn(name, **changes):
            done = do(shuffle, tmp_path / name, Shuffle(MLP, mode), SEEDS | changes, inputs={"mask": mask})
            return done.out.joinpath(read.MASK).read_bytes()

        first = drawn("a")
        assert drawn("b") == first
        assert len({first, drawn("c", replicate=0), drawn("d", level=0), drawn("e", draw=1)}) == 4

    def test_it_is_the_science_on_tensors_in_the_model_s_order(self, tmp_path, mask):
        done = do(shuffle, tmp_path / "a", Shuffle(MLP, "shuffled-global"), SEEDS, inputs={"mask": mask})
        tensors = mask_of(mask)
        expected = masks.shuffle({name: tensors[name] for name in SIZES}, "shuffled-global", (2, 1, 0))
        assert all(torch.equal(mask_of(done)[name], expected[name]) for name in SIZES)


def dense():
    return masks.dense(read.module(MLP))


def test_names_that_look_alike_are_two(tmp_path):
    """Masks go by the parameters' own names: no character stands for another."""
    tensors = {"a.b.weight": torch.tensor([True, False]), "a___b.weight": torch.tensor([False, True])}
    found = mask_of(stored(tmp_path / "mask", tensors, read.MASK))
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
