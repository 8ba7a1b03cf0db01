"""Layers with parameters, and pooling."""

import math
from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, factored, fixed, pieces, product, tie
from lmcspec.science.permute.rules.rule import Labels, Rule, tensors_in


def linear(labels: Labels, output: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Axes:
    """y = x Wᵀ + b with W (out, in): the input's last axis moves as W's second, the output's as W's first."""
    out, within = labels.of(weight) if weight.ndim == 2 else (fixed(1, ""), *labels.of(weight))
    *others, last = labels.of(input)
    tie(within, last)
    _tie_vector(labels, out, bias)
    return (*others, out) if weight.ndim == 2 else tuple(others)


def embedding(labels: Labels, output: Tensor, input: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`embedding`: rows of a table by their numbers. Rows stay, their entries may move."""
    rows, entries = labels.of(weight)
    labels.pin(rows, "numbers its rows")
    return (*labels.of(input), entries)


def convolution(dims: int) -> Rule:
    """A convolution over the last `dims` axes with W (out, in / groups, …): channels move, pixels stay.

    With groups g the input's channels are a product (g, in / g), the output's (g, out / g). Whole groups may change
    places, and with them blocks of channels on both sides.
    """

    def rule(
        labels: Labels, output: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None, *args: Any, **kw: Any
    ) -> Axes:
        groups = input.shape[-dims - 1] // weight.shape[1]
        *before, channels = labels.of(input)[:-dims]
        out, within = _channels(labels, input, weight, dims)
        blocks, entries = factored(channels, [groups, weight.shape[1]])
        tie(blocks, factored(out, [groups, weight.shape[0] // groups])[0])
        tie(entries, within)
        _tie_vector(labels, out, bias)
        return (*before, out, *_pixels(output, dims))

    return rule


def transposed_convolution(dims: int) -> Rule:
    """The same with W (in, out / groups, …)."""

    def rule(
        labels: Labels, output: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None, *args: Any, **kw: Any
    ) -> Axes:
        groups = output.shape[-dims - 1] // weight.shape[1]
        *before, channels = labels.of(input)[:-dims]
        within, entries = _channels(labels, input, weight, dims)
        tie(channels, within)
        out = product(factored(within, [groups, weight.shape[0] // groups])[0], entries)
        _tie_vector(labels, out, bias)
        return (*before, out, *_pixels(output, dims))

    return rule


def batch_norm(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Statistics, scale and shift of each channel, on axis 1; so for `instance_norm`."""
    for vector in tensors_in((args, kwargs)):
        _tie_vector(labels, labels.of(input)[1], vector)
    return labels.of(input)


def layer_norm(labels: Labels, output: Tensor, input: Tensor, shape: Any, *args: Any, **kwargs: Any) -> Axes:
    """Over the last axes: statistics are symmetric, scale and shift (if any) move as these axes."""
    for tensor in tensors_in((args, kwargs)):
        for axis, other in zip(labels.of(input)[-tensor.ndim :], labels.of(tensor), strict=True):
            tie(axis, other)
    return labels.of(input)


def group_norm(labels: Labels, output: Tensor, input: Tensor, num_groups: int, *args: Any, **kwargs: Any) -> Axes:
    """Over stretches of c / g channels on axis 1. Whole stretches may change places, or channels within each.

    Of these the one with more permutations, g! or ((c / g)!)^g, is kept.
    """
    channels = labels.of(input)[1]
    size = input.shape[1] // num_groups
    if num_groups * math.lgamma(size + 1) > math.lgamma(num_groups + 1):
        pieces(channels, [size] * num_groups)
    else:
        factored(channels, [num_groups, size])
    for vector in tensors_in((args, kwargs)):
        _tie_vector(labels, channels, vector)
    return labels.of(input)


def prelu(labels: Labels, output: Tensor, input: Tensor, weight: Tensor) -> Axes:
    """A slope for all, or for each channel on axis 1."""
    if weight.numel() > 1:
        tie(labels.of(input)[1], labels.of(weight)[0])
    return labels.of(input)


def weight_norm(labels: Labels, output: Tensor, v: Tensor, g: Tensor, dim: int = 0) -> Axes:
    """g v / |v| with a norm for each entry of axis `dim`."""
    tie(labels.of(v)[dim], labels.of(g)[dim])
    return labels.of(v)


def pooling(dims: int) -> Rule:
    """Pooling or resizing of the last `dims` axes, of each channel by itself."""

    def rule(labels: Labels, output: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
        axes = labels.of(input)
        for axis in axes[-dims:]:
            labels.pin(axis, "goes along it")
        first = output if isinstance(output, Tensor) else output[0]
        pooled = (*axes[:-dims], *_pixels(first, dims))
        return pooled if isinstance(output, Tensor) else [pooled] * len(output)

    return rule


def resized(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`interpolate`: of all axes behind the channels."""
    return pooling(input.ndim - 2)(labels, output, input)


def _channels(labels: Labels, input: Tensor, weight: Tensor, dims: int) -> tuple[Axis, Axis]:
    """The first two axes of a convolution's weight; its windows stay, and the pixels that they go along."""
    for axis in labels.of(weight)[2:]:
        labels.pin(axis, "is a window")
    for axis in labels.of(input)[-dims:]:
        labels.pin(axis, "goes along it")
    first, second = labels.of(weight)[:2]
    return first, second


def _pixels(output: Tensor, dims: int) -> Axes:
    return tuple(fixed(size, "pixels stay in order") for size in output.shape[-dims:])


def _tie_vector(labels: Labels, axis: Axis, vector: Tensor | None) -> None:
    if vector is not None:
        tie(axis, labels.of(vector)[0])


RULES: dict[str, Rule] = {
    "linear": linear,
    "embedding": embedding,
    "batch_norm": batch_norm,
    "instance_norm": batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": layer_norm,
    "group_norm": group_norm,
    "prelu": prelu,
    "_weight_norm": weight_norm,
    "interpolate": resized,
}
for _dims in (1, 2, 3):
    RULES[f"conv{_dims}d"] = convolution(_dims)
    RULES[f"conv_transpose{_dims}d"] = transposed_convolution(_dims)
    for _kind in ("max", "avg", "adaptive_avg", "adaptive_max", "lp"):
        RULES[f"{_kind}_pool{_dims}d"] = pooling(_dims)
    RULES[f"max_pool{_dims}d_with_indices"] = RULES[f"adaptive_max_pool{_dims}d_with_indices"] = pooling(_dims)
