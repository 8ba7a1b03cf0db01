"""Alignments of pruned networks and of such of two steps, against the same made by hand; nothing is trained."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, Done, do, files
from permuted_for_tests import drawn, permuted
from safetensors.torch import load_file

from lmcspec.base.errors import UsageError
from lmcspec.science.permute.selfcheck import randomised
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights
from lmcspec.tasks import Part, read
from lmcspec.tasks.match import Match
from lmcspec.tasks.match import run as match
from lmcspec.tasks.path import Path
from lmcspec.tasks.path import run as path
from lmcspec.tasks.prune import Prune
from lmcspec.tasks.prune import run as prune

WEIGHTS = Part.of({"method": "weights", "kernel": "linear", "restarts": 2, "sweeps": 50})
ACTIVATIONS = Part.of(
    {"method": "activations", "where": "post", "kernel": "correlation", "centred": True, "images": 200}
)
MAGNITUDE, RANDOM = Part.of({"name": "magnitude"}), Part.of({"name": "random"})
PAIR = {"pair": 3}
FIRST = {MLP: "layers.0", CONVNET: "blocks.0"}


def state(model, seed):
    generator = torch.Generator().manual_seed(seed)
    module = read.module(model)
    return {**module.state_dict(), **randomised(module, generator)}


def stored(folder, **tensors) -> dict[str, Done]:
    """Results that hold these states, or masks where a name says so."""
    done = {}
    for name, values in tensors.items():
        (folder / name).mkdir(parents=True)
        read.write(folder / name / (read.MASK if name.startswith("mask") else read.STATE), values)
        done[name] = Done(folder / name)
    return done


def params(model, method, **more):
    looks = {"data": RAW, "images": 200} if method is ACTIVATIONS else {}
    return Match(model, method, **looks, **more)


def smallest_gone(weights, share, names):
    """Without the share of smallest |w| over all these tensors: sorted, one by one."""
    every = sorted((abs(float(value)), name, place) for name in names for place, value in enumerate(weights[name].flatten()))  # fmt: skip
    gone = {(name, place) for _, name, place in every[: int(len(every) * share + 0.5)]}
    left = dict(weights)
    for name in names:
        flat = [0.0 if (name, place) in gone else float(value) for place, value in enumerate(weights[name].flatten())]
        left[name] = torch.tensor(flat).view(weights[name].shape)
    return left


@pytest.mark.parametrize("method", [WEIGHTS, ACTIVATIONS], ids=["weights", "activations"])
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
@pytest.mark.parametrize("exclude", [(), ("classifier",)])
def test_what_is_aligned_is_pruned_before(tmp_path, model, method, exclude):
    a, b = state(model, 0), state(model, 1)
    ends = stored(tmp_path, a=a, b=b)
    masks = {
        f"mask-{end}": do(
            prune, tmp_path / f"mask-{end}", Prune(model, MAGNITUDE, 0.4, exclude=exclude), inputs={"state": ends[end]}
        )
        for end in "ab"
    }
    found = do(match, tmp_path / "found", params(model, method), PAIR, inputs=ends | masks)
    weights = [name for name in a if a[name].ndim > 1 and name.removesuffix(".weight") not in exclude]
    by_hand = stored(tmp_path / "hand", a=smallest_gone(a, 0.4, weights), b=smallest_gone(b, 0.4, weights))
    expected = do(match, tmp_path / "expected", params(model, method), PAIR, inputs=by_hand)
    assert files(found) == files(expected) and found.scalars == expected.scalars
    whole = do(match, tmp_path / "whole", params(model, method), PAIR, inputs=ends)
    assert found.scalars["distance-before"] != whole.scalars["distance-before"]


def test_of_weights_it_is_what_the_science_finds(tmp_path):
    a, b = state(CONVNET, 0), state(CONVNET, 1)
    names = [name for name in a if a[name].ndim > 1]
    ends = stored(tmp_path, a=a, b=b)
    masks = {
        f"mask-{end}": do(prune, tmp_path / f"mask-{end}", Prune(CONVNET, MAGNITUDE, 0.6), inputs={"state": ends[end]})
        for end in "ab"
    }
    found = do(match, tmp_path / "found", params(CONVNET, WEIGHTS), PAIR, inputs=ends | masks)
    settings = WeightMatching(restarts=2, sweeps=50)
    groups = read.groups(CONVNET)
    expected = match_weights(groups, smallest_gone(a, 0.6, names), smallest_gone(b, 0.6, names), settings, pair=3)
    vectors = load_file(found.out / read.PERMUTATION)
    assert all(torch.equal(vectors[group], expected.permutation[group]) for group in groups.sizes)


@pytest.mark.parametrize("fraction", [0.2, 0.8])
def test_a_planted_permutation_is_found_through_the_pruning(tmp_path, fraction):
    """What is pruned of a permuted network is the permuted rest: magnitudes go along with their units."""
    model = Part.of({"config": {"name": "mlp", "widths": [24, 20], "init": "default"}, "shape": [1, 8, 8], "classes": 10})  # fmt: skip
    groups = read.groups(model)
    b = state(model, 1)
    a = permuted(groups, drawn(groups), b)
    ends = stored(tmp_path, a=a, b=b)
    masks = {
        f"mask-{end}": do(prune, tmp_path / f"mask-{end}", Prune(model, MAGNITUDE, fraction), inputs={"state": ends[end]})
        for end in "ab"
    }  # fmt: skip
    found = do(match, tmp_path / "found", params(model, WEIGHTS), PAIR, inputs=ends | masks)
    moved = permuted(groups, load_file(found.out / read.PERMUTATION), b)
    assert all(torch.equal(moved[name], a[name]) for name in a) and found.scalars["distance-after"] == 0
    masks = {end: load_file(done.out / read.MASK) for end, done in masks.items()}
    carried = permuted(groups, drawn(groups), masks["mask-b"])
    assert all(torch.equal(carried[name], keep) for name, keep in masks["mask-a"].items())


def test_random_masks_of_two_partners_differ(tmp_path):
    draws = [
        load_file(
            do(prune, tmp_path / str(replicate), Prune(MLP, RANDOM, 0.5), {"replicate": replicate, "level": 1, "draw": 0}).out
            / read.MASK
        )
        for replicate in (0, 1)
    ]  # fmt: skip
    for name in draws[0]:
        alike = float((draws[0][name] == draws[1][name]).double().mean())
        assert 0.25 < alike < 0.75, "as often alike as drawn, about half"


def mixed(early, late, how, first, inside):
    """By position in the state, written out."""
    names = list(late)
    places = [place for place, name in enumerate(names) if name.startswith(inside)]
    begin = places[0]
    chosen = {
        "bottom-up": names[:begin],
        "top-down": names[begin:],
        "put-in": [names[place] for place in places],
        "leave-out": [name for name in names if not name.startswith(inside)],
    }[how]
    return {name: early[name] if name in chosen else late[name] for name in names}


@pytest.mark.parametrize("method", [WEIGHTS, ACTIVATIONS], ids=["weights", "activations"])
@pytest.mark.parametrize("how", ["bottom-up", "top-down", "put-in", "leave-out"])
def test_what_is_aligned_is_of_two_steps(tmp_path, how, method):
    early = {end: state(CONVNET, 10 + seed) for seed, end in enumerate("ab")}
    late = {end: state(CONVNET, seed) for seed, end in enumerate("ab")}
    inputs = stored(tmp_path, **late, **{f"early-{end}": early[end] for end in "ab"})
    found = do(match, tmp_path / "found", params(CONVNET, method, layers="blocks.1", how=how), PAIR, inputs=inputs)
    by_hand = stored(tmp_path / "hand", **{end: mixed(early[end], late[end], how, "blocks.1", "blocks.1.") for end in "ab"})  # fmt: skip
    expected = do(match, tmp_path / "expected", params(CONVNET, method), PAIR, inputs=by_hand)
    assert files(found) == files(expected) and found.scalars == expected.scalars


@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
@pytest.mark.parametrize(("how", "which"), [("bottom-up", "late"), ("top-down", "early")])
def test_from_the_first_layer_on_it_is_the_permutation_of_one_step(tmp_path, model, how, which):
    early = {end: state(model, 10 + seed) for seed, end in enumerate("ab")}
    late = {end: state(model, seed) for seed, end in enumerate("ab")}
    inputs = stored(tmp_path, **late, **{f"early-{end}": early[end] for end in "ab"})
    found = do(match, tmp_path / "found", params(model, WEIGHTS, layers=FIRST[model], how=how), PAIR, inputs=inputs)
    plain = stored(tmp_path / "plain", **(early if which == "early" else late))
    expected = do(match, tmp_path / "expected", params(model, WEIGHTS), PAIR, inputs=plain)
    assert files(found) == files(expected)


def test_a_module_that_the_plan_could_not_check(tmp_path):
    inputs = stored(tmp_path, **{name: state(MLP, 0) for name in ("a", "b", "early-a", "early-b")})
    with pytest.raises(UsageError, match=r"rewind_layers: .*such as 'layers\.0'"):
        do(match, tmp_path / "found", params(MLP, WEIGHTS, layers="0", how="put-in"), PAIR, inputs=inputs)


@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
@pytest.mark.parametrize("moving", [True, False])
def test_pruned_ends_are_masked_before_they_are_permuted(tmp_path, model, moving):
    a, b = state(model, 0), state(model, 1)
    ends = stored(tmp_path, a=a, b=b)
    masks = {
        f"mask-{end}": do(prune, tmp_path / f"mask-{end}", Prune(model, MAGNITUDE, 0.5), inputs={"state": ends[end]})
        for end in "ab"
    }
    inputs = ends | masks
    groups = read.groups(model)
    if moving:
        (tmp_path / "way").mkdir()
        read.write(tmp_path / "way" / read.PERMUTATION, drawn(groups))
        inputs["permutation"] = Done(tmp_path / "way")
    walk = Path(model, RAW, 5, ("test", "train"), 100, ("average", "recompute"), 100)
    found = do(path, tmp_path / "found", walk, {}, inputs=inputs)
    names = [name for name in a if a[name].ndim > 1]
    far = smallest_gone(b, 0.5, names)
    by_hand = stored(tmp_path / "hand", a=smallest_gone(a, 0.5, names), b=permuted(groups, drawn(groups), far) if moving else far)  # fmt: skip
    expected = do(path, tmp_path / "expected", walk, {}, inputs=by_hand)
    assert found.scalars == expected.scalars and files(found) == files(expected)
    whole = do(path, tmp_path / "whole", walk, {}, inputs=ends)
    assert found.scalars["distance"] != whole.scalars["distance"]


def test_an_end_whose_own_mask_leaves_a_layer_nothing_is_dead(tmp_path):
    a, b = state(MLP, 0), state(MLP, 1)
    keep = {name: torch.ones_like(a[name], dtype=torch.bool) for name in a if a[name].ndim > 1}
    empty = keep | {"classifier.weight": torch.zeros_like(keep["classifier.weight"])}
    walk = Path(MLP, RAW, 3, ("test",), 0, ("average",), 100)
    for number, masks in enumerate(((keep, empty), (empty, keep))):
        inputs = stored(tmp_path / str(number), a=a, b=b, **{"mask-a": masks[0], "mask-b": masks[1]})
        outcome = do(path, tmp_path / f"path{number}", walk, {}, inputs=inputs).outcome
        assert outcome == ("dead-layer" if number else "chance"), "that of the first end that collapsed"


def test_the_control_moves_nothing(tmp_path):
    ends = stored(tmp_path, a=state(CONVNET, 0), b=state(CONVNET, 1))
    done = do(match, tmp_path / "found", params(CONVNET, Part.of({"method": "identity"})), PAIR, inputs=ends)
    for vector in load_file(done.out / read.PERMUTATION).values():
        assert torch.equal(vector, torch.arange(len(vector)))
    assert done.scalars["in-place"] == 1 and done.scalars["distance-after"] == done.scalars["distance-before"]
