"""The page of a report as one HTML file: nothing outside it is loaded, and nothing in it runs."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files

from lmcspec.base.ids import short
from lmcspec.report.figures import Drawing
from lmcspec.report.page import Page


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the page: what is said about it, and its files by suffix (none where it could not be drawn)."""

    case: str
    file: str
    """The name of its files, without suffix."""
    drawing: Drawing
    files: dict[str, bytes]

    @property
    def source(self) -> str:
        """The SVG as an address that holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.files['svg']).decode()}"


def html(page: Page, pictures: Sequence[Picture]) -> str:
    """The page with its figures as one HTML document."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["short"] = short
    template = package_files("lmcspec.report").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(page=page, pictures=pictures) + "\n"
