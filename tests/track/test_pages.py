"""MLflow's pages on a tracked study, in a real browser: what people see when they open the link of `lmcspec ui`."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tracked_for_tests import SPEC

from lmcspec.base.palette import COLOURS, DENSE
from lmcspec.track import view
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


@contextlib.contextmanager
def served(folder, *runs):
    """The link that `lmcspec ui` prints for a study that has run, each time with the words of one of `runs`."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    (folder / "tracked.toml").write_text(f'title = "Is *it* stable?"\n{SPEC}')
    store = str(folder / "store")
    for words in runs:
        order = [*PROGRAM, "run", str(folder / "tracked.toml"), "--store", store, *words]
        done = subprocess.run(order, env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    port = free_port()
    server = subprocess.Popen(
        [*PROGRAM, "ui", "--store", store, "--port", str(port)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        study, address, *rest = next(iter(server.stderr)).split()
        assert (study, " ".join(rest)) == ("tracked:", "(Ctrl-C ends it)"), "one line, and no word of the server's"
        assert address.startswith(f"http://{HOST}:{port}/")
        yield address
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    with served(tmp_path_factory.mktemp("pages"), []) as address:
        yield address


@pytest.fixture
def page():
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


def test_after_another_learning_rate_the_chart_shows_the_new_lines_only(page, tmp_path):
    """The second run reuses the start and the data; the third has nothing to do, and its lines are the first's again."""
    slower = ["--set", "recipes.real.optimiser.lr=0.01"]
    for runs, rate in (([[], slower], "0.01"), ([[]], "0.1")):
        with served(tmp_path, *runs) as link:
            page.goto(link)
            page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 3")
            page.wait_for_function(
                "[...document.querySelectorAll('.js-plotly-plot')].every(plot => plot.data.length >= 4)"
            )
            names = [line["name"].split(" ")[0] for line in charts(page)[0] if line["name"]]
            assert sorted(set(names)) == ["dense/s0", "dense/s1", "imp/s0", "imp/s1"]
            assert "superseded" not in page.inner_text("[role=grid]") and "superseded" not in " ".join(names)
            drawn = {value for line in charts(page)[0] if line["name"].startswith("imp/s0") for value in line["y"]}
            client, experiment = asked(link)
            found = client.search_runs([experiment], "tags.`lmcspec.kind` = 'series'")
            old = [run for run in found if run.data.tags["lmcspec.current"] == "false"]
            current = [run for run in found if run.data.tags["lmcspec.current"] == "true"]
            assert len(old) == len(current) == 4
            assert {run.data.params["recipe.lr"] for run in current} == {rate}
            assert all(str(run.info.run_name).endswith("(superseded)") for run in old)
            (imp,) = [run for run in current if run.info.run_name == "imp/s0"]
            history = client.get_metric_history(imp.info.run_id, "test/accuracy")
            assert drawn == {point.value for point in history}, "and its numbers are the new ones"


def asked(link):
    """A client of the server behind a link, and the study's experiment."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=link.partition("/#")[0])
    experiment = client.get_experiment_by_name("tracked")
    assert experiment is not None
    return client, experiment.experiment_id


def test_runs_compare_and_show_their_curves(link, page):
    server = link.partition("/#")[0]
    client, experiment = asked(link)
    runs = client.search_runs([experiment], "tags.`lmcspec.kind` = 'series'")
    ids = ",".join(f'"{run.info.run_id}"' for run in runs)
    page.goto(f'{server}/#/compare-runs?runs=[{ids}]&experiments=["{experiment}"]')
    page.wait_for_selector("text=imp/s1")
    page.wait_for_selector("text=final/accuracy")
    (train,) = client.search_runs([experiment], "tags.`lmcspec.label` = 'imp/s0/l2/train'")
    page.goto(f"{server}/#/experiments/{experiment}/runs/{train.info.run_id}")
    page.wait_for_selector("text=final/test_error")
    assert "recipe.lr" in page.inner_text("body")


@pytest.fixture
def narrow(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    return page


def at_the_figure(page):
    """Wait until the page shows the study's charts, and say what stands above them."""
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 3")
    page.wait_for_function("[...document.querySelectorAll('.js-plotly-plot')].every(plot => plot.data.length >= 4)")
    return page.evaluate(f"[...document.querySelectorAll('{TITLES}')].map(title => title.textContent)")


TITLES = "[data-testid=experiment-view-compare-runs-card] h4"


def test_from_the_home_page_two_clicks_lead_to_the_figure(link, narrow):
    """A browser that was never here: Experiments, the study."""
    narrow.goto(link.partition("#")[0])
    narrow.click("a[href$='#/experiments']")
    narrow.click("[role=row] a:has-text('tracked'), td a:has-text('tracked')")
    assert at_the_figure(narrow)[:3] == ["test/accuracy", "instability k0", "instability k3it"]
    assert narrow.url.partition("#")[2].split("?")[0] == link.partition("#")[2].split("?")[0]
    assert "viewStateShareKey=lmcspec" in narrow.url or "compareRunsMode=CHART" in narrow.url


def test_the_page_of_an_experiment_opens_on_its_figure(link, narrow):
    """As a bookmark has it, or a link that another window opens."""
    _, experiment = asked(link)
    narrow.goto(f"{link.partition('#')[0]}#/experiments/{experiment}")
    assert "test/accuracy" in at_the_figure(narrow)


def test_whoever_has_chosen_the_other_workflow_keeps_it(link, narrow):
    narrow.add_init_script("localStorage.setItem('mlflow.workflowType_v1', '\"genai\"')")
    narrow.goto(link.partition("#")[0])
    narrow.wait_for_selector("a[href$='#/experiments']")
    assert narrow.evaluate("localStorage.getItem('mlflow.workflowType_v1')") == '"genai"'


def test_titles_can_be_read_in_a_narrow_window(link, narrow):
    narrow.goto(link)
    titles = at_the_figure(narrow)
    assert titles[:3] == ["test/accuracy", "instability k0", "instability k3it"]
    widths = narrow.evaluate(f"[...document.querySelectorAll('{TITLES}')].map(at => [at.scrollWidth, at.clientWidth])")
    assert len(widths) == len(titles) and all(needed <= room for needed, room in widths), list(
        zip(titles, widths, strict=True)
    )


def test_lines_have_the_colours_of_the_report(link, narrow):
    narrow.goto(link)
    at_the_figure(narrow)
    drawn = narrow.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => plot.data.map("
        "line => [line.name, (line.line ?? {}).color ?? (line.marker ?? {}).color]))"
    )
    colours = {(name.split("/")[0], colour[:7]) for name, colour in drawn if name}
    assert colours == {("imp", COLOURS[0]), ("dense", DENSE)}


def test_the_experiment_says_what_it_is_and_leads_to_its_report(link, narrow):
    narrow.goto(link)
    narrow.wait_for_selector("text=Is *it* stable?")
    with narrow.context.expect_page() as opened:
        narrow.click("a:text-is('report')")
    report = opened.value
    report.set_default_timeout(PATIENCE)
    report.frame_locator("iframe").locator("h1").first.wait_for()


def test_where_mlflow_opens_on_agents_the_first_line_leads_to_the_figure(link, narrow):
    """As a server does that is MLflow's alone, in a browser that was never there."""
    _, experiment = asked(link)
    narrow.goto(f"{link.partition('#')[0]}#/experiments/{experiment}/overview/usage?workflowType=genai")
    with narrow.context.expect_page() as opened:
        narrow.click("button:has-text('Got it')")  # a word of welcome before all else
        narrow.click("a:text-is('charts by level')")
    opened.value.set_default_timeout(PATIENCE)
    assert "test/accuracy" in at_the_figure(opened.value)


def test_the_page_of_a_run_is_that_of_a_training(link, narrow):
    client, experiment = asked(link)
    (train,) = client.search_runs([experiment], "tags.`lmcspec.label` = 'imp/s0/l2/train'")
    narrow.goto(f"{link.partition('#')[0]}{view.page_of(experiment, train.info.run_id)}")
    narrow.wait_for_selector("text=final/test_error")
    text = narrow.inner_text("body")
    assert "Train a network, masked or dense" in text and "--force imp/s0/l2/train" in text
    menu = narrow.inner_text("nav")
    assert "Runs" in menu and "Training runs" not in menu and "Judges" not in menu
    # MLflow folds a long description up, over its links.
    reports = narrow.get_attribute("a:has-text('reports')", "href")
    narrow.goto(f"{link.partition('#')[0]}{reports}")
    narrow.wait_for_selector("[role=row] a:has-text('run 2')")
    assert "imp/s0" not in narrow.inner_text("[role=grid]")
