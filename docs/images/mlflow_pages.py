"""Take the pictures of MLflow's pages: `uv run python docs/images/mlflow_pages.py STORE`.

STORE is a folder in which specs/quickstart.toml has run. Needs Chromium.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from mlflow import MlflowClient
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
COMPARED = ("imp/s0", "imp-k3/s0", "stable/s0")
DRAWN = "[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.data.length).length >= {}"


@contextlib.contextmanager
def served(store: Path) -> Iterator[str]:
    """The link that `lmcspec ui` prints."""
    lmcspec = Path(sys.executable).with_name("lmcspec")
    command = [lmcspec, "ui", "--store", store, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(word for word in server.stderr.readline().split() if word.startswith("http"))
        finally:
            server.terminate()


@contextlib.contextmanager
def browser(width: int, height: int) -> Iterator[Page]:
    """A page of a browser that was never here."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield chromium.new_page(viewport={"width": width, "height": height})
        chromium.close()


def compared(link: str) -> str:
    """The address of MLflow's comparison of some series."""
    server = link.partition("/#")[0]
    client = MlflowClient(tracking_uri=server)
    (experiment,) = [one for one in client.search_experiments() if one.name == "quickstart"]
    runs = client.search_runs([experiment.experiment_id], "tags.`lmcspec.kind` = 'series'")
    chosen = ",".join(f'"{run.info.run_id}"' for run in runs if run.info.run_name in COMPARED)
    experiments = f'["{experiment.experiment_id}"]'
    runs_and_experiments = f"runs={quote(f'[{chosen}]')}&experiments={quote(experiments)}"
    return f"{server}/#/compare-runs?{runs_and_experiments}&workflowType=machine_learning"


def main() -> None:
    """Take them."""
    with served(Path(sys.argv[1])) as link:
        with browser(1280, 1100) as page:
            page.goto(link)
            page.wait_for_function(DRAWN.format(3))
            page.wait_for_timeout(3000)
            page.screenshot(path=HERE / "mlflow-chart.png")
        with browser(1280, 900) as page:
            page.goto(compared(link))
            page.wait_for_function(DRAWN.format(1))
            page.wait_for_timeout(3000)
            page.screenshot(path=HERE / "mlflow-compare.png")


if __name__ == "__main__":
    main()
