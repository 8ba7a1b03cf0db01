"""What kind of disk a folder is on: locks in shared memory, and so sqlite's WAL, work on local ones only."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

# fmt: off
NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "9p", "virtiofs", "vboxsf", "prl_fs", "ceph", "lustre",
    "gpfs", "beegfs", "glusterfs", "orangefs", "pvfs2", "panfs", "wekafs", "gfs", "gfs2", "ocfs2", "dvs",
    "afpfs", "webdav", "macfuse", "osxfuse",
})
# fmt: on

_MOUNTED = Path("/proc/self/mounts")

Mount = tuple[str, str]
"""Where something is mounted, and its file system's type."""


def filesystem(path: Path, mounts: Sequence[Mount] | None = None) -> str:
    """The type of the file system on which `path` is or would be made, such as "ext4"; "" where that is unknown."""
    real = os.path.realpath(path)
    its_type = ""
    longest = -1
    for point, kind in _mounts() if mounts is None else mounts:
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of several mounted in one place, the last is on top.
        if inside and len(point) >= longest:
            longest, its_type = len(point), kind
    return its_type


def is_network(kind: str) -> bool:
    """Whether several hosts may write to a file system of this type at once. FUSE may be anything, so it counts."""
    return kind in NETWORK or kind == "fuse" or kind.startswith("fuse.")


def _mounts() -> list[Mount]:
    try:
        lines = _MOUNTED.read_text(errors="surrogateescape").splitlines()
    except OSError:
        import psutil

        return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    fields = (line.split(" ") for line in lines)
    # Spaces and the like in a path are written as \040.
    return [(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field[1]), field[2]) for field in fields]
