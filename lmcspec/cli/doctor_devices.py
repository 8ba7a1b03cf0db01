"""What `lmcspec doctor` says of GPUs, cores, memory and open files."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.cli.doctor_software import torch_platform
from lmcspec.cli.finding import Finding

if TYPE_CHECKING:
    from lmcspec_runners.devices import Machine

DRIVER = Path("/proc/driver/nvidia/version")
"""There where the kernel has NVIDIA's driver."""
LITTLE_MEMORY = 10**9
FEW_FILES = 1024


def devices() -> Iterator[Finding]:
    """The GPUs that may be used, cores and threads, memory, open files, and how fast devices are."""
    from lmcspec_runners.devices import machine

    here = machine()
    yield from _gpus(here)
    yield _cores(here)
    yield _memory()
    yield _open_files()
    yield from _speeds(here)


def _gpus(here: "Machine") -> Iterator[Finding]:
    from lmcspec.plan.render import size
    from lmcspec_runners.devices import every_gpu

    idle = "install a torch that is built for it: this one leaves it idle"
    for number, device in enumerate(here.gpus):
        memory = f", {size(device.memory)}" if device.memory else ""
        told = f"{device.model or 'a GPU'}{memory}, {device.name}"
        on_cpu = torch_platform() == "CPU"
        yield Finding(f"gpu {number}", told, idle if on_cpu else "", "bad" if on_cpu else "ok")
    if here.gpus:
        return
    if hidden := len(every_gpu()):
        told = f"none that may be used: CUDA_VISIBLE_DEVICES hides {hidden}"
        yield Finding("gpu", told, "unset it, or name GPUs by number", "warn")
    elif DRIVER.exists() and os.environ.get("CUDA_VISIBLE_DEVICES") is None:
        help = "see that nvidia-smi is on PATH and lists GPUs; mend the driver or the container"
        yield Finding("gpu", "none, though NVIDIA's driver is here", help, "warn")
    else:
        yield Finding("gpu", "none; all runs on the CPU")


def _cores(here: "Machine") -> Finding:
    every = os.cpu_count() or here.cores
    few = f" of {every}, by what this process is bound to" if here.cores < every else ""
    return Finding("cpu", f"{here.cores} cores{few}, threads of a task as its plan says, whatever OMP_NUM_THREADS")


def _memory() -> Finding:
    import psutil

    from lmcspec.plan.render import size
    from lmcspec_runners.capacity import host_memory

    usable = host_memory()
    free = min(psutil.virtual_memory().available, usable or psutil.virtual_memory().available)
    told = f"{size(free)} free of {size(usable)}"
    if free < LITTLE_MEMORY:
        return Finding("memory", told, "end what takes it, or run with --workers 1: a worker takes half a GB", "warn")
    return Finding("memory", told)


def _open_files() -> Finding:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = "any number" if soft == resource.RLIM_INFINITY else f"{soft:,} at a time"
    if soft != resource.RLIM_INFINITY and soft < FEW_FILES:
        return Finding("open files", told, f"ulimit -n {FEW_FILES}", "warn")
    return Finding("open files", told)


def _speeds(here: "Machine") -> Iterator[Finding]:
    from lmcspec.plan.speeds import speed

    for model in dict.fromkeys([*(device.model for device in here.gpus if device.model), "cpu"]):
        known = speed(model)
        if known is None:
            yield Finding(f"speed of {model}", "unknown", "lmcspec doctor --measure")
            continue
        basis = known.source if known.measured else f"by the table: {known.source}"
        layer = f"{1e6 * known.layer[1]:.0f} µs a layer and update"
        told = f"{layer}, {known.flops[1] / 1e9:,.0f} GFLOP/s, {basis}"
        yield Finding(f"speed of {known.name}", told, "" if known.measured else "lmcspec doctor --measure")
