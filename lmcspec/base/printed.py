"""What is printed on a terminal, as text and as HTML: for notebooks."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lmcspec.base.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 110
"""Columns."""


def as_text(parts: Iterable["RenderableType"]) -> str:
    """As lines, without colours."""
    from rich.console import Console

    console = Console(width=WIDTH, file=io.StringIO(), color_system=None, force_jupyter=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return visible(capture.get()).rstrip()


def as_html(parts: Iterable["RenderableType"]) -> str:
    """As a piece of HTML for a notebook, in colours."""
    from rich.console import Console

    # In a notebook a console shows what it is given by itself, and the page would stand there twice.
    console = Console(
        width=WIDTH,
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        force_jupyter=False,
        color_system="truecolor",
    )
    for part in parts:
        console.print(part)
    return console.export_html(inline_styles=True, code_format="<pre style='line-height:1.2'>{code}</pre>")
