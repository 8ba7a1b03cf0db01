"""The law of rules: permute tensors by their labels, and every operation's output is permuted by its label.

Random programs of operations on random tensors are run and read. Then each of the units that are free undergoes a
random permutation, and the program is run again on the tensors that these make.
"""

import itertools

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from profiles import examples
from torch import Tensor
from torch.nn import functional as F

from lmcspec.science.permute.labelling import Labelling, free_axes
from lmcspec.science.permute.labels import choose, settled, span
from lmcspec.science.permute.recording import Recorder
from lmcspec.science.permute.rules import RULES
from lmcspec.science.permute.rules.rule import tensors_in

SIZES = (1, 2, 4, 4, 6, 6)


def factorings(size):
    """Shapes of two axes with as many entries."""
    return [(first, size // first) for first in range(1, size + 1) if size % first == 0]


@st.composite
def steps(draw):
    """A program: names of operations with choices, each of which picks among what is possible when it is its turn."""
    return draw(
        st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 2**20)), min_size=3, max_size=12)
    )


def like(pool, number, shape):
    """One of the tensors of this shape."""
    alike = [tensor for tensor in pool if tensor.shape == shape]
    return alike[number % len(alike)]


def viewed(pool, x, number):
    axis = number % x.ndim
    first, second = factorings(x.shape[axis])[number // 7 % len(factorings(x.shape[axis]))]
    return x.reshape(*x.shape[:axis], first, second, *x.shape[axis + 1 :])


def flattened(pool, x, number):
    start = number % x.ndim
    return x.flatten(start, start + (number // 7) % (x.ndim - start))


def taken(pool, x, number):
    axis = number % x.ndim
    start = number // 7 % x.shape[axis]
    return x.narrow(axis, start, 1 + number // 29 % (x.shape[axis] - start))


def halves(pool, x, number):
    axis = number % x.ndim
    parts = x.chunk(2 + number // 7 % 2, axis)
    return parts if len({part.shape for part in parts}) > 1 else parts[0] * parts[-1].tanh()


def joined(pool, x, number):
    axis = number % x.ndim
    return torch.cat([x, like(pool, number // 7, x.shape), x[:1].expand_as(x)], axis)


def multiplied(pool, x, number):
    fitting = [y for y in pool if y.ndim >= 1 and y.shape[0] == x.shape[-1]]
    if not fitting:
        return x * 2
    other = fitting[number % len(fitting)]
    return x @ (other.flatten(1) if other.ndim > 1 else other)


def attended(pool, x, number):
    if x.ndim < 2:
        return x.exp()
    same = like(pool, number, x.shape)
    return F.scaled_dot_product_attention(x, same, like(pool, number // 7, x.shape))


def normed(pool, x, number):
    if x.ndim < 3 or x.shape[-1] == 1:
        return F.layer_norm(x, x.shape[-1:])
    counts = [count for count in range(1, x.shape[1] + 1) if x.shape[1] % count == 0]
    return F.group_norm(x, counts[number % len(counts)])


def convolved(pool, x, number):
    if x.ndim != 3:
        return x.relu()
    channels = x.shape[1]
    fitting = [
        y for y in pool if y.ndim == 2 and channels % y.shape[1] == 0 and y.shape[0] % (channels // y.shape[1]) == 0
    ]
    if not fitting:
        return F.avg_pool1d(x, 1)
    weight = fitting[number % len(fitting)][..., None]
    return F.conv1d(x, weight, groups=channels // weight.shape[1])


def shuffled(pool, x, number):
    if x.ndim < 3:
        return x.neg()
    counts = [count for count in range(1, x.shape[1] + 1) if x.shape[1] % count == 0]
    if number % 2 and x.ndim > 3 and x.shape[-3] % 4 == 0:
        return F.pixel_shuffle(x, 2)
    return F.channel_shuffle(x, counts[number // 2 % len(counts)])


OPERATIONS = {
    "view": viewed,
    "flatten": flattened,
    "transpose": lambda pool, x, number: x.transpose(number % x.ndim, number // 7 % x.ndim),
    "movedim": lambda pool, x, number: x.movedim(number % x.ndim, number // 7 % x.ndim),
    "unsqueeze": lambda pool, x, number: x.unsqueeze(number % (x.ndim + 1)),
    "squeeze": lambda pool, x, number: x.squeeze(),
    "take": taken,
    "choose": lambda pool, x, number: x[number % x.shape[0]] if x.ndim > 1 else x[None, ..., :1],
    "halves": halves,
    "pieces": lambda pool, x, number: x.split(1 + number % x.shape[0], 0),
    "cat": joined,
    "stack": lambda pool, x, number: torch.stack([x, like(pool, number, x.shape)], number // 7 % (x.ndim + 1)),
    "pad": lambda pool, x, number: F.pad(x, (number % 3, number // 3 % 3)),
    "tile": lambda pool, x, number: x.repeat(1 + number % 2, *[1] * (x.ndim - 1)),
    "repeat": lambda pool, x, number: x.repeat_interleave(1 + number % 2, dim=number // 2 % x.ndim),
    "shuffle": shuffled,
    "roll": lambda pool, x, number: x.roll(1, number % x.ndim),
    "sum": lambda pool, x, number: x.sum(number % x.ndim, keepdim=bool(number % 2)),
    "max": lambda pool, x, number: x.max(number % x.ndim)[0],
    "softmax": lambda pool, x, number: x.softmax(number % x.ndim),
    "cumsum": lambda pool, x, number: x.cumsum(number % x.ndim),
    "add": lambda pool, x, number: x + like(pool, number, x.shape),
    "scale": lambda pool, x, number: x * x.mean(number % x.ndim, keepdim=True),
    "matmul": multiplied,
    "attention": attended,
    "norm": normed,
    "conv": convolved,
}  # fmt: skip


def run(program, inputs):
    """All tensors that the program makes, the inputs first."""
    pool = list(inputs)
    for name, number in program:
        x = pool[-1 - number // 11 % min(len(pool), 5)]
        if x.ndim == 0 or x.numel() > 3000 or x.ndim > 5:
            continue
        pool += tensors_in(OPERATIONS[name](pool, x, number))
    return pool


def permuted(tensor: Tensor, axes, permutations) -> Tensor:
    """New unit i is old unit p[i], on every axis, by a loop over entries of the axis."""
    for place, axis in enumerate(axes):
        order, start = [], 0
        for run_ in settled(axis):
            sizes = [units.size for units in run_]
            moved = [permutations.get(units, range(units.size)) for units in run_]
            for entry in itertools.product(*map(range, sizes)):
                old = 0
                for size, vector, index in zip(sizes, moved, entry, strict=True):
                    old = old * size + int(vector[index])
                order.append(start + old)
            start += span(run_)
        tensor = tensor.index_select(place, torch.tensor(order, dtype=torch.int64))
    return tensor


@given(
    steps(),
    st.lists(st.lists(st.sampled_from(SIZES), min_size=1, max_size=3), min_size=1, max_size=3),
    st.booleans(),
)
@example([("add", 0), ("unsqueeze", 0), ("shuffle", 1)], [[4, 1, 4]], False)  # pixels were free to move
@settings(max_examples=examples(0.3))
def test_outputs_are_permuted_by_their_labels(program, shapes, chosen):
    """Whether all units that are free move at once, or only the outermost of each product."""
    generator = torch.Generator().manual_seed(1)
    inputs = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]
    labelling = Labelling(RULES)
    for tensor in inputs:
        labelling.put(tensor, free_axes(tensor))
    with Recorder(labelling.read):
        pool = run(program, inputs)
    labelling.settle()
    labels = [labelling.of(tensor) for tensor in pool]
    if chosen:
        for axes in labels:
            for axis in axes:
                choose(axis)
    units = {units for axes in labels for axis in axes for run_ in settled(axis) for units in run_ if not units.fixed}
    permutations = {
        unit: torch.randperm(unit.size, generator=generator) for unit in sorted(units, key=lambda u: u.size)
    }
    again = run(program, [permuted(tensor, axes, permutations) for tensor, axes in zip(inputs, labels, strict=False)])
    for tensor, axes, new in zip(pool, labels, again, strict=True):
        torch.testing.assert_close(new, permuted(tensor, axes, permutations), rtol=1e-9, atol=1e-9)


def read(function, *tensors):
    """The output of a function with the labels of its inputs and of itself."""
    labelling = Labelling(RULES)
    for tensor in tensors:
        labelling.put(tensor, free_axes(tensor))
    with Recorder(labelling.read):
        output = function(*tensors)
    return labelling, output


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("nhd,mhd->hnm", [(2, 3, 4), (5, 3, 4)]), ("ii->i", [(3, 3)])],
)
def test_letters_of_einsum_are_axes(equation, shapes):
    tensors = [torch.randn(*shape) for shape in shapes]
    labelling, output = read(lambda *several: torch.einsum(equation, *several), *tensors)
    letters: dict = {}
    inputs, _, outcome = equation.partition("->")
    for part, tensor in [*zip(inputs.split(","), tensors, strict=True), (outcome, output)]:
        for letter, axis in zip(part, labelling.of(tensor), strict=True):
            assert letters.setdefault(letter, settled(axis)) == settled(axis)
    assert len(set(letters.values())) == len(letters)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: torch.fft.fft(x).real, (4, 6)),
        (lambda x: x[:, torch.tensor([1, 0])], (4, 6)),
        (lambda x: x[x > 0], (4, 6)),
        (lambda x: x[:, ::2], (4, 6)),
        (lambda x: x.argmax(1), (4, 6)),
        (lambda x: x.cumsum(1), (4, 6)),
        (lambda x: x.sort(1).values, (4, 6)),
        (lambda x: x.roll(1, 1), (4, 6)),
        (lambda x: torch.add(x, x, out=torch.empty(4, 6)), (4, 6)),
        (lambda x: x.tolist(), (4, 6)),
        (lambda x: torch.einsum("...i,ij", x, torch.ones(6, 2)), (4, 6)),
    ],
)
def test_what_goes_along_an_axis_or_has_no_rule_fixes_it(function, shape):
    x = torch.linspace(-1, 1, torch.Size(shape).numel()).view(shape)
    labelling, _ = read(function, x)
    assert all(units.fixed for run_ in settled(labelling.of(x)[1]) for units in run_)


def test_what_is_asked_of_a_tensor_without_its_numbers_fixes_nothing():
    x = torch.randn(4, 6)
    labelling, _ = read(
        lambda x: (x.shape, x.size(1), len(x), x.dtype, x.device, x.dim(), x.is_contiguous(), x.numel()), x
    )
    assert not any(units.fixed for axis in labelling.of(x) for run_ in settled(axis) for units in run_)
