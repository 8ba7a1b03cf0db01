"""Take the picture of the report that the README shows: `uv run python docs/images/report.py STORE`. Needs Chromium.

STORE is a folder in which specs/quickstart.toml has run.
"""

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
    from playwright.sync_api import sync_playwright

    lmcspec, store = Path(sys.executable).with_name("lmcspec"), Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [lmcspec, "report", SPEC, "--store", store, "-o", folder]
        subprocess.run(command, check=True, cwd=HERE.parents[1], stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(next(Path(folder).rglob("*.html")).as_uri())
        page.screenshot(path=str(HERE / "report.png"))
        browser.close()


if __name__ == "__main__":
    main()
