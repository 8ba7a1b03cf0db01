"""What this machine has to work on, found out without torch."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lmcspec.base.counts import whole
from lmcspec.base.errors import UsageError
from lmcspec.base.sizes import read_bytes
from lmcspec.engine.devices import HERE, Device, Host, gpu
from lmcspec.engine.runner import Slot
from lmcspec_runners.capacity import DECLARED, cores, host_memory, nvidia_smi, refuse_more
from lmcspec_runners.choosing import Choice, chosen

MOST_DECLARED = 1024
"""Of one entry."""
EXAMPLE = "such as 2 x gpu 16 GB, 4 x cpu"


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
    refuse_more(workers or 0, here.cores)
    if devices:
        if workers is not None:
            raise UsageError(
                "--workers and --devices both say how many slots there are",
                help='leave --workers out: --devices "4 x cpu" has four, "gpu/2" two on each GPU',
            )
        return tuple(Slot(device) for device in chosen(devices, Choice(here.gpus, here.cpu, here.cores)))
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
    program = nvidia_smi()
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
    return gpu(uuid, (whole(memory) or 0) * 2**20, name, host)


def _named(allowed: str, every: Sequence[Device], host: Host) -> Iterator[Device]:
    """The GPUs of a list of numbers and UUIDs, as CUDA reads it: up to the first entry that is neither."""
    known = {device.name: device for device in every}
    for name in (part.strip() for part in allowed.split(",")):
        if (number := whole(name)) is not None and number < len(every):
            yield every[number]
        elif name.startswith(("GPU-", "MIG-")):
            yield known.get(name, gpu(name, host=host))
        else:
            return


def _declared(text: str) -> Machine:
    pretended: list[Device] = []
    count = 0
    for entry in filter(None, (part.strip() for part in text.split(","))):
        number, _, what = entry.rpartition(" x ")
        times = whole(number.strip()) if number else 1
        name, _, size = what.strip().partition(" ")
        if times is None or times > MOST_DECLARED or name not in ("gpu", "cpu") or (name == "cpu" and size):
            raise UsageError(f"{DECLARED}: {entry!r} is neither gpu nor cpu, or too many", help=EXAMPLE)
        if name == "cpu":
            count += times
            continue
        try:
            memory = read_bytes(size) if size else 0
        except ValueError as error:
            raise UsageError(f"{DECLARED}: {entry!r}: {error}", help=EXAMPLE) from error
        first = len(pretended)
        pretended += [
            Device(f"declared-{first + place}", "gpu", memory, "declared", host=HERE) for place in range(times)
        ]
    return Machine(tuple(pretended), Device("cpu", host=HERE), count or cores())
