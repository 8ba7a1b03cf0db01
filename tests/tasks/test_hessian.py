"""Curvature as a task: what it looks at, what it says of masked weights, and that it goes on where it was."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, SEEDS, Done, TestContext, do, neutral, recipe, training
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

from lmcspec.science import masks
from lmcspec.science.curvature import Hessian as Matrix
from lmcspec.science.curvature import entries, spread
from lmcspec.tasks import Interrupted, read
from lmcspec.tasks.hessian import DIAGONAL, Hessian
from lmcspec.tasks.hessian import run as hessian
from lmcspec.tasks.train import run as train

HOW = recipe(length=12, batch=64)
DATA = training().data


def params(model=MLP, probes=0, eigenvalues=1, batches=2):
    return Hessian(model, DATA, 20, batches, probes, eigenvalues)


def masked(folder, model=MLP) -> dict[str, Done]:
    """A mask of two thirds, and a network trained under it."""
    (folder / "mask").mkdir()
    dense = masks.dense(read.module(model))
    own = {name: torch.arange(keep.numel()).view(keep.shape) % 3 > 0 for name, keep in dense.items()}
    read.write(folder / "mask" / read.MASK, own)
    mask = {"mask": Done(folder / "mask")}
    return mask | {"state": do(train, folder / "state", training(model, until=12, how=HOW), SEEDS, inputs=mask)}


def looked_at(folder, model, inputs, count=2):
    """The same batches and network as science sees them, by way of the task's own words only."""
    ctx = TestContext(folder / "look", inputs=inputs, neutral=neutral(params()))
    from lmcspec.tasks.hessian import _batches

    module = read.module(model)
    module.load_state_dict(load_file(inputs["state"].out / read.STATE))
    return module, _batches(ctx, params(batches=count)), read.mask(ctx, module)


def test_the_diagonal_and_its_numbers(tmp_path):
    inputs = masked(tmp_path)
    done = do(hessian, tmp_path / "h", params(), {}, inputs=inputs)
    module, batches, mask = looked_at(tmp_path, MLP, inputs)
    matrix = Matrix(module, batches, mask)
    diagonal = spread(matrix, torch.cat(list(entries(matrix))))
    torch.testing.assert_close(load_file(done.out / DIAGONAL)["diagonal"], diagonal.float())
    kept = torch.cat([mask.get(name, torch.ones_like(p)).flatten().bool() for name, p in module.named_parameters()])
    found = done.scalars["metrics"]
    for prefix, values in (("", diagonal[kept]), ("all/", diagonal)):
        assert found[f"{prefix}mean"] == pytest.approx(float(values.mean()))
        assert found[f"{prefix}mean-magnitude"] == pytest.approx(float(values.abs().mean()))
        assert found[f"{prefix}max"] == pytest.approx(float(values.max()))
    assert found["all/mean"] == pytest.approx(found["mean"] * float(kept.double().mean()))
    assert found["trace"] == pytest.approx(float(diagonal.sum()))
    assert found["eigenvalue-1"] >= float(diagonal.max())
    assert (done.scalars["surviving"], done.scalars["all"]) == (int(kept.sum()), len(kept))
    assert sum(done.scalars["histogram"]["counts"]) == int(kept.sum())
    assert done.outcome == "ok"


def test_batches_are_the_same_for_every_network_and_balanced(tmp_path):
    inputs = masked(tmp_path)
    _, batches, _ = looked_at(tmp_path, MLP, inputs, count=3)
    assert [len(labels) for _, labels in batches] == [20, 20, 20]
    for images, labels in batches:
        assert torch.bincount(labels).tolist() == [2] * 10
        assert images.dtype == torch.float32
    assert not torch.equal(batches[0][0], batches[1][0])
    (tmp_path / "other").mkdir()
    again = looked_at(tmp_path / "other", CONVNET, masked(tmp_path / "other", CONVNET))[1]
    assert all(torch.equal(one, other) for (one, _), (other, _) in zip(again, batches[:2], strict=True))


def test_batch_norm_is_that_of_evaluation(tmp_path):
    state = do(train, tmp_path / "state", training(CONVNET, until=12, how=HOW))
    done = do(hessian, tmp_path / "h", params(CONVNET, eigenvalues=0), {}, inputs={"state": state})
    module, batches, _ = looked_at(tmp_path, CONVNET, {"state": state})
    module.eval()
    weight = dict(module.named_parameters())["classifier.bias"]
    loss = sum(cross_entropy(module(images), labels) for images, labels in batches) / len(batches)
    (gradient,) = torch.autograd.grad(loss, [weight], create_graph=True)
    expected = [
        float(torch.autograd.grad(one, weight, retain_graph=True)[0][place]) for place, one in enumerate(gradient)
    ]
    diagonal = load_file(done.out / DIAGONAL)["diagonal"]
    assert diagonal[-len(expected) :].tolist() == pytest.approx(expected, rel=1e-4)
    assert "eigenvalue-1" not in done.scalars["metrics"]


def test_an_estimate_says_how_far_off_it_may_be(tmp_path):
    inputs = masked(tmp_path)
    exact = do(hessian, tmp_path / "exact", params(), {}, inputs=inputs)
    found = do(hessian, tmp_path / "estimate", params(probes=300), {}, inputs=inputs)
    own, bound = (found.scalars["metrics"][name] for name in ("trace", "trace-error"))
    assert 0 < abs(own - exact.scalars["metrics"]["trace"]) < 4 * bound
    assert "entry-error" not in exact.scalars["metrics"]
    tensors, true = load_file(found.out / DIAGONAL), load_file(exact.out / DIAGONAL)["diagonal"]
    off = (tensors["diagonal"] - true).abs()
    assert float((off <= 2 * tensors["error"] + 1e-7).double().mean()) > 0.9
    kept = tensors["error"] > 0
    typical = found.scalars["metrics"]["entry-error"]
    assert typical == pytest.approx(float(off[kept].square().mean().sqrt()), rel=0.2), "as far off as it says"


@pytest.mark.parametrize("probes", [0, 20])
def test_it_goes_on_where_it_was(tmp_path, monkeypatch, probes):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    inputs = masked(tmp_path)
    whole = do(hessian, tmp_path / "whole", params(probes=probes), {}, inputs=inputs)
    calls = iter([False, True])
    with pytest.raises(Interrupted, match="of"):
        do(hessian, tmp_path / "h", params(probes=probes), {}, inputs=inputs, stop=lambda: next(calls))
    again = do(hessian, tmp_path / "h", params(probes=probes), {}, inputs=inputs)
    assert again.scalars == whole.scalars
    assert (again.out / DIAGONAL).read_bytes() == (whole.out / DIAGONAL).read_bytes()


@pytest.mark.parametrize("wild", [lambda value: value / 0, lambda value: value * 1e30], ids=["infinite", "huge"])
@pytest.mark.parametrize("probes", [0, 8])
def test_of_a_network_that_diverged_there_is_nothing_to_say(tmp_path, wild, probes):
    inputs = masked(tmp_path)
    (tmp_path / "wild").mkdir()
    state = load_file(inputs["state"].out / read.STATE)
    read.write(tmp_path / "wild" / read.STATE, {name: wild(value) for name, value in state.items()})
    done = do(hessian, tmp_path / "h", params(probes=probes), {}, inputs=inputs | {"state": Done(tmp_path / "wild")})
    assert (done.outcome, done.scalars) == ("diverged", {"metrics": {}})
