"""What the control groups that this process is in leave it of memory and of the CPU's time, as Linux tells it.

A limit holds for all groups within, so that the least of those from the process's own group up to the root counts:
under Slurm, systemd or in a container it stands in any of them.
"""

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")


def memory_limit() -> int | None:
    """Bytes that the processes of a group may take together; None where there is no limit."""
    limits = [_number(_text(folder / "memory.max")) for folder in _folders("")]
    limits += [_number(_text(folder / "memory.limit_in_bytes")) for folder in _folders("memory")]
    return min(filter(None, limits), default=None)


def core_limit() -> int | None:
    """Cores whose time the processes of a group may take together, a part of one counted as one; None without limit."""
    told = [_text(folder / "cpu.max").partition(" ")[::2] for folder in _folders("")]
    told += [(_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")) for folder in _folders("cpu")]
    shares = [(_number(quota), _number(period)) for quota, period in told]
    return min((math.ceil(quota / period) for quota, period in shares if quota and period), default=None)


def _folders(controller: str) -> Iterator[Path]:
    """Of each group that this process is in, from its own up to the root: of version 2, or of a controller of 1."""
    group = PurePosixPath()
    for line in _text(GROUPS).splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controller in controllers.split(",") and ".." not in path:  # which is outside of what a container sees
            group = PurePosixPath(path.lstrip("/"))
    for inner in (group, *group.parents):
        yield MOUNT / controller / inner


def _text(file: Path) -> str:
    """What the kernel says there; nothing of a group without that controller, or above a container's own."""
    try:
        return file.read_text(errors="surrogateescape").strip()
    except OSError:
        return ""


def _number(text: str) -> int:
    """Bytes, or microseconds; 0 where it says `max` or -1, for no limit."""
    return int(text) if text.isascii() and text.isdecimal() else 0
