"""Entries by their numbers."""

from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, cut, fixed, length, tie
from lmcspec.science.permute.rules.rule import Labels, NotUnderstoodError, broadcast_axes, tensors_in


def chosen(labels: Labels, output: Tensor, input: Tensor, index: Any) -> Axes:
    """`input[index]` of numbers, slices, None, … and at most one tensor of numbers.

    A stretch that is taken parts its units from the others'; what is chosen by numbers has to stay.
    """
    entries = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(entry, bool | list) for entry in entries):
        raise NotUnderstoodError("is called in a way that no rule knows")
    picks = [entry for entry in entries if isinstance(entry, Tensor)]
    if len(picks) > 1 or any(pick.is_floating_point() or "bool" in str(pick.dtype) for pick in picks):
        raise NotUnderstoodError("takes entries by several tensors of numbers, or by a mask")
    taken = sum(entry is not None and entry is not ... for entry in entries)
    rest = input.ndim - taken
    if ... not in [entry for entry in entries if not isinstance(entry, Tensor)]:
        entries.append(...)
    left, axes = list(labels.of(input)), list[Axis]()
    for entry in entries:
        if entry is None:
            axes.append(fixed(1, ""))
        elif entry is ...:
            axes.extend(left[:rest])
            del left[:rest]
        else:
            axes.extend(_taken(labels, left.pop(0), entry))
    return tuple(axes)


def _taken(labels: Labels, axis: Axis, entry: Any) -> Axes:
    """What an index makes of one axis: none, a stretch, or the axes of a tensor of numbers."""
    size = length(axis)
    if isinstance(entry, Tensor):
        labels.pin(axis, "takes entries by their numbers")
        return labels.of(entry)
    if isinstance(entry, slice):
        if tensors_in(entry):
            raise NotUnderstoodError("takes a stretch that it has computed")
        start, stop, step = entry.indices(size)
        if step == 1:
            return (cut(cut(axis, start)[1], max(stop - start, 0))[0],)
        labels.pin(axis, "takes every so many entries")
        return (fixed(len(range(start, stop, step)), "taken by their numbers"),)
    at = int(entry) % size
    cut(cut(axis, at)[1], 1)
    return ()


def replaced(labels: Labels, output: None, input: Tensor, index: Any, value: Any) -> list[Axes]:
    """`input[index] = value`: what is written moves as the place that it is written to."""
    if isinstance(value, Tensor):
        place = input.detach()[index]
        target = chosen(labels, place, input, index)
        for axis, other in zip(target, broadcast_axes(place.shape, [target, labels.of(value)]), strict=True):
            tie(axis, other)
    else:
        chosen(labels, input, input, index)
    return []


def narrowed(labels: Labels, output: Tensor, input: Tensor, dim: int, start: int, length: int) -> Axes:
    """`narrow`: a stretch of one axis."""
    return chosen(labels, output, input, (*[slice(None)] * (dim % input.ndim), slice(start, start + length)))


def selected(labels: Labels, output: Tensor, input: Tensor, dim: int, index: int) -> Axes:
    """`select`: one entry of an axis."""
    return chosen(labels, output, input, (*[slice(None)] * (dim % input.ndim), index))


def picked(labels: Labels, output: Tensor, input: Tensor, dim: int, index: Tensor) -> Axes:
    """`index_select`: entries of one axis by a tensor of numbers."""
    return chosen(labels, output, input, (*[slice(None)] * (dim % input.ndim), index))


RULES = {
    "getitem": chosen,
    "setitem": replaced,
    "narrow": narrowed,
    "select": selected,
    "index_select": picked,
}
