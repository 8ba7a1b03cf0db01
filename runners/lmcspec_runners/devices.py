"""What this machine has to work on, found out without torch."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from lmcspec.base.errors import UsageError
from lmcspec.engine.runner import Slot

PER_CORE = 8
FEWEST_REFUSED = 64
"""Workers that any machine may be asked for; beyond that, so many a core. Each takes a process and its memory."""


def slots(workers: int | None) -> tuple[Slot, ...]:
    """One slot per GPU, or one per CPU core where there is none; `workers` many, dealt out over the GPUs in turn."""
    devices = gpus()
    if workers is not None and workers > (most := max(FEWEST_REFUSED, PER_CORE * cores())):
        raise UsageError(
            f"{workers:,} workers are more than this machine of {cores()} cores can hold: {most} at most",
            help="leave --workers out: one a GPU, or one a core where there is none",
        )
    if not devices:
        return (Slot(""),) * (workers or cores())
    return tuple(Slot(devices[number % len(devices)]) for number in range(workers or len(devices)))


def gpus() -> tuple[str, ...]:
    """UUIDs of the GPUs that this process may use: all, or those that CUDA_VISIBLE_DEVICES names."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None and not allowed.strip():
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
    return tuple(every) if allowed is None else tuple(_named(allowed, every))


def _named(allowed: str, every: Sequence[str]) -> Iterator[str]:
    """The GPUs of a list of numbers and UUIDs, as CUDA reads it: up to the first entry that is neither."""
    for name in (part.strip() for part in allowed.split(",")):
        if name.isdigit() and int(name) < len(every):
            yield every[int(name)]
        elif name.startswith(("GPU-", "MIG-")):
            yield name
        else:
            return


def cores() -> int:
    """CPU cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
