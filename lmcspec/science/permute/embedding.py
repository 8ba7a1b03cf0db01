"""A narrow network inside a wide one of the same architecture: its units, and units of zeros beside them.

Padded to one shape, networks of different widths are matched like any two: a unit of zeros is as similar to any unit
as to any other, so that the square assignment is the rectangular one of the narrow network's units to the wide's.
"""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from lmcspec.base import streams
from lmcspec.science.permute.groups import Block, Groups


def embed(narrow: Groups, wide: Groups, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The narrow network's tensors in the wide one's shapes: its units come first in each group, zeros fill the rest.

    What reads a unit of zeros reads it with weights of zero, so the function stays, but where units are normalised by
    each other: `check_embedding` tries that. ValueError where the groups are not those of one architecture, or the
    narrow network is the wider one in some group.
    """
    return {name: _resized(tensor, narrow, wide, name) for name, tensor in tensors.items()}


def crop(narrow: Groups, wide: Groups, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The first units of each group of the wide network, as many as the narrow one has: what `embed` put there.

    With `permutation` the alignment of the embedded network to a wide one, `crop(narrow, wide, apply(wide,
    invert(permutation), tensors))` are the wide network's units that stand beside the narrow one's.
    """
    return {name: _resized(tensor, narrow, wide, name, back=True) for name, tensor in tensors.items()}


def check_embedding(
    modules: tuple[nn.Module, nn.Module], groups: tuple[Groups, Groups], shape: tuple[int, ...]
) -> None:
    """Raise ValueError where `embed` changes the function of the narrow module: tried with drawn numbers, in float64.

    `modules` and `groups` are those of the narrow and the wide network, `shape` that of an input. A norm over channels
    is the usual reason: its mean and variance are those of other units once there are zeros among them.
    """
    narrow, wide = (deepcopy(module).double().eval() for module in modules)
    state = {name: _drawn(name, tensor) for name, tensor in narrow.state_dict().items()}
    inputs = _drawn("inputs", torch.zeros((2, *shape), dtype=torch.float64))
    narrow.load_state_dict(state)
    wide.load_state_dict(embed(*groups, state))
    with torch.no_grad():
        expected, padded = narrow(inputs), wide(inputs)
    off = float((expected - padded).abs().max())
    if not off <= 1e-8 * (1 + float(expected.abs().max())):
        layers = [type(part).__name__ for part in narrow.modules() if not list(part.children())]
        norms = sorted({layer for layer in layers if "Norm" in layer})
        raise ValueError(
            f"units of zeros change what the narrow network computes, by up to {off:.1e}; a norm that takes all "
            f"channels together does that (its norms: {', '.join(norms) or 'none by name'}): networks of different "
            "widths can be matched with batch norm or without norms"
        )


def _resized(tensor: Tensor, narrow: Groups, wide: Groups, name: str, back: bool = False) -> Tensor:
    few, many = narrow.axes.get(name, ()), wide.axes.get(name, ())
    if len(few) != len(many):
        raise ValueError(f"{name} is another tensor in the wide network: no embedding of different architectures")
    for axis, (blocks, larger) in enumerate(zip(few, many, strict=True)):
        places = _places(blocks, larger, f"{name}, axis {axis}").to(tensor.device)
        if back:
            tensor = tensor.index_select(axis, places)
        elif len(places) != (length := sum(block.length for block in larger)):
            target = tensor.new_zeros((*tensor.shape[:axis], length, *tensor.shape[axis + 1 :]))
            tensor = target.index_copy(axis, places, tensor)
    return tensor


def _places(blocks: tuple[Block, ...], larger: tuple[Block, ...], where: str) -> Tensor:
    """Where each entry of a narrow axis stands on the wide one."""
    if [(block.group, block.inner) for block in blocks] != [(block.group, block.inner) for block in larger]:
        raise ValueError(f"{where} has other groups in the wide network: no embedding of different architectures")
    parts, start = [], 0
    for block, wide in zip(blocks, larger, strict=True):
        if block.size > wide.size or (block.group is None and block.size != wide.size):
            what = "entries that stay" if block.group is None else f"units of {block.group!r}"
            raise ValueError(f"{where} has {block.size} {what} and can't be embedded in {wide.size}")
        parts.append(torch.arange(start, start + block.length))
        start += wide.length
    return torch.cat(parts)


def _drawn(name: str, tensor: Tensor) -> Tensor:
    """Numbers for a tensor: normal ones, positive for variances; integers stay."""
    if not tensor.is_floating_point():
        return tensor
    drawn = torch.from_numpy(streams.normals(tensor.numel(), "match", "embedding", name)).reshape(tensor.shape)
    return drawn.abs() + 0.5 if name.endswith("running_var") else drawn
