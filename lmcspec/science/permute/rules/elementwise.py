"""What works on each entry, what normalises along an axis, and what takes an axis away."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, fixed, free, pieces, tie
from lmcspec.science.permute.rules.rule import Labels, NotUnderstoodError, broadcast, names, tensors_in

ACTIVATIONS = names(
    "relu relu6 gelu silu mish elu selu celu leaky_relu hardtanh hardswish hardsigmoid softplus softsign tanh sigmoid "
    "logsigmoid tanhshrink softshrink hardshrink threshold prelu rrelu glu"
)
"""Non-linearities, as torch calls them."""

_UNARY = names(
    "abs neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sign sgn sin cos tan atan asin acos "
    "sinh cosh erf erfc floor ceil round trunc frac nan_to_num isnan isfinite isinf logical_not bitwise_not invert "
    "positive clone contiguous detach dropout alpha_dropout dropout1d dropout2d dropout3d feature_dropout "
    "feature_alpha_dropout to type type_as float double half bfloat16 long int bool cpu cuda requires_grad data real "
    "resolve_conj resolve_neg softmax log_softmax softmin normalize"
)
_SEVERAL = names(
    "add sub mul div true_divide floor_divide rsub pow float_power remainder fmod maximum minimum fmax fmin where "
    "lerp addcmul addcdiv clamp clip clamp_min clamp_max atan2 xlogy logaddexp hypot eq ne lt le gt ge logical_and "
    "logical_or logical_xor bitwise_and bitwise_or masked_fill copysign subtract multiply divide copy and or xor "
    "truediv floordiv mod rdiv rtruediv rpow rfloordiv"
)
_REDUCED = names("sum mean nansum nanmean amax amin prod logsumexp norm vector_norm var std all any count_nonzero")
_WITH_PLACES = names("argmax argmin max min median mode")


def same(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Each entry by itself, or all along an axis alike (softmax): the output is labelled as the input.

    Dropout's noise is drawn for each entry alike, so that it is the same network in law.
    """
    if output.shape != input.shape:
        raise NotUnderstoodError("changes the shape in a way that no rule knows")
    return labels.of(input)


def entrywise(labels: Labels, output: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Entries of several tensors with each other: axes of the same length move alike."""
    if not isinstance(output, Tensor):
        raise NotUnderstoodError("is called in a way that no rule knows")
    return broadcast(labels, output.shape, tensors_in((args, kwargs)))


def reduced(
    labels: Labels, output: Tensor, input: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any
) -> Axes:
    """A symmetric function along axes: they are gone, and may have moved."""
    gone = _gone(input, dim)
    left = [fixed(1, "") if place in gone else axis for place, axis in enumerate(labels.of(input))]
    axes = tuple(axis for place, axis in enumerate(left) if output.ndim == input.ndim or place not in gone)
    if len(axes) != output.ndim:
        raise NotUnderstoodError("is called in a way that no rule knows")
    return axes


def normed(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`norm` and `vector_norm`, whose first argument is the order."""
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    return reduced(labels, output, input, dim)


def spread(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`var` and `std`, whose second argument is axes, unless it says whether to count one less."""
    dim = kwargs.get("dim", args[0] if args and not isinstance(args[0], bool) else None)
    return reduced(labels, output, input, dim)


def with_places(labels: Labels, output: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """A maximum and where it is: along that axis entries stay, for places have numbers."""
    if "other" in kwargs or (args and isinstance(args[0], Tensor)):
        return entrywise(labels, output, input, *args, **kwargs)
    dim = kwargs.get("dim", args[0] if args else None)
    if dim is None and isinstance(output, Tensor) and output.is_floating_point():
        return ()
    for place in _gone(input, dim):
        labels.pin(labels.of(input)[place], "numbers its entries")
    first = output if isinstance(output, Tensor) else output[0]
    axes = reduced(labels, first, input, dim)
    return axes if isinstance(output, Tensor) else [axes] * len(output)


def gated(labels: Labels, output: Tensor, input: Tensor, dim: int = -1) -> Axes:
    """The first half of an axis times a function of the second: both halves move alike."""
    axes = list(labels.of(input))
    first, second = pieces(axes[dim], [output.shape[dim]] * 2)
    tie(first, second)
    axes[dim] = first
    return tuple(axes)


def constant(labels: Labels, output: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """The same number everywhere: whatever moves, it stays what it is."""
    return tuple(free(size) for size in output.shape)


def _gone(input: Tensor, dim: int | Sequence[int] | None) -> set[int]:
    if dim is None or dim == ():
        return set(range(input.ndim))
    several = [dim] if isinstance(dim, int) else dim
    if not all(isinstance(place, int) for place in several):
        raise NotUnderstoodError("is called in a way that no rule knows")
    return {place % max(input.ndim, 1) for place in several}


RULES = {
    **dict.fromkeys([*ACTIVATIONS, *_UNARY], same),
    **dict.fromkeys(_SEVERAL, entrywise),
    **dict.fromkeys(_REDUCED, reduced),
    **dict.fromkeys(_WITH_PLACES, with_places),
    **dict.fromkeys(["norm", "vector_norm"], normed),
    **dict.fromkeys(["var", "std"], spread),
    **dict.fromkeys(names("zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full"), constant),
    "glu": gated,
}
