"""Networks through torch's compiler: other kernels for the same function, after the better part of a minute.

It takes a C++ compiler on a CPU, and Triton on a GPU. Kernels are kept in the user's cache folder for the next process.
"""

import os
from typing import Literal

import torch
from torch import nn

from lmcspec.science.computed import Computed
from lmcspec.science.trial import Trial, seconds_of_update

Made = Literal["eager", "compiled"]


def compiled(module: nn.Module) -> Computed:
    """The module with its function compiled, once that is called, for images of one shape."""
    import platformdirs

    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", platformdirs.user_cache_dir("lmcspec/kernels"))
    # Compiling in processes of its own would leave these behind a worker that is killed.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    return Computed(module, torch.compile(module, dynamic=False))


def can_be_compiled(module: nn.Module) -> bool:
    """Whether nothing in it draws at random, which a compiler would do by other rules, or is hooked."""
    return not any(
        isinstance(part, nn.modules.dropout._DropoutNd) or part._forward_hooks or part._forward_pre_hooks
        for part in module.modules()
    )


def seconds_as_made(network: Computed, trial: Trial) -> dict[Made, float]:
    """Seconds of forward and backward of a module as it is, and of what the compiler makes of it.

    Raises whatever the compiler does: there may be none, or the module may be beyond it.
    """
    return seconds_of_update(
        network.module, trial, {"eager": lambda: network.module, "compiled": lambda: network.forward}
    )
