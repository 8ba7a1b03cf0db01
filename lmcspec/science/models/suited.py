"""What a model has to be like for its weights to be drawn, masked, stored and read again by their names."""

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from lmcspec.base.errors import LmcspecError


class ModelError(LmcspecError, TypeError):
    """A model that can't take part in a study; the help says what to write in its place."""

    exit_code = 2


def check(module: nn.Module) -> None:
    """Raise ModelError for parameters without a shape or of other numbers, and for what is held twice.

    A state is a table of tensors by name, of which each is drawn, pruned and measured once.
    """
    if not isinstance(module, nn.Module):
        what = f"the class {module.__name__}" if isinstance(module, type) else f"a {type(module).__name__}"
        raise ModelError(f"`build` gives {what}", help="let it return the model, a torch.nn.Module")
    for name, layer in module.named_modules():
        tensors = (*layer.parameters(recurse=False), *layer.buffers(recurse=False))
        lazy = any(isinstance(tensor, UninitializedParameter | UninitializedBuffer) for tensor in tensors)
        if lazy or isinstance(layer, LazyModuleMixin):
            raise ModelError(
                f"the layer {name or type(layer).__name__!r} of the model has no size until it sees images",
                help="give the sizes in `build`: it is told the images' shape and the number of classes",
            )
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and parameter.dtype != torch.float32:
            pair = "hold two parameters, and make torch.complex(real, imaginary) of them in `forward`"
            raise ModelError(
                f"the parameter {name!r} of the model is {str(parameter.dtype).removeprefix('torch.')}, not float32",
                help=pair if parameter.is_complex() else "leave it float32; a recipe's `precision` is for speed",
            )
    _check_apart(module)


def _check_apart(module: nn.Module) -> None:
    """Raise ModelError where a parameter's memory is another tensor's of the state too, the whole of it or a part."""
    tensors = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    names: dict[int, str] = {}
    for name, tensor in tensors:
        first = names.setdefault(id(tensor), name)
        if first != name and isinstance(tensor, nn.Parameter):
            raise ModelError(f"{first!r} and {name!r} of the model are one parameter", help=_once(first))
    for name, tensor in module.named_parameters():
        if any(size > 1 and not step for size, step in zip(tensor.shape, tensor.stride(), strict=True)):
            raise ModelError(
                f"numbers of the parameter {name!r} of the model share memory, as `expand` makes them",
                help="give each its own, with .clone(), or expand it in `forward`",
            )
    memory = [
        (place, numbers) for place, (_, tensor) in enumerate(tensors) if (numbers := _elements(tensor)) is not None
    ]
    known = sorted(((byte_bounds(numbers), place, numbers) for place, numbers in memory), key=lambda entry: entry[:2])
    for rank, ((_, end), place, numbers) in enumerate(known):
        for (start, _), other, others in known[rank + 1 :]:
            if start >= end:
                break
            (first, earlier), (second, later) = tensors[min(place, other)], tensors[max(place, other)]
            if earlier is later or not isinstance(earlier, nn.Parameter) or not np.shares_memory(numbers, others):
                continue
            apart = f"use self.{first} in `forward`, or give {second!r} memory of its own, with .clone()"
            raise ModelError(
                f"{first!r} and {second!r} of the model share memory: what is written into one changes the other",
                help=_once(first) if isinstance(later, nn.Parameter) and earlier.shape == later.shape else apart,
            )


def _once(name: str) -> str:
    owner, _, leaf = name.rpartition(".")
    if not owner:
        return "hold it once"
    return (
        f"let one layer hold it and use it twice in `forward`, as in torch.nn.functional.linear(x, self.{owner}.{leaf})"
    )


def _elements(tensor: torch.Tensor) -> np.ndarray | None:
    """The same memory as words, for numpy knows fewer kinds of numbers; None where there is none on this side."""
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or not tensor.numel():
        return None
    bare = torch.view_as_real(tensor.detach().resolve_conj()) if tensor.is_complex() else tensor.detach()
    return bare.view(_WORDS[bare.element_size()]).numpy()


_WORDS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
