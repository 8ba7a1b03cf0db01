"""Curvature of the loss: the Hessian's diagonal, its trace and its largest eigenvalues, by products with vectors.

The loss is the mean cross-entropy over all given batches of one size, in evaluation mode; derivatives are by the
trainable parameters. Masked weights are no parameters: their rows and columns are 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lmcspec.base import streams
from lmcspec.base.addresses import Where
from lmcspec.science.attention import twice_differentiable

Batches = Sequence[tuple[Tensor, Tensor]]
"""Images float32 (n, C, H, W) in their space and labels int64 (n,), on the module's device."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Means over probes of what has the Hessian's diagonal and trace as expectation, with their standard errors."""

    diagonal: Tensor
    """Float64 (P,) on the CPU, in the order of the parameters."""
    error: Tensor
    trace: float
    trace_error: float
    probes: int


class Hessian:
    """Products of vectors (P,) with the Hessian of a module's loss; P counts all trainable parameters, flat."""

    def __init__(self, module: nn.Module, batches: Batches, mask: Mapping[str, Tensor] | None = None) -> None:
        module.eval()
        named = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
        self._shapes = {name: tensor.shape for name, tensor in named.items()}
        self._kept = torch.cat(
            [
                (mask[name].to(tensor.device) if mask and name in mask else torch.ones_like(tensor)).flatten().bool()
                for name, tensor in named.items()
            ]
        )
        self._point = torch.cat([tensor.flatten() for tensor in named.values()]) * self._kept
        self._module, self._batches, self._buffers = module, batches, dict(module.named_buffers())
        self._together = True

    @property
    def size(self) -> int:
        """How many parameters there are, masked ones included."""
        return len(self._point)

    @property
    def point(self) -> Tensor:
        """The parameters at which the Hessian is taken, masked ones 0: float32 (P,)."""
        return self._point

    @property
    def kept(self) -> Tensor:
        """Which parameters are not masked: bool (P,)."""
        return self._kept

    def times(self, vectors: Tensor) -> Tensor:
        """Products with several vectors at once: (k, P) to (k, P), the mean over batches.

        Backwards through the gradient, for all vectors together. torch.func would do as well, but brings in torch's
        compiler.
        """
        return self.times_each([vectors])[0]

    def times_each(self, groups: Sequence[Tensor]) -> list[Tensor]:
        """As `times`, of each of some groups of vectors, in one pass over the batches: a gradient is computed once."""
        totals = [torch.zeros_like(vectors) for vectors in groups]
        for images, labels in self._batches:
            with twice_differentiable():
                for total, products in zip(totals, self._products(images, labels, groups), strict=True):
                    total += products
        return [total / len(self._batches) for total in totals]

    def _products(self, images: Tensor, labels: Tensor, groups: Sequence[Tensor]) -> Iterator[Tensor]:
        gradient, point = self._gradient(images, labels)
        for left, vectors in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
            if self._together:
                try:
                    yield torch.autograd.grad(gradient, point, vectors, left > 0, is_grads_batched=True)[0]
                    continue
                except torch.OutOfMemoryError:
                    raise
                except RuntimeError:
                    # Operations of some models, and of older versions of torch, take but one vector at a time.
                    self._together = False
                    gradient, point = self._gradient(images, labels)
            yield torch.stack(
                [torch.autograd.grad(gradient, point, vector, retain_graph=True)[0] for vector in vectors]
            )

    def _gradient(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient of the loss on a batch, to be differentiated again, and the point at which it is taken."""
        point = self._point.clone().requires_grad_()
        tensors = {**self._apart(point * self._kept), **self._buffers}
        loss = cross_entropy(functional_call(self._module, tensors, (images,)), labels)
        return torch.autograd.grad(loss, point, create_graph=True)[0], point

    def _apart(self, flat: Tensor) -> dict[str, Tensor]:
        parts = flat.split([shape.numel() for shape in self._shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}


def entries(hessian: Hessian, begin: int = 0, chunk: int = 64) -> Iterator[Tensor]:
    """The diagonal's entries for the surviving parameters from number `begin` on, `chunk` at once; float64, CPU."""
    places = hessian.kept.nonzero().flatten()[begin:]
    for part in places.split(chunk):
        units = hessian.point.new_zeros(len(part), hessian.size)
        rows = torch.arange(len(part), device=part.device)
        units[rows, part] = 1.0
        yield hessian.times(units)[rows, part].double().cpu()


def spread(hessian: Hessian, surviving: Tensor) -> Tensor:
    """Values of the surviving parameters among all, masked ones 0: (survivors,) to (P,)."""
    diagonal = torch.zeros(hessian.size, dtype=surviving.dtype)
    diagonal[hessian.kept.cpu()] = surviving
    return diagonal


@dataclass(slots=True, eq=False)
class Probes:
    """Hutchinson's estimate as it goes on: vectors z of random signs, drawn at `where`; z * (H z) and z . (H z)."""

    hessian: Hessian
    where: Where
    sums: Tensor
    squares: Tensor
    traces: list[float]

    @staticmethod
    def none(hessian: Hessian, where: Where) -> "Probes":
        """The estimate before its first vector."""
        sums, squares = (torch.zeros(hessian.size, dtype=torch.float64) for _ in range(2))
        return Probes(hessian, where, sums, squares, [])

    def add(self, *counts: int) -> None:
        """Draw so many more vectors, all of a count at once, and those of all counts in one pass over the batches."""
        groups = []
        for number, count in enumerate(counts):
            begin = len(self.traces) + sum(counts[:number])
            signs = [self._signs(place) for place in range(begin, begin + count)]
            groups.append(torch.from_numpy(np.stack(signs)).to(self.hessian.point) * self.hessian.kept)
        for z, product in zip(groups, self.hessian.times_each(groups), strict=True):
            products = (z * product).double().cpu()
            self.sums += products.sum(0)
            self.squares += products.square().sum(0)
            self.traces += products.sum(1).tolist()

    def _signs(self, number: int) -> np.ndarray:
        bits = streams.words(self.hessian.size, *self.where, number) >> np.uint64(63)
        return 2.0 * bits.astype(np.float32) - 1

    def estimate(self) -> Estimate:
        """The means over the vectors so far and their standard errors; ValueError for fewer than two vectors."""
        count = len(self.traces)
        if count < 2:
            raise ValueError("an error bar takes two probes at least")
        mean = self.sums / count
        variance = (self.squares / count - mean.square()).clamp(min=0) * count / (count - 1)
        off = float(np.std(self.traces, ddof=1)) / count**0.5
        return Estimate(mean, (variance / count).sqrt(), float(np.mean(self.traces)), off, count)


def largest_eigenvalues(hessian: Hessian, count: int, where: Where, tolerance: float = 1e-4) -> list[float]:
    """The `count` largest eigenvalues, descending, by Lanczos iterations (ARPACK) from a drawn vector.

    All of them where that many surviving parameters are not there; where they are few, by the whole matrix.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    places = hessian.kept.nonzero().flatten()
    size = len(places)

    def products(vectors: np.ndarray) -> np.ndarray:
        whole = hessian.point.new_zeros(len(vectors), hessian.size)
        whole[:, places] = torch.from_numpy(vectors).to(whole)
        return hessian.times(whole)[:, places].double().cpu().numpy()

    def product(vector: np.ndarray) -> np.ndarray:
        return products(np.asarray(vector).reshape(1, -1))[0]

    if size <= 2 * count:
        return sorted(np.linalg.eigvalsh(products(np.eye(size))).tolist(), reverse=True)[:count]
    if not product(streams.normals(size, *where)).any():  # where the loss is flat, ARPACK has nothing to start from
        return [0.0] * count
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)  # pyright: ignore[reportCallIssue]
    start = streams.normals(size, *where)
    eigenvalues = eigsh(operator, k=count, which="LA", v0=start, tol=tolerance, return_eigenvectors=False)  # pyright: ignore[reportArgumentType]
    return sorted((float(value) for value in eigenvalues), reverse=True)


def metrics(diagonal: Tensor) -> dict[str, float]:
    """The values on a diagonal (n,) in numbers, as the papers' table has them; `std` is the population's, as numpy's.

    Of the surviving parameters alone, or of all with masked ones 0.
    """
    values = diagonal.double()
    return {
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": float(values.mean()),
        "std": float(values.std(unbiased=False)),
        "mean-magnitude": float(values.abs().mean()),
    }


DECADES, FINENESS = (-10, 4), 5
"""Magnitudes that a histogram tells apart, as powers of ten, and into how many bins each decade is cut."""


def histogram(values: Tensor) -> list[int]:
    """How many values lie in each bin of `edges`; what is beyond the last edge is in the last bin."""
    inside = values.double().clamp(edges()[0], edges()[-1]).numpy()
    return np.histogram(inside, np.array(edges()))[0].tolist()


def edges() -> list[float]:
    """The edges of the bins: the same for all histograms, logarithmic on both sides of a bin around 0."""
    powers = range(DECADES[0] * FINENESS, DECADES[1] * FINENESS + 1)
    above = [10.0 ** (power / FINENESS) for power in powers]
    return [*(-edge for edge in reversed(above)), *above]
