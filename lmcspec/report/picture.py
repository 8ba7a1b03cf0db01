"""A figure of a page, with the files that it becomes."""

import base64
from dataclasses import dataclass

from lmcspec.report.figures import Drawing
from lmcspec.report.figures.links import overlay


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the page: what is said about it, and its files by suffix (none where it could not be drawn)."""

    case: str
    file: str
    """The name of its files, without suffix."""
    drawing: Drawing
    files: dict[str, bytes]

    @property
    def links(self) -> str:
        """The links over its marks, to places of the page, as markup that lies over the picture; empty without any."""
        return overlay(self.files["svg"]) if "svg" in self.files else ""

    @property
    def source(self) -> str:
        """The SVG as an address that holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.files['svg']).decode()}"
