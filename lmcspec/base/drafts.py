"""A file that somebody named, written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lmcspec.base.errors import UsageError


@contextlib.contextmanager
def drafted(output: Path) -> Iterator[Path]:
    """A draft to write to, which takes the place of `output` at the end of the block, and is gone where that fails.

    What is there and no file, such as a pipe, gets what comes as it comes. UsageError where the system refuses.
    """
    # A link stays one, and a device too: only an ordinary file has another put in its place.
    place = Path(os.path.realpath(output))
    draft = place.with_name(f".{place.name}.draft")
    try:
        if place.exists() and not place.is_file():
            yield place
            return
        try:
            yield draft
            draft.replace(place)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        if error.filename not in (None, str(draft), str(place)):
            raise  # about something that was read
        raise UsageError(f"can't write {output}: {error.strerror or error}", help="name another place") from None
