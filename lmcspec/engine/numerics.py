"""On what a result was computed: all that may change its last bits, recorded with every object."""

import os
import platform
import socket
from functools import cache
from pathlib import Path
from typing import Any

from lmcspec.base.sysctl import said
from lmcspec.version import __version__

_CPUINFO = Path("/proc/cpuinfo")


def numerics(device: str, threads: int) -> dict[str, Any]:
    """{device, cpu, threads, torch, deterministic, batched_with, compiled, layout, python, lmcspec}. Loads torch.

    What a task finds to be quicker it adds: `layout`, `compiled`, `graphed`, `shrunk` (without dead units), `together`
    and `stacked` (how many trainings or points were one program).
    """
    import torch

    return {
        "device": device_model(device),
        "cpu": cpu_type(),
        "threads": threads,
        "torch": torch.__version__,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "batched_with": None,
        "compiled": False,
        "layout": "channels-first",
        "python": platform.python_version(),
        "lmcspec": __version__,
    }


@cache
def device_model(device: str) -> str:
    """`cpu`, or what the GPU calls itself."""
    if device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


@cache
def cpu_type() -> str:
    """The processor's name and the vector instructions that torch uses on it."""
    name = said("machdep.cpu.brand_string") or platform.processor() or platform.machine()
    try:
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    import torch

    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


@cache
def machine(device: str) -> dict[str, Any]:
    """The machine by name, how many cores it has, and which of its GPUs was used, if any."""
    facts = {"name": socket.gethostname(), "system": platform.platform(), "cores": os.cpu_count()}
    return facts if device == "cpu" else facts | {"gpu": gpu_uuid(device)}


def gpu_uuid(device: str) -> str:
    """`GPU-…`, which names it on all machines; empty where the driver does not say."""
    import torch

    try:
        uuid = str(getattr(torch.cuda.get_device_properties(device), "uuid", ""))
    except (RuntimeError, AssertionError):
        return ""
    return f"GPU-{uuid}" if uuid and not uuid.startswith(("GPU-", "MIG-")) else uuid
