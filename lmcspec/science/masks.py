"""Masks: which weights survive, as one bool tensor per prunable weight tensor, True where it does.

A mask is a dict by parameter name, in the order of `prunable(module)`; that order decides ties, so a mask read from
a file goes through `ordered` first.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from lmcspec.base import streams
from lmcspec.science.shares import share

Mask = dict[str, Tensor]


class Unranked(ValueError):
    """Scores that are NaN: there is no smallest one."""


def prunable(module: nn.Module) -> tuple[str, ...]:
    """Names of the weights of convolutions, linear layers and attention's projections, in the module's order.

    Never biases, norms, embeddings or a model's own parameters; nor a weight that is frozen, or computed from others.
    """
    names = {}
    for prefix, layer in module.named_modules():
        for short in _weights(layer):
            weight = layer._parameters.get(short)
            if weight is not None and weight.requires_grad:
                names.setdefault(id(weight), f"{prefix}.{short}" if prefix else short)
    return tuple(names.values())


def _weights(layer: nn.Module) -> tuple[str, ...]:
    if isinstance(layer, (_ConvNd, nn.Linear)):
        return ("weight",)
    # Queries, keys and values: one matrix, or three where they have different widths.
    return _PROJECTIONS if isinstance(layer, nn.MultiheadAttention) else ()


_PROJECTIONS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")


def dense(module: nn.Module) -> Mask:
    """The mask in which every prunable weight survives."""
    parameters = dict(module.named_parameters())
    return {name: torch.ones(parameters[name].shape, dtype=torch.bool) for name in prunable(module)}


def ordered(mask: Mapping[str, Tensor], names: Sequence[str]) -> Mask:
    """The mask with its tensors in the order of `names`; ValueError where the two name different tensors."""
    if set(mask) != set(names):
        raise ValueError(f"the mask is for other tensors: {sorted(set(mask) ^ set(names))}")
    return {name: mask[name].to(torch.bool) for name in names}


def survivors(mask: Mapping[str, Tensor], exclude: Collection[str] = ()) -> int:
    """How many weights survive in the tensors that are not excluded."""
    return sum(int(tensor.count_nonzero()) for name, tensor in mask.items() if name not in exclude)


def density(mask: Mapping[str, Tensor], exclude: Collection[str] = ()) -> float:
    """Surviving / prunable weights, over all tensors that are not excluded."""
    return survivors(mask, exclude) / sum(tensor.numel() for name, tensor in mask.items() if name not in exclude)


def prune(
    scores: Mapping[str, Tensor],
    mask: Mapping[str, Tensor],
    count: int,
    exclude: Collection[str] = (),
    scope: Literal["global", "layer"] = "global",
) -> Mask:
    """A new mask without the `count` survivors that come first by (score, tensor order, flat index).

    Tensors in `exclude` stay as they are. Scope `layer` shares `count` out among the tensors in proportion to their
    survivors, by largest remainder (ties to the earlier tensor), and ranks within each. Raises Unranked for a NaN
    among the survivors' scores, ValueError for more to prune than there is and for names that are no tensor of the
    mask.
    """
    _known(exclude, mask)
    eligible = [name for name in mask if name not in exclude]
    alive = {name: mask[name].flatten().nonzero().squeeze(1) for name in eligible}
    ranked = {name: scores[name].detach().to(mask[name].device).flatten()[alive[name]] for name in eligible}
    for name, values in ranked.items():
        if values.isnan().any():
            raise Unranked(f"{int(values.isnan().sum())} scores of {name!r} are NaN: there is no smallest one")
    sizes = [len(ranked[name]) for name in eligible]
    if not 0 <= count <= sum(sizes):
        raise ValueError(f"{count} weights can't be pruned of {sum(sizes)} that survive and are eligible")
    new = {name: tensor.clone() for name, tensor in mask.items()}
    if not count:
        return new
    if scope == "layer":
        gone = [_smallest(ranked[name], quota) for name, quota in zip(eligible, share(count, sizes), strict=True)]
    else:
        gone = list(_smallest(torch.cat([ranked[name] for name in eligible]), count).split(sizes))
    for name, prune_these in zip(eligible, gone, strict=True):
        new[name].view(-1)[alive[name][prune_these]] = False
    return new


def shuffle(
    mask: Mapping[str, Tensor],
    mode: Literal["shuffled", "shuffled-global", "even"],
    address: tuple[int, ...],
    exclude: Collection[str] = (),
) -> Mask:
    """A random mask with as many survivors. `address` is (replicate, level, draw) of the stream `shuffle`.

    `shuffled` permutes each tensor's entries, so that each keeps its density; `shuffled-global` permutes all entries
    together; `even` gives every tensor the same density, up to rounding by largest remainder. Tensors in `exclude`
    stay as they are and take no part.
    """
    _known(exclude, mask)
    new = {name: tensor.clone() for name, tensor in mask.items()}
    names = [name for name in mask if name not in exclude]
    flat = {name: mask[name].flatten() for name in names}
    if mode == "shuffled-global":
        sizes = [len(flat[name]) for name in names]
        joined = torch.cat([flat[name] for name in names])
        shuffled = joined[_permutation(len(joined), address, "*").to(joined.device)].split(sizes)
        flat = dict(zip(names, shuffled, strict=True))
    elif mode in ("shuffled", "even"):
        if mode == "even":
            parts = share(survivors(mask, exclude), [len(flat[name]) for name in names])
            for name, part in zip(names, parts, strict=True):
                flat[name] = torch.arange(len(flat[name]), device=flat[name].device) < part
        flat = {name: flat[name][_permutation(len(flat[name]), address, name).to(flat[name].device)] for name in names}
    else:
        raise ValueError(f"there is no way to shuffle called {mode!r}")
    return new | {name: flat[name].view(mask[name].shape) for name in names}


def apply(mask: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with masked weights exactly +0.0; other tensors are the same objects."""
    return dict(state) | {
        name: state[name].masked_fill(~keep.to(state[name].device), 0.0) for name, keep in mask.items()
    }


def assert_masked(state: Mapping[str, Tensor], mask: Mapping[str, Tensor]) -> None:
    """Raise AssertionError unless every masked weight of the state is exactly zero."""
    for name, keep in mask.items():
        stray = int(state[name][~keep.to(state[name].device)].count_nonzero())
        if stray:
            raise AssertionError(f"{stray} masked weights of {name!r} are not zero")


def _smallest(values: Tensor, count: int) -> Tensor:
    """Marks the `count` smallest values (n,), of equal ones the first. Linear in n: a full sort is not needed."""
    if count == 0:
        return torch.zeros(len(values), dtype=torch.bool, device=values.device)
    # numpy's, because torch's kthvalue takes quadratic time on sorted values
    last = float(np.partition(values.cpu().numpy(), count - 1)[count - 1])
    marked = values < last
    ties = (values == last).nonzero().squeeze(1)
    marked[ties[: count - int(marked.count_nonzero())]] = True
    return marked


def _permutation(count: int, address: tuple[int, ...], name: str) -> Tensor:
    return torch.from_numpy(streams.permutation(count, "shuffle", *address, name))


def _known(exclude: Collection[str], mask: Mapping[str, Tensor]) -> None:
    strange = sorted(set(exclude) - set(mask))
    if strange:
        raise ValueError(f"{strange[0]!r} can't be excluded: it is none of {', '.join(mask)}")
