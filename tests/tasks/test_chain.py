"""Permutations along paths of networks: step by step, there and back, and around."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, Done, do
from permuted_for_tests import permuted
from safetensors.torch import load_file

from lmcspec.science.permute import algebra, permutation_file
from lmcspec.tasks import read
from lmcspec.tasks.chain import Chain
from lmcspec.tasks.chain import run as chain
from lmcspec.tasks.detour import Detour
from lmcspec.tasks.detour import run as detour


@pytest.fixture(params=[MLP, CONVNET], ids=["mlp", "convnet"])
def model(request):
    return request.param


@pytest.fixture
def steps(model, tmp_path):
    """Four permutations as tasks leave them, and themselves."""
    groups, done = read.groups(model), []
    for number in range(4):
        folder = tmp_path / f"step-{number}"
        folder.mkdir()
        drawn = algebra.random_permutation(groups, number, "chain")
        permutation_file.save(folder / read.PERMUTATION, drawn)
        done.append((Done(folder), drawn))
    return done


def along(tmp_path, model, steps, back):
    inputs = {f"step-{place}": done for place, (done, _) in enumerate(steps)}
    done = do(chain, tmp_path / "chain", Chain(model, tuple(back)), {}, inputs=inputs)
    return load_file(done.out / read.PERMUTATION), done.scalars


def test_it_brings_the_last_network_step_by_step_into_the_frame_of_the_first(tmp_path, model, steps):
    """Networks are moved entry by entry: first by the last step, undone where the step is the other way round."""
    back = (False, True, True, False)
    found, _ = along(tmp_path, model, steps, back)
    groups = read.groups(model)
    far = read.module(model).state_dict()
    near = far
    for (_, step), undo in reversed(list(zip(steps, back, strict=True))):
        near = permuted(groups, _undone(step) if undo else step, near)
    moved = permuted(groups, found, far)
    assert moved.keys() == near.keys() and all(torch.equal(moved[name], near[name]) for name in near)


def _undone(step):
    """q with q[p[i]] = i, by a loop."""
    undone = {}
    for group, p in step.items():
        undone[group] = torch.empty_like(p)
        for new, old in enumerate(p.tolist()):
            undone[group][old] = new
    return undone


def test_there_and_back_is_the_identity(tmp_path, model, steps):
    found, scalars = along(tmp_path, model, [steps[0], steps[0]], (False, True))
    assert all(torch.equal(vector, torch.arange(len(vector))) for vector in found.values())
    assert scalars["in-place"] == 1


def test_one_step_is_itself(tmp_path, model, steps):
    found, _ = along(tmp_path, model, steps[:1], (False,))
    assert all(torch.equal(found[group], vector) for group, vector in steps[0][1].items())


def test_by_way_of_a_third_it_is_the_detour(tmp_path, model, steps):
    """A, then C, then B: what aligns A with C is undone."""
    (a, _), (b, _) = steps[:2]
    found, _ = along(tmp_path, model, steps[:2], (True, False))
    by_third = do(detour, tmp_path / "detour", Detour(model), {}, inputs={"a": a, "b": b})
    other = load_file(by_third.out / read.PERMUTATION)
    assert all(torch.equal(found[group], other[group]) for group in other)
