"""The words of `--devices`: `gpu`, `0,1`, `gpu/2`, `2 x gpu, 4 x cpu`, a UUID."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lmcspec.base.counts import whole
from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.catalog import nearest
from lmcspec.engine.devices import Device
from lmcspec_runners.capacity import refuse_more

ENTRY = re.compile(r"(?:(\d{1,18})\s*x\s*)?([\w-]+)(?:/(\d{1,18}))?", re.ASCII)
GRAMMAR = 'such as gpu, cpu, 0, GPU-…, 2 x gpu, or gpu/2 for two slots on each; several like "gpu, 4 x cpu"'


class Choice(NamedTuple):
    """What there is to choose from."""

    gpus: Sequence[Device]
    cpu: Device
    cores: int
    """Slots of the CPU where no number is said."""


def chosen(text: str, of: Choice) -> tuple[Device, ...]:
    """The device of each slot, those of several devices in turn.

    An entry names GPUs (`gpu` all, or the first N of them with `N x gpu`; one by its number as nvidia-smi counts those
    that this process may use, or by the beginning of its UUID) with the number of slots of each behind a `/`, or slots
    of the CPU: one for each core, or N with `N x cpu`. UsageError where it is none of these, a GPU stands there twice,
    or the slots are more than the machine can hold; BlockedError where it has fewer GPUs.
    """
    dealt: list[tuple[int, Device]] = []
    on_cpu = 0
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise UsageError(f"--devices {text!r}: {entry!r} names no device", help=GRAMMAR)
        times = None if match[1] is None else int(match[1])
        name, each = match[2], int(match[3] or 1)
        if name == "cpu" and match[3] is None:
            on_cpu += of.cores if times is None else times
            refuse_more(len(dealt) + on_cpu, of.cores)
            continue
        named = _gpus(text, name, times, of)
        for device in named:
            if any(device.name == other.name for _, other in dealt):
                raise UsageError(
                    f"--devices {text!r} names the GPU {device.name} twice",
                    help=f"{name}/2 has two slots on it",
                )
        refuse_more(len(dealt) + on_cpu + each * len(named), of.cores)
        dealt += [(turn, device) for device in named for turn in range(each)]
    slots = (*(device for _, device in sorted(dealt, key=lambda pair: pair[0])), *(of.cpu,) * on_cpu)
    if not slots:
        raise UsageError(f"--devices {text!r} leaves no slot", help=GRAMMAR)
    return slots


def _gpus(text: str, name: str, times: int | None, of: Choice) -> Sequence[Device]:
    count = len(of.gpus)
    there = f"this machine has {count or 'no'} GPU{'s' * (count != 1)} that may be used"
    if name == "gpu":
        if not of.gpus or (times or 0) > count:
            asked = "" if times is None else f" for {times}"
            raise BlockedError(f"--devices {text!r} asks for GPUs{asked}, and {there}", help="--devices cpu needs none")
        return of.gpus[:times]
    if times is not None:
        raise UsageError(f"--devices {text!r}: only gpu and cpu can be counted", help=GRAMMAR)
    if (number := whole(name)) is not None:
        if number >= count:
            raise BlockedError(f"--devices {text!r} asks for the GPU {name}, and {there}", help="they count from 0")
        return [of.gpus[number]]
    alike = [device for device in of.gpus if device.name.startswith(name)]
    if len(name) > len("GPU-") and len(alike) == 1:
        return alike
    if len(alike) > 1:
        raise UsageError(f"--devices {text!r}: several UUIDs begin with {name!r}", help="give more digits")
    near = nearest(name, ["gpu", "cpu", *(device.name for device in of.gpus)])
    raise UsageError(
        f"--devices {text!r}: there is no device {name!r}", help=f"did you mean {near}?" if near else GRAMMAR
    )
