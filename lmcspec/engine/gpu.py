"""A worker's GPU: taking hold of it, and giving back after each task what nothing holds any more."""

import contextlib
import os
from collections.abc import Iterator, Sequence


def claim() -> str:
    """Begin to use the GPU that this process sees. What is wrong, in a line, if that can't be; else nothing."""
    import torch

    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError, torch.cuda.DeferredCudaCallError) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return ""


def forked_too_late() -> bool:
    """Whether this process can't use any GPU because the one that it was forked from had begun to."""
    import torch

    return torch.cuda._is_in_bad_fork()


def release() -> bool:
    """Give back the GPU memory that nothing holds, for whoever shares the GPU. False if the GPU has failed.

    Such an error stays: all that this process asks of the GPU from then on fails with it.
    """
    import torch

    if torch.cuda.is_initialized():
        try:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        except RuntimeError:
            return False
    return True


@contextlib.contextmanager
def seeing(uuids: Sequence[str]) -> Iterator[None]:
    """Have CUDA, which must not have started yet, see these GPUs and no other: `cuda:0` is the first of them.

    By itself it begins with the fastest, and nvidia-smi with the first on the bus.
    """
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(uuids)
    try:
        yield
    finally:
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
