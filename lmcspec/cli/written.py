"""Where a command's words go: a terminal that lacks signs, a pipe nobody reads any more, a full disk, nowhere.

Data that could not be written is an error (exit 4). Whoever closes a pipe early, as `head` does, has read enough:
that is none. Talk that could not be written is no reason to stop anything.
"""

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

STAND_INS = str.maketrans(
    {
        **{"±": "+/-", "…": "...", "–": "-", "—": "-", "×": "x", "·": "*", "→": "->", "←": "<-", "≥": ">=", "≤": "<="},
        **{"≠": "!=", "≈": "~", "µ": "u", "√": "sqrt", "“": '"', "”": '"', "‘": "'", "’": "'", "•": "*", "✓": "ok"},
        **{
            "α": "alpha",
            "λ": "lambda",
            "σ": "sigma",
            "Δ": "delta",
            "∞": "inf",
            "−": "-",
            "\N{REPLACEMENT CHARACTER}": "?",
        },
        **{"\xa0": " ", "\u2009": " ", "\u202f": " ", "²": "^2", "³": "^3", "░": ".", "█": "#", "━": "-", "╸": "-"},
    }
)
"""What stands for a sign where the terminal's encoding has none."""


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return lacking.translate(STAND_INS).encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error("lmcspec.stand-in", _stand_in)


class Written(io.TextIOBase):
    """A stream that never raises: what became of it is asked for at the end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.trouble = "" if stream is not None else "it is closed"
        """Why not all of it could be written."""
        self._deaf = stream is None

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The encoding of the stream that it writes to."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        self._do(lambda: self._stream.write(self._spelled(text)))
        return len(text)

    def flush(self) -> None:
        self._do(lambda: self._stream.flush())

    def _spelled(self, text: str) -> str:
        try:
            return text.encode(self.encoding, "lmcspec.stand-in").decode(self.encoding)
        except (LookupError, UnicodeError):
            return text.encode("ascii", "lmcspec.stand-in").decode("ascii")

    def _do(self, act: Any) -> None:
        if self._deaf:
            return
        try:
            act()
        except BrokenPipeError:
            self._give_up("")
        except OSError as error:
            self._give_up("" if error.errno == errno.EPIPE else error.strerror or str(error))
        except ValueError:
            self._give_up("it is closed")

    def _give_up(self, why: str) -> None:
        self.trouble, self._deaf = why, True
        # What is still held back would be tried again, and fail again, when the interpreter ends. By then modules
        # may be gone, and contextlib with them.
        try:
            number = self._stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
        except (OSError, ValueError, AttributeError):
            pass


@contextlib.contextmanager
def written() -> Iterator[Written]:
    """While the block runs, standard output and error are such streams; gives that of the output."""
    _fill()
    before = sys.stdout, sys.stderr
    out, err = Written(sys.stdout), Written(sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def _fill() -> None:
    """Have something at the places of the standard streams: the next file to be opened would get the number of one."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # For children too: a worker that has no standard error ends at once.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
