"""What a model has to be like for its weights to be drawn, masked, stored and read again by their names."""

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from lmcspec.base.errors import LmcspecError


class ModelError(LmcspecError, TypeError):
    """A model that can't take part in a study; the help says what to write in its place."""

    exit_code = 2


def check(module: nn.Module) -> None:
    """Raise ModelError for parameters without a shape or of other numbers, and for one parameter under two names.

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
    names: dict[int, str] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        first = names.setdefault(id(tensor), name)
        if first != name and isinstance(tensor, nn.Parameter):
            owner, _, own = first.rpartition(".")
            raise ModelError(
                f"{first!r} and {name!r} of the model are one parameter",
                help="let one layer hold it and use it twice in `forward`, as in "
                f"torch.nn.functional.linear(x, self.{owner}.{own})"
                if owner
                else "hold it once",
            )
