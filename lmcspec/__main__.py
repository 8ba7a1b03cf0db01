"""The command, from its first moment: a Ctrl-C while it is still loading ends it without a word.

One that comes before, while Python itself starts and reads this file, is answered by Python.
"""

import os
import signal
import sys
from types import FrameType

from lmcspec.systems import WINDOWS

LIBRARY = os.path.dirname(os.__file__)
"""Python's own modules, wherever somebody happens to be."""


def _end(number: int, frame: FrameType | None) -> None:
    # Nothing is open yet, and there is nothing to tidy up.
    os._exit(130)


def _settle() -> None:
    """Have no module come from the working folder, nor those that decide what does."""
    asked = sys.path[:]
    sys.path[:] = [place for place in asked if place == LIBRARY or (os.path.isabs(place) and not _is_here(place))]
    from lmcspec.base.surroundings import settle

    sys.path[:] = asked
    settle()


def _is_here(place: str) -> bool:
    try:
        return os.path.samefile(place, os.curdir)
    except OSError:
        return False


def main() -> None:
    """`lmcspec …`."""
    if sys.platform == "win32":
        sys.stderr.write(f"error: {WINDOWS}\n")
        sys.exit(2)
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, _end)
    _settle()
    from lmcspec.cli import main as run

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    sys.exit(main())
