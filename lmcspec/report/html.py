"""The page of a report as one HTML file: nothing outside it is loaded, and nothing in it runs."""

from collections.abc import Sequence
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any

from lmcspec.base.ids import short
from lmcspec.report.anchors import link_to
from lmcspec.report.comparison import Comparison
from lmcspec.report.page import Page
from lmcspec.report.picture import Picture
from lmcspec.report.several import Joint

if TYPE_CHECKING:
    from jinja2 import Environment


def html(page: Page, pictures: Sequence[Picture], comparison: Comparison | None = None) -> str:
    """The page with its figures as one HTML document; `comparison` is a part of its own."""
    return _rendered("page.html", page=page, pictures=pictures, comparison=comparison)


def html_of_several(joint: Joint) -> str:
    """Several studies as one HTML document."""
    return _rendered("several.html", joint=joint)


def _rendered(template: str, **values: Any) -> str:
    from markupsafe import Markup

    text = _environment().get_template(template).render(css=Markup(_file("page.css")), **values)
    return text.strip() + "\n"


def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"short": short, "link": link_to}
    return environment


def _file(name: str) -> str:
    return package_files("lmcspec.report").joinpath(name).read_text(encoding="utf-8")
