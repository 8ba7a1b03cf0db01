"""The command, from its first moment: a Ctrl-C while it is still loading ends it without a word.

One that comes before, while Python itself starts and reads this file, is answered by Python.
"""

import os
import signal
import sys
from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:
    # Nothing is open yet, and there is nothing to tidy up.
    os._exit(130)


def main() -> None:
    """`lmcspec …`."""
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, _end)
    from lmcspec.cli import main as run

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    sys.exit(main())
