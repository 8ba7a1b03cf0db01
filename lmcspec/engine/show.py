"""Showing a run on stderr: live on a terminal, else one line with the time per event."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from lmcspec.base.loudness import Loudness
from lmcspec.base.visible import visible
from lmcspec.engine.progress import Plain
from lmcspec.engine.run import Listener


@contextmanager
def show(
    stream: TextIO | None = None, *, live: bool | None = None, loudness: Loudness = Loudness.USUAL
) -> Iterator[Listener]:
    """A listener that shows the run on `stream` (stderr) while the block runs; `live` as it is a terminal or not.

    Where it is to be quiet only failures are said.
    """
    stream = stream or sys.stderr
    assert stream is not None
    if loudness > Loudness.QUIET and (stream.isatty() if live is None else live):
        from lmcspec.engine.live import Live

        with Live(stream, loudness) as area:
            yield area.on_event
    else:
        yield Plain(lambda line: print(visible(line), file=stream, flush=True), loudness=loudness).on_event
