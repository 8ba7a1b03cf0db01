"""Give every task the same process: what an earlier one changed (torch's flags, signals, folder, …) is put back."""

import contextlib
import os
import random
import signal
import warnings
from dataclasses import dataclass
from typing import Any

from lmcspec.base.surroundings import keep_arithmetic

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(frozen=True, slots=True)
class Pristine:
    """A process as it was before its first task."""

    folder: str
    environment: dict[str, str]
    handlers: dict[int, Any]
    umask: int

    @staticmethod
    def here() -> "Pristine":
        """This process as it is now."""
        os.umask(umask := os.umask(0o022))
        handlers: dict[int, Any] = {int(number): signal.getsignal(number) for number in _SIGNALS}
        return Pristine(os.getcwd(), dict(os.environ), handlers, umask)

    def restore(self) -> None:
        """Put everything back; `prepare` does the same for torch."""
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
        if os.environ != self.environment:
            for name in os.environ.keys() - self.environment.keys():
                del os.environ[name]
            os.environ.update(self.environment)
        for number, handler in self.handlers.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.umask(self.umask)


def prepare(threads: int) -> None:
    """Set all of torch's switches that a result can depend on, and the global generators, which no task should read.

    Equal numerics are to give equal bits, so algorithms are deterministic; an operation that has none only warns.
    """
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_anomaly_enabled(False)
    torch.set_flush_denormal(False)
    # What torch.use_deterministic_algorithms does for code that isn't compiled, without importing the compiler (2 s).
    torch._C._set_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    with warnings.catch_warnings():
        # Versions up to 2.11 or so want this said in another way, which would not cover all that we support.
        warnings.simplefilter("ignore")
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
    for kind in ("cpu", "cuda"):
        if torch.is_autocast_enabled(kind):
            torch.set_autocast_enabled(kind, False)
    # Not torch.manual_seed: it queues a call, with a stack trace, for every kind of device that isn't in use yet.
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)
    np.random.seed(0)
    random.seed(0)


def first(threads: int = 1) -> None:
    """What can be set once in a process only, before torch does any work."""
    keep_arithmetic()
    import torch

    # With workspaces of any other kind cuBLAS need not give the same bits twice.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.set_num_threads(threads)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
