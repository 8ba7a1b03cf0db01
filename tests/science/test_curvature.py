"""The Hessian by products with vectors against a dense one by autograd, on a small network in double precision."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science import masks
from lmcspec.science.curvature import (
    Hessian,
    Probes,
    edges,
    entries,
    histogram,
    largest_eigenvalues,
    metrics,
    spread,
)
from lmcspec.science.models import construct, convnet, mlp

WHERE = ("subset", "hessian")


def network(kind):
    if kind == "mlp":
        module = construct(mlp.build, Mlp(widths=(4,)), (1, 3, 3), 3)
    else:
        module = construct(convnet.build, ConvNet(depth=1, width=3, norm=kind), (1, 4, 4), 3)
    draws = torch.Generator().manual_seed(0)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=draws) - 0.3)
    for name, buffer in module.named_buffers():
        if name.endswith("running_var"):
            buffer.add_(1)
    return module.double()


def batches(kind, count=2):
    draws = torch.Generator().manual_seed(1)
    size = 3 if kind == "mlp" else 4
    return [
        (
            torch.randn(5, 1, size, size, generator=draws, dtype=torch.float64),
            torch.randint(3, (5,), generator=draws),
        )
        for _ in range(count)
    ]


def exact_diagonal(hessian, chunk=64):
    return spread(hessian, torch.cat(list(entries(hessian, chunk=chunk))))


def estimated_diagonal(hessian, probes, where, chunk=8):
    """The estimate from so many vectors, `chunk` at once."""
    drawn = Probes.none(hessian, where)
    while len(drawn.traces) < probes:
        drawn.add(min(chunk, probes - len(drawn.traces)))
    return drawn.estimate()


def half(module):
    draws = torch.Generator().manual_seed(2)
    return {
        name: torch.rand(p.shape, generator=draws) < 0.5
        for name, p in module.named_parameters()
        if name in masks.prunable(module)
    }


def dense(module, data, mask=None):
    """The whole matrix, by differentiating each entry of the gradient, over all batches as one."""
    module.eval()
    named = dict(module.named_parameters())
    if mask:
        for name, keep in mask.items():
            named[name].data.mul_(keep)
    images, labels = torch.cat([x for x, _ in data]), torch.cat([y for _, y in data])
    loss = cross_entropy(module(images), labels)
    gradient = torch.autograd.grad(loss, list(named.values()), create_graph=True)
    flat = torch.cat([one.flatten() for one in gradient])
    rows = [
        torch.cat([one.flatten() for one in torch.autograd.grad(entry, list(named.values()), retain_graph=True)])
        for entry in flat
    ]
    matrix = torch.stack(rows).detach()
    keep = torch.cat(
        [(mask[name] if mask and name in mask else torch.ones_like(p)).flatten() for name, p in named.items()]
    ).double()
    return keep[:, None] * matrix * keep[None, :]


class Product(torch.autograd.Function):
    """x y, whose derivative looks at a value, which can't be done for many vectors at once."""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, *gradients):
        x, y = ctx.saved_tensors
        assert bool(gradients[0].isfinite().all())
        return Product.apply(gradients[0], y), Product.apply(gradients[0], x)


class Squares(nn.Module):
    def forward(self, x):
        return Product.apply(x, x)


def test_what_takes_one_vector_at_a_time():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), Squares(), nn.Linear(4, 3)).double()
    data = batches("mlp")
    matrix = dense(module, data)
    hessian = Hessian(module, data)
    vectors = torch.randn(3, hessian.size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for _ in range(2):
        torch.testing.assert_close(hessian.times(vectors), vectors @ matrix, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["mlp", "batch", "instance"])
class TestAgainstDense:
    def made(self, kind, masked):
        module, data = network(kind), batches(kind)
        mask = half(module) if masked else None
        return Hessian(module, data, mask), dense(module, data, mask)

    def test_products(self, kind, masked):
        hessian, matrix = self.made(kind, masked)
        vectors = torch.randn(3, hessian.size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        torch.testing.assert_close(hessian.times(vectors), vectors @ matrix, rtol=1e-9, atol=1e-10)

    def test_the_exact_diagonal(self, kind, masked):
        hessian, matrix = self.made(kind, masked)
        found = exact_diagonal(hessian, chunk=7)
        torch.testing.assert_close(found, matrix.diagonal(), rtol=1e-9, atol=1e-10)
        later = torch.cat(list(entries(hessian, begin=3, chunk=5)))
        torch.testing.assert_close(later, matrix.diagonal()[hessian.kept][3:], rtol=1e-9, atol=1e-10)
        assert bool((found[~hessian.kept] == 0).all())

    def test_the_estimate_agrees_within_its_error(self, kind, masked):
        """Of so many entries a few lie beyond three standard errors, none far beyond; the trace within four."""
        hessian, matrix = self.made(kind, masked)
        found = estimated_diagonal(hessian, 400, WHERE)
        off = (found.diagonal - matrix.diagonal()).abs()[hessian.kept]
        error = found.error[hessian.kept]
        assert bool((off <= 5 * error + 1e-12).all())
        assert float((off <= 2 * error + 1e-12).double().mean()) > 0.9
        assert abs(found.trace - float(matrix.trace())) < 4 * found.trace_error
        assert found.trace == pytest.approx(float(found.diagonal.sum()))
        assert bool((found.diagonal[~hessian.kept] == 0).all())

    def test_the_largest_eigenvalues(self, kind, masked):
        hessian, matrix = self.made(kind, masked)
        expected = np.linalg.eigvalsh(matrix.numpy())[::-1][:3]
        np.testing.assert_allclose(largest_eigenvalues(hessian, 3, WHERE, tolerance=1e-8), expected, rtol=1e-5)


@pytest.mark.parametrize("count", [30, 31, 40, 100])
def test_as_many_eigenvalues_as_there_are_weights(count):
    module, data = network("mlp"), batches("mlp")
    hessian = Hessian(module, data, half(module))
    matrix = dense(module, data, half(module))[hessian.kept][:, hessian.kept]
    expected = np.linalg.eigvalsh(matrix.numpy())[::-1][:count]
    found = largest_eigenvalues(hessian, count, WHERE)
    assert len(found) == min(count, int(hessian.kept.sum()))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_a_flat_loss_has_eigenvalues_of_nothing():
    """Logits so far apart that the cross-entropy is 0 to the last bit, and all of its derivatives."""
    module = network("mlp")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(0)
        module.classifier.bias.copy_(torch.tensor([1e4, 0.0, 0.0]))
    images = batches("mlp")[0][0]
    assert largest_eigenvalues(Hessian(module, [(images, torch.zeros(5, dtype=torch.int64))]), 2, WHERE) == [0.0, 0.0]


def test_the_error_shrinks_with_the_root_of_the_probes():
    module, data = network("mlp"), batches("mlp")
    few, many = (estimated_diagonal(Hessian(module, data), probes, WHERE) for probes in (100, 1600))
    assert float((many.error / few.error).nanmedian()) == pytest.approx(0.25, rel=0.2)
    other = estimated_diagonal(Hessian(module, data), 100, WHERE, chunk=13)
    torch.testing.assert_close(few.diagonal, other.diagonal)
    with pytest.raises(ValueError, match="two probes"):
        estimated_diagonal(Hessian(module, data), 1, WHERE)


@pytest.mark.parametrize("kind", ["mlp", "batch", "odd"])
def test_several_groups_in_one_pass_have_the_bits_of_each(kind):
    """One gradient for a batch, and the same products and sums; of what takes one vector at a time, too."""
    if kind == "odd":
        torch.manual_seed(0)
        module = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), Squares(), nn.Linear(4, 3)).double()
    else:
        module = network(kind)
    data = batches("mlp" if kind == "odd" else kind)
    hessian, gradients = Hessian(module, data), []
    vectors = torch.randn(10, hessian.size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    groups = vectors.split(4)
    expected = [hessian.times(group) for group in groups]
    gradient = hessian._gradient
    hessian._gradient = lambda *given: gradients.append(1) or gradient(*given)
    found = hessian.times_each(groups)
    assert len(gradients) == len(data)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))
    once, apart = Probes.none(Hessian(module, data), WHERE), Probes.none(Hessian(module, data), WHERE)
    once.add(4, 4, 2)
    for count in (4, 4, 2):
        apart.add(count)
    assert torch.equal(once.sums, apart.sums) and torch.equal(once.squares, apart.squares)
    assert once.traces == apart.traces and len(once.traces) == 10


def test_the_module_is_left_as_it_was():
    module = network("batch")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    exact_diagonal(Hessian(module, batches("batch"), half(module)))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_metrics_are_numpys():
    values = np.array([-1.0, 0.0, 0.5, 4.0])
    found = metrics(torch.tensor(values))
    assert (found["min"], found["max"]) == (-1, 4)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["std"] == pytest.approx(values.std())
    assert found["mean-magnitude"] == pytest.approx(np.abs(values).mean())


def test_histograms_count_every_value_where_it_lies():
    values = [-3.0, -1e-12, 0.0, 1e-12, 2e-9, 0.5, 5.0, 1e9, -1e9]
    counts, bounds = histogram(torch.tensor(values, dtype=torch.float64)), edges()
    assert sum(counts) == len(values) and len(counts) == len(bounds) - 1
    assert bounds == sorted(bounds)
    expected = [0] * len(counts)
    for value in values:
        inside = [place for place in range(len(counts)) if bounds[place] <= value < bounds[place + 1]]
        expected[inside[0] if inside else (0 if value < 0 else -1)] += 1
    assert counts == expected
    assert counts[len(counts) // 2] == 3, "what can't be told from 0 is in one bin"


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["mlp", "batch", "instance"])
def test_a_gpu_finds_the_same_curvature(cuda, kind):
    module, data = network(kind), batches(kind)
    here = Hessian(module, data, half(module))
    there = Hessian(
        copy.deepcopy(module).to(cuda), [(images.to(cuda), labels.to(cuda)) for images, labels in data], half(module)
    )
    torch.testing.assert_close(exact_diagonal(there), exact_diagonal(here), rtol=1e-8, atol=1e-10)
    one, two = (estimated_diagonal(hessian, 20, WHERE) for hessian in (here, there))
    torch.testing.assert_close(two.diagonal, one.diagonal, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(largest_eigenvalues(there, 1, WHERE), largest_eigenvalues(here, 1, WHERE), rtol=1e-4)
