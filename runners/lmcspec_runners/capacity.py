"""What this machine's cores and memory hold, found out without anything else of lmcspec: `plan` asks it, too."""

import os
import shutil

from lmcspec.base.errors import UsageError
from lmcspec_runners.control_groups import core_limit, memory_limit

PER_CORE = 8
FEWEST_REFUSED = 64
"""Workers that any machine may be asked for; beyond that, so many a core. Each takes a process and its memory."""

DECLARED = "LMCSPEC_DECLARED_DEVICES"
"""For tests: the devices that a machine is to have, such as `2 x gpu 16 GB, 4 x cpu`. Declared GPUs are pretended to
be there: their tasks are computed on the CPU."""


def cores() -> int:
    """CPU cores that this process may use: those it is bound to, or fewer where a control group says so."""
    try:
        bound = len(os.sched_getaffinity(0))
    except AttributeError:
        bound = os.cpu_count() or 1
    return min(bound, core_limit() or bound)


def host_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or less where a control group says so."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    return min(memory, memory_limit() or memory)


def refuse_more(workers: int, cores: int) -> None:
    """UsageError where so many workers are more than a machine of so many cores can hold."""
    if workers > (most := max(FEWEST_REFUSED, PER_CORE * cores)):
        raise UsageError(
            f"{workers:,} workers are more than this machine of {cores} cores can hold: {most} at most",
            help="say fewer, or nothing: one a GPU, or one a core where there is none",
        )


def nvidia_smi() -> str | None:
    """The program that tells of GPUs, where there is one; without it there are none."""
    return shutil.which("nvidia-smi")
