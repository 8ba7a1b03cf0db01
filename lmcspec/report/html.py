"""The page of a report as one HTML file: nothing outside it is loaded, and nothing in it runs."""

from collections.abc import Sequence
from importlib.resources import files as package_files

from lmcspec.base.ids import short
from lmcspec.report.comparison import Comparison
from lmcspec.report.page import Page
from lmcspec.report.picture import Picture


def html(page: Page, pictures: Sequence[Picture], comparison: Comparison | None = None) -> str:
    """The page with its figures as one HTML document; `comparison` is a part of its own."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["short"] = short
    template = package_files("lmcspec.report").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(page=page, pictures=pictures, comparison=comparison) + "\n"
