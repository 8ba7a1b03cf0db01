"""Take the pictures of the report: `uv run --with pypdfium2 python docs/images/report.py STORE`. Needs Chromium.

STORE is a folder in which specs/quickstart.toml has run. The page is taken in a wide window, on a phone, at night, and
as it leaves a printer.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
SPEC = "quickstart"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SHEETS = 2
"""Printed pages that are shown: the summary."""
BETWEEN = 16
"""Pixels between them."""


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = written(Path(folder), Path(sys.argv[1]).resolve())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for name, picture in pictures(browser, page.as_uri()):
            # With a table of its colours a picture is a third as large.
            few = picture.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, kmeans=4, dither=Image.Dither.NONE)
            few.save(HERE / f"{name}.png", optimize=True)
        browser.close()


def written(folder: Path, store: Path) -> Path:
    """The page, made where the store is called as it is by default: pictures show no folders of a machine."""
    (folder / ".lmcspec").symlink_to(store)
    environment = {name: value for name, value in os.environ.items() if name != "LMCSPEC_STORE"}
    command = [Path(sys.executable).with_name("lmcspec"), "report", SPEC, "-o", "report"]
    subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    return folder / "report" / "report.html"


def pictures(browser: "Browser", address: str) -> Iterator[tuple[str, Image.Image]]:
    """(name, picture) of each way to read it."""
    for name, width, height, scheme in (
        ("report", 1060, 1420, "light"),
        ("report-phone", 390, 844, "light"),
        ("report-dark", 1060, 1420, "dark"),
    ):
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(address)
        if name == "report-phone":
            page.locator("#tables").scroll_into_view_if_needed()
            page.evaluate("document.getElementById('tables').scrollIntoView()")
        yield name, Image.open(io.BytesIO(page.screenshot()))
    page = browser.new_page()
    page.goto(address)
    yield "report-print", printed(page.pdf(prefer_css_page_size=True, print_background=True))


def printed(document: bytes) -> Image.Image:
    """The first sheets side by side."""
    from pypdfium2 import PdfDocument

    sheets = [page.render(scale=1.0).to_pil() for page, _ in zip(PdfDocument(document), range(SHEETS), strict=False)]
    width, height = sheets[0].size
    both = Image.new("RGB", (SHEETS * width + (SHEETS + 1) * BETWEEN, height + 2 * BETWEEN), "#888888")
    for place, sheet in enumerate(sheets):
        both.paste(sheet, (BETWEEN + place * (width + BETWEEN), BETWEEN))
    return both


if __name__ == "__main__":
    main()
