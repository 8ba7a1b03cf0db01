"""Take the pictures of pages that README and docs show: `uv run python docs/images/pages.py STORE`. Needs Chromium.

STORE is a folder in which specs/quickstart.toml has run, tracked in the store's own database. One picture is of the
report, one of the chart that the link of `lmcspec ui` opens, one of three series that MLflow compares.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SPEC = "specs/quickstart.toml"
LMCSPEC = str(Path(sys.executable).with_name("lmcspec"))
COMPARED = ("imp/s0", "stable/s0", "shuffled/s0")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PATIENCE = 60_000
"""Milliseconds that a page may take."""


@contextmanager
def served(store: Path) -> Iterator[str]:
    """The link to the quickstart that `lmcspec ui` prints."""
    command = [LMCSPEC, "ui", "--store", str(store)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(line for line in server.stderr if "viewStateShareKey" in line).split()[-1]
        finally:
            server.terminate()


def comparison(link: str) -> str:
    """The address at which MLflow compares three series with each other."""
    origin, _, path = link.partition("/#/")
    experiment = path.split("/")[1]
    asked = {"experiment_ids": [experiment], "filter": "tags.lmcspec.kind = 'series'", "max_results": 100}
    request = urllib.request.Request(
        f"{origin}/api/2.0/mlflow/runs/search", json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        runs = {run["info"]["run_name"]: run["info"]["run_id"] for run in json.load(answer)["runs"]}
    chosen = urllib.parse.quote(json.dumps([runs[name] for name in COMPARED]))
    return f"{origin}/#/compare-runs?runs={chosen}&experiments={urllib.parse.quote(json.dumps([experiment]))}"


def take(browser: Any, address: str, name: str, size: tuple[int, int], until: str) -> None:
    """A picture of a page when `until` holds there."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_function(until)
    # Charts glide into place, and nothing on the page says when they are there.
    page.wait_for_timeout(2000)
    page.screenshot(path=str(HERE / f"{name}.png"))
    page.close()


def main() -> None:
    from playwright.sync_api import sync_playwright

    store = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        command = [LMCSPEC, "report", SPEC, "--store", str(store), "-o", folder]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        report = next(Path(folder).rglob("*.html"))
        drawn = "[...document.images].slice(0, 2).every(image => image.complete)"
        take(browser, report.as_uri(), "report", (1060, 1420), drawn)
        with served(store) as link:
            charts = "document.querySelectorAll('.js-plotly-plot').length >= {}".format
            take(browser, link, "mlflow-chart", (1262, 800), charts(3))
            take(browser, comparison(link), "mlflow-compare", (1262, 960), charts(1))
        browser.close()


if __name__ == "__main__":
    main()
