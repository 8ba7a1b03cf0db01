"""Distances of copies as tasks: over what they are taken, and what they refuse."""

import math

import pytest
import torch
from context_for_tests import CONVNET, MLP, SEEDS, Done, do, recipe, training
from safetensors.torch import load_file

from lmcspec.base.errors import LmcspecError
from lmcspec.science import masks
from lmcspec.tasks import read
from lmcspec.tasks.distance import Distance
from lmcspec.tasks.distance import run as distance
from lmcspec.tasks.path import Path
from lmcspec.tasks.path import run as path
from lmcspec.tasks.train import run as train

HOW = recipe(length=12, batch=64)


def copies(folder, model, mask=None, begin=0, start=None) -> dict[str, Done]:
    """Two copies, the state of no updates from which both begin, and their mask."""
    inputs = ({"mask": mask} if mask else {}) | ({"start": start} if start else {})
    kind = {"start": "given"} if start else {}
    ends = {
        which: do(
            train,
            folder / which,
            training(model, how=HOW, begin=begin, until=until, **kind),
            SEEDS | {"copy": copy},
            inputs=inputs,
        )
        for which, copy, until in (("a", 0, 12), ("b", 1, 12), ("start", 0, begin))
    }
    return ends | ({"mask": mask} if mask else {})


def naive(ends, names, mask=None):
    """(distance, from start of a and of b, angle) by plain loops over numbers."""
    flat = {}
    for which in ("a", "b", "start"):
        state = load_file(ends[which].out / read.STATE)
        numbers = []
        for name in names:
            keep = mask[name].flatten().tolist() if mask and name in mask else None
            for place, value in enumerate(state[name].flatten().tolist()):
                numbers.append(value if keep is None or keep[place] else 0.0)
        flat[which] = numbers
    u, v = math.dist(flat["a"], flat["start"]), math.dist(flat["b"], flat["start"])
    inner = sum((x - s) * (y - s) for x, y, s in zip(flat["a"], flat["b"], flat["start"], strict=True))
    return math.dist(flat["a"], flat["b"]), [u, v], math.degrees(math.acos(inner / (u * v)))


@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_distances_are_over_trainable_parameters(tmp_path, model):
    ends = copies(tmp_path, model)
    done = do(distance, tmp_path / "d", Distance(model), {}, inputs=ends)
    names = [name for name, _ in read.module(model).named_parameters()]
    apart, sides, angle = naive(ends, names)
    assert done.scalars["distance"] == pytest.approx(apart)
    assert done.scalars["from-start"] == pytest.approx(sides)
    assert done.scalars["angle"] == pytest.approx(angle)
    assert done.outcome == "ok"
    assert not list(done.out.iterdir()), "numbers only"
    # The path's own distance is the same by other code.
    params = Path(model, training(model).data, 2, ("test",), 0, ("average",), 10)
    of_path = do(path, tmp_path / "p", params, {}, inputs={which: ends[which] for which in "ab"})
    assert done.scalars["distance"] == pytest.approx(of_path.scalars["distance"], rel=1e-12)


def test_masked_weights_count_as_zero_even_where_the_start_has_them(tmp_path):
    (tmp_path / "mask").mkdir()
    module = read.module(MLP)
    mask = {name: torch.arange(keep.numel()).view(keep.shape) % 3 > 0 for name, keep in masks.dense(module).items()}
    read.write(tmp_path / "mask" / read.MASK, mask)
    dense = do(train, tmp_path / "dense", training(how=HOW, until=4))
    ends = copies(tmp_path, MLP, Done(tmp_path / "mask"), 4, dense)
    names = [name for name, _ in module.named_parameters()]
    apart, sides, angle = naive(ends, names, mask)
    for start in (ends["start"], dense):
        done = do(distance, tmp_path / f"d{start.out.parent.name}", Distance(MLP), {}, inputs=ends | {"start": start})
        assert done.scalars["distance"] == pytest.approx(apart)
        assert done.scalars["from-start"] == pytest.approx(sides)
        assert done.scalars["angle"] == pytest.approx(angle)


def test_equal_copies_are_an_error(tmp_path):
    ends = copies(tmp_path, MLP)
    with pytest.raises(LmcspecError, match="trained under the same noise"):
        do(distance, tmp_path / "d", Distance(MLP), {}, inputs=ends | {"b": ends["a"]})


def test_an_end_that_is_not_finite_is_an_outcome(tmp_path):
    ends = copies(tmp_path, MLP)
    (tmp_path / "end").mkdir()
    wild = {name: value / 0 for name, value in load_file(ends["a"].out / read.STATE).items()}
    read.write(tmp_path / "end" / read.STATE, wild)
    done = do(distance, tmp_path / "d", Distance(MLP), {}, inputs=ends | {"b": Done(tmp_path / "end")})
    assert done.outcome == "diverged"


def test_copies_that_never_moved_are_no_error(tmp_path):
    """Where every update was left out they are still where they began: at no distance, and in no direction."""
    ends = copies(tmp_path, MLP)
    still = {"a": ends["start"], "b": ends["start"], "start": ends["start"]}
    done = do(distance, tmp_path / "d", Distance(MLP), {}, inputs=still)
    assert (done.scalars["distance"], done.scalars["from-start"]) == (0, [0, 0])
    assert math.isnan(done.scalars["angle"])
