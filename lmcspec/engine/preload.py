"""What the fork server imports before it forks, so that a worker is ready at once."""

import gc
import os
from importlib import import_module

from lmcspec.base.surroundings import THREADS

MODULES = ("safetensors.torch", "psutil", "lmcspec.engine.worker", "lmcspec.engine.work")


def preload() -> None:
    """Import torch and what every task needs; never touches CUDA, which would not survive a fork.

    No library may start threads here, since a fork copies none of them: one thread each until a worker says more.
    """
    for name in THREADS:
        os.environ[name] = "1"
    # Asking the driver library how many GPUs there are would spoil it for the forks.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    import torch

    for name in MODULES:
        import_module(name)

    if torch.cuda.is_initialized():
        raise RuntimeError("importing torch has initialised CUDA")
    # Nothing that is here now is garbage, ever: later collections need not look at it, nor copy its pages.
    gc.collect()
    gc.freeze()
