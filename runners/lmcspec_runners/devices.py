"""What this machine has to work on, found out without torch."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.base.sizes import read_bytes
from lmcspec.engine.devices import HERE, Device, Host, gpu
from lmcspec.engine.runner import Slot
from lmcspec_runners.choosing import Choice, chosen

PER_CORE = 8
FEWEST_REFUSED = 64
"""Workers that any machine may be asked for; beyond that, so many a core. Each takes a process and its memory."""

DECLARED = "LMCSPEC_DECLARED_DEVICES"
"""For tests: the devices that a machine is to have, such as `2 x gpu 16 GB, 4 x cpu`. Declared GPUs are pretended to
be there: their tasks are computed on the CPU."""


class Machine(NamedTuple):
    """The GPUs that may be used, and how many CPU slots there can be."""

    gpus: tuple[Device, ...]
    cpu: Device
    cores: int


def slots(workers: int | None, devices: str = "") -> tuple[Slot, ...]:
    """The slots of this machine; `devices` are chosen as `choosing.chosen` reads them.

    Otherwise one slot for each GPU and as many on the CPU, beside them, as cores are left, up to one for each GPU. With
    `workers` so many on the GPUs, dealt out in turn. Without GPUs one for each core, or `workers` many. UsageError
    where that is more than a machine can hold.
    """
    here = machine()
    _refuse_more(workers, here.cores)
    if devices:
        if workers is not None:
            raise UsageError(
                "--workers and --devices both say how many slots there are",
                help='leave --workers out: --devices "4 x cpu" has four, "gpu/2" two on each GPU',
            )
        taken = tuple(Slot(device) for device in chosen(devices, Choice(here.gpus, here.cpu, here.cores)))
        _refuse_more(len(taken), here.cores)
        return taken
    if not here.gpus:
        return (Slot(here.cpu),) * (workers or here.cores)
    count = len(here.gpus)
    dealt = tuple(Slot(here.gpus[number % count]) for number in range(workers or count))
    return (*dealt, *(Slot(here.cpu),) * max(1, min(count, here.cores - count)))


def machine() -> Machine:
    """This machine, or the one that is declared in the environment."""
    if declared := os.environ.get(DECLARED, "").strip():
        return _declared(declared)
    host = Host("", host_memory(), cores())
    return Machine(gpus(host), Device("cpu", memory=0, host=host), cores())


def gpus(host: Host = HERE) -> tuple[Device, ...]:
    """The GPUs that this process may use: all, or those that CUDA_VISIBLE_DEVICES names."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None and not allowed.strip():
        return ()
    every = _installed(host)
    return every if allowed is None else tuple(_named(allowed, every, host))


def every_gpu() -> tuple[Device, ...]:
    """All GPUs of this machine, or those that are declared, whichever of them this process may use."""
    declared = os.environ.get(DECLARED, "").strip()
    return _declared(declared).gpus if declared else _installed(HERE)


def _installed(host: Host) -> tuple[Device, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=uuid,memory.total,name", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    if answer.returncode:
        return ()
    return tuple(_gpu(line, host) for line in answer.stdout.splitlines() if line.strip().startswith("GPU-"))


def _gpu(line: str, host: Host) -> Device:
    """The GPU of a line `UUID, MiB, name`."""
    uuid, memory, name = (*(part.strip() for part in line.split(",", 2)), "", "")[:3]
    return gpu(uuid, int(memory) * 2**20 if memory.isdigit() else 0, name, host)


def _named(allowed: str, every: Sequence[Device], host: Host) -> Iterator[Device]:
    """The GPUs of a list of numbers and UUIDs, as CUDA reads it: up to the first entry that is neither."""
    known = {device.name: device for device in every}
    for name in (part.strip() for part in allowed.split(",")):
        if name.isdigit() and int(name) < len(every):
            yield every[int(name)]
        elif name.startswith(("GPU-", "MIG-")):
            yield known.get(name, gpu(name, host=host))
        else:
            return


def cores() -> int:
    """CPU cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def host_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or less where a control group says so."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return memory
    return min(memory, int(limit)) if limit.isdigit() else memory


def _declared(text: str) -> Machine:
    pretended: list[Device] = []
    count = 0
    for entry in filter(None, (part.strip() for part in text.split(","))):
        number, crossed, what = entry.partition(" x ")
        times, what = (int(number), what) if crossed and number.strip().isdigit() else (1, entry)
        name, _, size = what.strip().partition(" ")
        if name == "cpu" and not size:
            count += times
        elif name == "gpu":
            memory = read_bytes(size) if size else 0
            pretended += [
                Device(f"declared-{len(pretended) + place}", "gpu", memory, "declared", host=HERE)
                for place in range(times)
            ]
        else:
            raise UsageError(f"{DECLARED}: {entry!r} is neither gpu nor cpu", help="such as 2 x gpu 16 GB, 4 x cpu")
    return Machine(tuple(pretended), Device("cpu", host=HERE), count or cores())


def _refuse_more(workers: int | None, cores: int) -> None:
    if workers is not None and workers > (most := max(FEWEST_REFUSED, PER_CORE * cores)):
        raise UsageError(
            f"{workers:,} workers are more than this machine of {cores} cores can hold: {most} at most",
            help="leave --workers out: one a GPU, or one a core where there is none",
        )
