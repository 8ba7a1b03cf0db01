"""What a rule is: a function that says how an operation's output is labelled, and ties what it makes move alike.

It is called as the operation was, behind the labelling and the output. A rule is sound if permuting its inputs by their
labels permutes its output by the labels that it returns, for any permutations of the units that are free after it.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """The tensors in nested arguments or outputs, in order: in tuples, lists, mappings, dataclasses and slices."""
    if isinstance(value, Tensor):
        return [value]
    parts = _parts(value)
    return [] if parts is None else [tensor for part in parts for tensor in tensors_in(part)]


def unread_in(value: Any) -> Iterator[str]:
    """The types of what is nested in an output and neither read by `tensors_in` nor a plain value."""
    parts = _parts(value)
    if parts is not None:
        for part in parts:
            yield from unread_in(part)
    elif not isinstance(value, Tensor | str | bytes | bool | int | float | complex | None):
        yield type(value).__name__


def _parts(value: Any) -> Sequence[Any] | None:
    match value:
        case tuple() | list():
            return value
        case Mapping():
            return tuple(value.values())
        case slice():
            return (value.start, value.stop, value.step)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return [getattr(value, field.name) for field in dataclasses.fields(value)]
        case _:
            return None


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
