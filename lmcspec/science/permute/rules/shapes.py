"""What arranges entries anew: views, permuted axes, joints and pieces."""

import math
from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, factored, fixed, free, pieces, product
from lmcspec.science.permute.rules.rule import Labels, NotUnderstoodError, names, tied


def reshaped(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`view`, `reshape`, `flatten`, `unflatten`, `squeeze`, `unsqueeze`: axes that become others with as many entries.

    Both shapes are read from the front, and axes whose sizes multiply to the same are each other's: these are made
    into one, and that is taken apart.
    """
    before, after = list(zip(labels.of(input), input.shape, strict=True)), list(output.shape)
    axes: list[Axis] = []
    while before or after:
        joined, size = before.pop(0) if before else (fixed(1, ""), 1)
        sizes = [after.pop(0)] if after else []
        while size != math.prod(sizes):
            if size < math.prod(sizes) and before:
                axis, more = before.pop(0)
                joined, size = product(joined, axis), size * more
            elif size > math.prod(sizes) and after:
                sizes.append(after.pop(0))
            else:
                raise NotUnderstoodError("changes the number of entries")
        axes.extend(factored(joined, sizes) if sizes else ())
    return tuple(axes)


def _orders(output: Tensor, axes: Axes, order: list[int]) -> Axes:
    if sorted(order) != list(range(len(axes))):
        raise NotUnderstoodError("is called in a way that no rule knows")
    return tuple(axes[place] for place in order)


def permuted(labels: Labels, output: Tensor, input: Tensor, *dims: Any, **kwargs: Any) -> Axes:
    """`permute`: axis i of the output is axis dims[i] of the input."""
    dims = dims or (kwargs.get("dims"),)
    flat = dims[0] if isinstance(dims[0], tuple | list) else dims
    return _orders(output, labels.of(input), [place % input.ndim for place in flat])


def swapped(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`transpose`, `swapaxes`: two axes change places."""
    first, second = (*args, *kwargs.values())
    order = list(range(input.ndim))
    order[first], order[second] = order[second], order[first]
    return _orders(output, labels.of(input), order)


def moved(labels: Labels, output: Tensor, input: Tensor, source: Any, destination: Any) -> Axes:
    """`movedim`, `moveaxis`: axes go to other places, the rest keeps its order."""
    sources = [place % input.ndim for place in ([source] if isinstance(source, int) else source)]
    targets = [place % input.ndim for place in ([destination] if isinstance(destination, int) else destination)]
    order = [place for place in range(input.ndim) if place not in sources]
    for target, place in sorted(zip(targets, sources, strict=True)):
        order.insert(target, place)
    return _orders(output, labels.of(input), order)


def turned(labels: Labels, output: Tensor, input: Tensor) -> Axes:
    """`t`, `.T`, `.H`: all axes the other way round."""
    return labels.of(input)[::-1]


def turned_last(labels: Labels, output: Tensor, input: Tensor) -> Axes:
    """`.mT`, `.mH`: the last two axes change places."""
    *others, rows, columns = labels.of(input)
    return (*others, columns, rows)


def expanded(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`expand`, `expand_as`, `broadcast_to`: along an axis that was a single entry all are alike, in any order."""
    axes = (fixed(1, ""),) * (output.ndim - input.ndim) + labels.of(input)
    sizes = (1,) * (output.ndim - input.ndim) + tuple(input.shape)
    return tuple(
        axis if size == after else free(after) for axis, size, after in zip(axes, sizes, output.shape, strict=True)
    )


def repeated(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`repeat`, `tile`: an axis several times, one behind the other, with its units in each of them alike."""
    axes = (fixed(1, ""),) * (output.ndim - input.ndim) + labels.of(input)
    sizes = (1,) * (output.ndim - input.ndim) + tuple(input.shape)
    times = [after // size for size, after in zip(sizes, output.shape, strict=True)]
    return tuple(
        product(fixed(count, "repeats"), axis) if count > 1 else axis for axis, count in zip(axes, times, strict=True)
    )


def repeated_each(labels: Labels, output: Tensor, input: Tensor, repeats: Any, dim: int | None = None) -> Axes:
    """`repeat_interleave`: each entry of an axis several times, before the next."""
    if not isinstance(repeats, int) or dim is None:
        raise NotUnderstoodError("is called in a way that no rule knows")
    axes = list(labels.of(input))
    axes[dim] = product(axes[dim], fixed(repeats, "repeats"))
    return tuple(axes)


def joined(labels: Labels, output: Tensor, tensors: Any, dim: int = 0) -> Axes:
    """`cat`: one behind the other along an axis, the other axes move alike."""
    parts = [labels.of(tensor) for tensor in tensors if tensor.ndim == output.ndim]
    place = dim % output.ndim
    return tuple(
        tuple(run for axes in parts for run in axes[at]) if at == place else tied(*(axes[at] for axes in parts))
        for at in range(output.ndim)
    )


def stacked(labels: Labels, output: Tensor, tensors: Any, dim: int = 0) -> Axes:
    """`stack`: along a new axis, in order; the others move alike."""
    axes = [tied(*meeting) for meeting in zip(*map(labels.of, tensors), strict=True)]
    axes.insert(dim % output.ndim, fixed(len(tensors), "stacked in order"))
    return tuple(axes)


def in_pieces(labels: Labels, output: Any, input: Tensor, *args: Any, dim: int | None = None, **kwargs: Any) -> Any:
    """`chunk`, `split`, `tensor_split`: stretches of an axis, whose units belong to different groups from there on."""
    place = (dim if dim is not None else args[1] if len(args) > 1 else 0) % input.ndim
    axes = labels.of(input)
    parts = pieces(axes[place], [part.shape[place] for part in output])
    return [(*axes[:place], part, *axes[place + 1 :]) for part in parts]


def unbound(labels: Labels, output: Any, input: Tensor, dim: int = 0) -> Any:
    """`unbind`: each entry of an axis by itself."""
    axes = list(labels.of(input))
    pieces(axes.pop(dim), [1] * len(output))
    return [tuple(axes)] * len(output)


def padded(labels: Labels, output: Tensor, input: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Axes:
    """`pad`: more entries on both sides of the last axes. If they are all the same number they may move."""
    axes = list(labels.of(input))
    for place, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True), 1):
        if not before and not after:
            continue
        if mode != "constant" or min(before, after) < 0:
            labels.pin(axes[-place], "goes along it")
            axes[-place] = fixed(output.shape[-place], "padded")
        else:
            axes[-place] = (*free(before), *axes[-place], *free(after))
    return tuple(axes)


def along(labels: Labels, output: Tensor, input: Tensor, *args: Any, dims: Any = None, **kwargs: Any) -> Axes:
    """`roll` and `flip` of axes whose entries are numbered."""
    dims = dims if dims is not None else args[-1] if args else None
    places = [dims] if isinstance(dims, int) else dims if isinstance(dims, tuple | list) else range(input.ndim)
    for place in places:
        labels.pin(labels.of(input)[place], "goes along it")
    return labels.of(input)


def triangular(labels: Labels, output: Tensor, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """`triu` and `tril`: entries of the last two axes go by their numbers."""
    for axis in labels.of(input)[-2:]:
        labels.pin(axis, "goes along it")
    return labels.of(input)


def channels_to_pixels(labels: Labels, output: Tensor, input: Tensor, upscale_factor: int) -> Axes:
    """`pixel_shuffle`: blocks of r^2 channels, each of which becomes one with r times the rows and columns."""
    *before, channels, rows, columns = labels.of(input)
    for axis in (rows, columns):
        labels.pin(axis, "goes along it")
    blocks, within = factored(channels, [output.shape[-3], upscale_factor**2])
    labels.pin(within, "goes along it")
    return (*before, blocks, *(fixed(size, "pixels stay in order") for size in output.shape[-2:]))


def dealt(labels: Labels, output: Tensor, input: Tensor, groups: int) -> Axes:
    """`channel_shuffle`: the channels (groups, c / groups) as (c / groups, groups)."""
    batch, channels, *pixels = labels.of(input)
    first, second = factored(channels, [groups, input.shape[1] // groups])
    return (batch, product(second, first), *pixels)


RULES = {
    **dict.fromkeys(names("view reshape flatten unflatten squeeze unsqueeze ravel view_as reshape_as"), reshaped),
    "permute": permuted,
    **dict.fromkeys(["transpose", "swapaxes", "swapdims"], swapped),
    **dict.fromkeys(["movedim", "moveaxis"], moved),
    **dict.fromkeys(["t", "T", "H"], turned),
    **dict.fromkeys(["mT", "mH", "adjoint"], turned_last),
    **dict.fromkeys(["expand", "expand_as", "broadcast_to"], expanded),
    **dict.fromkeys(["repeat", "tile"], repeated),
    "repeat_interleave": repeated_each,
    "pixel_shuffle": channels_to_pixels,
    "channel_shuffle": dealt,
    **dict.fromkeys(["cat", "concat", "concatenate"], joined),
    "stack": stacked,
    **dict.fromkeys(["chunk", "split", "tensor_split"], in_pieces),
    "unbind": unbound,
    "pad": padded,
    **dict.fromkeys(["roll", "flip"], along),
    **dict.fromkeys(["triu", "tril"], triangular),
}
