"""What a run shows of itself on a terminal: what has happened scrolls by, and below it stands what runs now."""

from collections.abc import Sequence
from typing import Any, Self, TextIO

from lmcspec.base import clock
from lmcspec.base.fitted import cells, fitted
from lmcspec.base.loudness import Loudness
from lmcspec.base.visible import one_line, visible
from lmcspec.engine import events
from lmcspec.engine.progress import Plain, clock_time

STYLES = {"start": "dim", "done": "dim", "reused": "dim", "failed": "red", "retry": "yellow", "skipped": "yellow"}
"""By the word with which a line begins."""
UNDER_LABEL = 10
"""Blanks before what goes on in another line."""
LEAST_FIRST = (3, 1, 2)
"""Columns of running tasks in the order in which they go where there is no room: note, kind, steps."""
NUMBERS = (2, 4)
"""Those that stand on the right: steps and time."""


class Live:
    """On a terminal: the plain lines scroll by, and below them stand the counts and one line per running task."""

    def __init__(self, stream: TextIO, loudness: Loudness = Loudness.USUAL) -> None:
        from rich.console import Console
        from rich.live import Live as Area

        self._console = Console(file=stream)
        self._plain = Plain(self._scroll, times=False, loudness=loudness)
        self._area = Area(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._area.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._area.stop()

    def on_event(self, event: events.Event) -> None:
        """Show what has happened."""
        self._plain.on_event(event)

    def _scroll(self, line: str) -> None:
        word = line.split(" ", 1)[0]
        text = fitted(visible(line), self._console.width, UNDER_LABEL)
        self._console.print(text, style=STYLES.get(word, ""), markup=False, highlight=False, soft_wrap=True)

    def _render(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        # The area is drawn by a thread of its own, which takes copies and so needs no lock.
        tally = self._plain.tally
        head = fitted(tally.line(), self._console.width).splitlines()
        now = clock.now()
        rows = []
        for started, progress in list(tally.running.values())[: max(self._console.height - 2 - len(head), 1)]:
            steps = f"{progress.done}/{progress.total}" if progress else ""
            note = progress.note if progress else ""
            row = (started.task.label, started.task.kind, steps, note, clock_time(now - started.at))
            rows.append(tuple(map(one_line, row)))
        lines = running_lines(rows, self._console.width)
        return Group(*(Text(line, style="bold") for line in head), *map(Text, lines))


def running_lines(rows: Sequence[tuple[str, str, str, str, str]], width: int) -> list[str]:
    """A line for each running task: label, kind, steps, note and time, as many of these as there is room for."""
    shown = list(range(5))
    widths = [max((cells(row[place]) for row in rows), default=0) for place in shown]
    for place in LEAST_FIRST:
        if sum(widths[at] + 2 for at in shown) - 2 > width:
            shown = [at for at in shown if at != place]
    room = width - sum(widths[at] + 2 for at in shown[1:])
    lines = []
    for row in rows:
        others = [_padded(row[at], widths[at], right=at in NUMBERS) for at in shown[1:]]
        lines.append("  ".join([_padded(_cut(row[0], room), room), *others]))
    return lines


def _padded(text: str, width: int, right: bool = False) -> str:
    blanks = " " * (width - cells(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def _cut(text: str, room: int) -> str:
    """As much of a text as there are columns for."""
    if cells(text) <= room:
        return text
    while text and cells(text) >= room:
        text = text[:-1]
    return f"{text}…"
