"""How much memory a task takes at most: of the host by this process, and of its GPU."""

import contextlib
import sys
from pathlib import Path

_PROCESS = Path("/proc/self")
_before = 0
"""Bytes that the process held when its first task began: libraries, which all workers share."""


def begin(device: str) -> None:
    """Count from now on, for a task on this device."""
    global _before
    if not _before:
        _before = _now("VmRSS")
    # 5 resets the peak of resident memory, and nothing else: proc(5), clear_refs.
    with contextlib.suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5")
    if device != "cpu":
        import torch

        if torch.cuda.is_initialized():
            torch.cuda.reset_peak_memory_stats()


def peak(device: str) -> dict[str, int]:
    """`{"host": bytes}` since then, without what all workers share; and of a GPU, `device`. Nothing where unknown."""
    held = {} if not _before else {"host": max(0, _now("VmHWM") - _before)}
    if device == "cpu":
        return held
    import torch

    return held | {"device": torch.cuda.max_memory_reserved()} if torch.cuda.is_initialized() else held


def _now(name: str) -> int:
    """A line of the process' status in bytes; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (_PROCESS / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
