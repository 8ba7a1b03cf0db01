"""What this machine has to work on, found out without torch."""

import os
import shutil
import subprocess

from lmcspec.engine.runner import Slot


def slots(workers: int | None) -> tuple[Slot, ...]:
    """One slot per GPU, or one per CPU core where there is none; `workers` many, dealt out over the GPUs in turn."""
    found = gpus()
    if not found:
        return (Slot(""),) * (workers or cores())
    return tuple(Slot(found[number % len(found)]) for number in range(workers or len(found)))


def gpus() -> tuple[str, ...]:
    """UUIDs of the GPUs that this process may use: all, or those that CUDA_VISIBLE_DEVICES names."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None and allowed.strip() in ("", "-1"):
        return ()
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    if answer.returncode:
        return ()
    every = [line.strip() for line in answer.stdout.splitlines() if line.strip().startswith("GPU-")]
    if allowed is None:
        return tuple(every)
    return tuple(
        every[int(name)] if name.isdigit() and int(name) < len(every) else name
        for name in (part.strip() for part in allowed.split(","))
        if not name.isdigit() or int(name) < len(every)
    )


def cores() -> int:
    """CPU cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
