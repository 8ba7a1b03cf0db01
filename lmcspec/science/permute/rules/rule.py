"""What a rule is: a function that says how an operation's output is labelled, and ties what it makes move alike.

It is called as the operation was, behind the labelling and the output. A rule is sound if permuting its inputs by their
labels permutes its output by the labels that it returns, for any permutations of the units that are free after it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, fixed, length, tie


class NotUnderstoodError(Exception):
    """An operation, or a use of it, about which nothing is said: all that it touches has to stay."""


class Labels(Protocol):
    """What rules see of the labelling."""

    place: str

    def of(self, tensor: Tensor) -> Axes: ...

    def pin(self, axis: Axis, reason: str) -> None: ...


Rule = Callable[..., Any]
"""`(labels, output, *args, **kwargs)` -> the labels of the output, or those of each tensor in it."""


def names(text: str) -> list[str]:
    """Words of a text, which are names of operations."""
    return text.split()


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in nested arguments or outputs, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return [tensor for entry in value for tensor in tensors_in(entry)]
    if isinstance(value, slice):
        return tensors_in((value.start, value.stop, value.step))
    return []


def tied(first: Axis, *others: Axis) -> Axis:
    """The first axis, to which the others of its length are tied."""
    for other in others:
        tie(first, other)
    return first


def broadcast(labels: Labels, sizes: Sequence[int], tensors: Sequence[Tensor]) -> Axes:
    """The labels of what broadcasting makes of tensors: axes of full length move alike, single entries meet all."""
    return broadcast_axes(sizes, [labels.of(tensor) for tensor in tensors])


def broadcast_axes(sizes: Sequence[int], several: Sequence[Axes]) -> Axes:
    """The same of labels: of axes that are aligned from the last on, for an output of `sizes`."""
    axes = []
    for place, size in enumerate(sizes):
        from_last = place - len(sizes)
        meeting = [axes[from_last] for axes in several if len(axes) >= -from_last]
        meeting = [axis for axis in meeting if length(axis) == size]
        axes.append(tied(*meeting) if size != 1 and meeting else fixed(size, ""))
    return tuple(axes)
