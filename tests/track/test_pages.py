"""MLflow's pages on a tracked study, in a real browser: what people see when they open the link of `lmcspec ui`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tracked_for_tests import SPEC

from lmcspec.track.serve import HOST, free_port

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LMCSPEC_NO_TRACKING"}
PROGRAM = [sys.executable, "-c", "from lmcspec.cli import main; main()"]
PATIENCE = 60_000


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    """The link that `lmcspec ui` prints for a study that has run."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    folder = tmp_path_factory.mktemp("pages")
    (folder / "tracked.toml").write_text(SPEC)
    store = str(folder / "store")
    subprocess.run(
        [*PROGRAM, "run", str(folder / "tracked.toml"), "--store", store],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
    )
    port = free_port()
    server = subprocess.Popen(
        [*PROGRAM, "ui", "--store", store, "--port", str(port)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        said = next(line for line in server.stderr if "viewStateShareKey" in line)
        address = said.split()[-1]
        assert address.startswith(f"http://{HOST}:{port}/")
        yield address
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture
def page(link):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1900, "height": 1100})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def charts(page):
    """What the charts on the page draw: a list of {name, x, y} each."""
    return page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(plot => plot.data.map("
        "line => ({name: line.name, x: Array.from(line.x), y: Array.from(line.y)})))"
    )


def test_an_experiment_opens_on_accuracy_and_instability_by_level(link, page, tmp_path):
    page.goto(link)
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 3")
    page.wait_for_function("[...document.querySelectorAll('.js-plotly-plot')].every(plot => plot.data.length >= 4)")
    text = page.inner_text("body")
    assert all(name in text for name in ("dense/s0", "dense/s1", "imp/s0", "imp/s1"))
    assert "copy1" not in text and "task" not in page.inner_text("[role=grid]"), "series only"
    accuracy, at_0, later = charts(page)[:3]
    for lines, levels in ((accuracy, [0, 1, 2]), (at_0, [0, 2]), (later, [0, 2])):
        found = {line["name"].split(" ")[0]: line["x"] for line in lines if line["name"]}
        assert found.keys() >= {"dense/s0", "dense/s1", "imp/s0", "imp/s1"}, "one line per series run"
        assert found["imp/s0"] == levels and found["dense/s0"] == [0]
    values = [value for line in accuracy if line["name"].startswith("imp/s0") for value in line["y"]]
    assert len(values) >= 3 and all(0 < value <= 1 for value in values)
    page.screenshot(path=str(tmp_path / "chart.png"))
    assert Path(tmp_path / "chart.png").stat().st_size > 20_000


def test_runs_compare_and_show_their_curves(link, page):
    from mlflow import MlflowClient

    server = link.partition("/#")[0]
    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("tracked")
    runs = client.search_runs([experiment.experiment_id], "tags.`lmcspec.kind` = 'series'")
    ids = ",".join(f'"{run.info.run_id}"' for run in runs)
    page.goto(f'{server}/#/compare-runs?runs=[{ids}]&experiments=["{experiment.experiment_id}"]')
    page.wait_for_selector("text=imp/s1")
    page.wait_for_selector("text=final/accuracy")
    (train,) = client.search_runs([experiment.experiment_id], "tags.`lmcspec.label` = 'imp/s0/l2/train'")
    page.goto(f"{server}/#/experiments/{experiment.experiment_id}/runs/{train.info.run_id}")
    page.wait_for_selector("text=final/test_error")
    assert "recipe.lr" in page.inner_text("body")
