"""Getting what was written to the disk itself."""

import contextlib
import fcntl
import os


def flush(descriptor: int) -> None:
    """Wait until the bytes are on disk. On macOS fsync stops at the disk's own memory, which is lost with power."""
    if (to_the_medium := getattr(fcntl, "F_FULLFSYNC", None)) is not None:
        # Network file systems there don't have it.
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, to_the_medium)
            return
    os.fsync(descriptor)
