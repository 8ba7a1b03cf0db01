"""Take the picture of the report that the README shows: `uv run python docs/images/report.py STORE`. Needs Chromium.

STORE is a folder in which specs/quickstart.toml has run.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SPEC = "specs/quickstart.toml"
WIDTH, HEIGHT = 1060, 1420
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def main() -> None:
    from PIL import Image
    from playwright.sync_api import sync_playwright

    lmcspec, store = Path(sys.executable).with_name("lmcspec"), Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [lmcspec, "report", SPEC, "--store", store, "-o", folder]
        subprocess.run(command, check=True, cwd=HERE.parents[1], stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(next(Path(folder).rglob("*.html")).as_uri())
        taken = io.BytesIO(page.screenshot())
        browser.close()
    # A picture with a table of its colours is a third as large; the rare ones, of lines in figures, are to stay.
    picture = (
        Image.open(taken).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    picture.save(HERE / "report.png", optimize=True)


if __name__ == "__main__":
    main()
