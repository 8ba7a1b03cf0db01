"""`lmcspec report`: what it writes where."""

import hashlib
import html
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from specs_for_tests import STABILITY

from lmcspec.store import Store
from lmcspec.track import Ledger, default_uri
from lmcspec.track.where import ledger_path
from lmcspec.version import __version__

FIGURES = ("accuracy-vs-sparsity", "instability-vs-sparsity", "error-along-path", "cost")


@pytest.fixture
def store(place, finished) -> Store:
    shutil.copytree(finished, place / ".lmcspec")
    return Store.open(place / ".lmcspec")


ASKED = """
[figures]
main = { plot = "accuracy-vs-sparsity", networks = ["imp"], split = "train" }
numbers = { plot = "table", networks = ["dense"] }
"""


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_page_and_its_figures_in_the_store(store, lmcspec):
    said = lmcspec("report", "study.toml")
    page = store.root / "reports" / "tiny" / "report.html"
    assert (said.code, said.out) == (0, f"{page}\n")
    expected = {f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg")} | {"report.html"}
    assert {path.name for path in page.parent.iterdir()} == expected
    assert all(task in page.read_text() for task in (row["task"] for row in results(lmcspec)))
    first = digests(page.parent)
    assert lmcspec("report", "study.toml").code == 0
    assert digests(page.parent) == first, "the same bytes every time"
    assert lmcspec("verify").code == 0
    assert "all 7 tasks are reused" in lmcspec("run", "study.toml").err


def results(lmcspec):
    return lmcspec("results", "study.toml", "--format", "json").data["results"]


def test_elsewhere_and_what_was_written_as_json(store, lmcspec):
    data = lmcspec("report", "study.toml", "-o", "a folder/deep", "--format", "json").data
    assert data["page"] == "a folder/deep/report.html"
    assert all(Path(file).is_file() for file in data["files"])
    assert [figure["name"] for figure in data["figures"]] == list(FIGURES)
    assert not (store.root / "reports").exists()


def test_the_run_of_a_task_is_named(store, lmcspec):
    task = results(lmcspec)[0]["task"]
    with Ledger(ledger_path(store, default_uri(store))) as ledger:
        ledger.assign(f"task/tiny/{task}", "0123abcd-the-run")
    lmcspec("report", "study.toml", "-o", "out")
    line = next(line for line in Path("out/report.html").read_text().splitlines() if f'<tr id="{task}"' in line)
    assert "0123abcd-the-run" in line and "<a " not in line, "a database has no pages"
    assert "lmcspec ui" in Path("out/report.html").read_text()


def test_the_run_of_a_task_is_a_link_where_a_server_has_it(store, lmcspec):
    task = results(lmcspec)[0]["task"]
    uri = "https://ada:secret@mlflow.example/sub/"
    with Ledger(ledger_path(store, uri)) as ledger:
        ledger.assign(f"task/tiny/{task}", "0123abcd")
        ledger.write("experiment/tiny", "7")
    lmcspec("report", "study.toml", "-o", "out", "--tracking-uri", uri)
    text = Path("out/report.html").read_text()
    address = "https://mlflow.example/sub/#/experiments/7/runs/0123abcd?workflowType=machine_learning"
    assert f'<a href="{address}">0123abcd</a>' in text
    assert "secret" not in text and "lmcspec ui" not in text
    assert "--tracking-uri https://mlflow.example/sub/</code>" in text


def test_the_command_that_makes_the_page_makes_this_page(store, lmcspec, monkeypatch):
    """As it is typed, the same bytes at the same place; what the environment says is not said again."""
    uri = f"sqlite:///{Path('runs.db').absolute()}"
    lmcspec("report", "study.toml", "--tracking-uri", uri, "-o", "a folder", "--max-tasks", "50")
    first = digests(Path("a folder"))
    text = html.unescape(Path("a folder/report.html").read_text())
    (command,) = re.findall(r"<code>lmcspec (report .*?)</code>", text)
    assert shlex.split(command)[2:] == ["-o", "a folder", "--tracking-uri", uri, "--max-tasks", "50"]
    shutil.rmtree("a folder")
    assert lmcspec(*shlex.split(command)).code == 0
    assert digests(Path("a folder")) == first
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    lmcspec("report", "study.toml", "-o", "b")
    assert "--tracking-uri" not in Path("b/report.html").read_text()


def test_how_the_results_came_about(store, lmcspec):
    Path("base.toml").write_text(STABILITY)
    Path("study.toml").write_text('extends = "base.toml"\ntitle = "As <written>"\n')
    lmcspec("report", "study.toml", "-o", "out", "--set", "replicates=1", "--compare", "dense", "imp")
    text = Path("out/report.html").read_text()
    for words in (
        "<code>lmcspec report study.toml --set replicates=1 --compare dense imp -o out</code>",
        "<code>lmcspec run study.toml --set replicates=1</code>",
        f"<dd>lmcspec {__version__}</dd>",
        "<summary>study.toml</summary>",
        "<summary>base.toml</summary>",
        "title = &#34;As &lt;written&gt;&#34;",
        "torch ",
    ):
        assert words in text
    assert "lmcspec run study.toml --set replicates=1 --target imp/s0/l1/train --force imp/s0/l1/train" in text
    assert text.count("<polyline") == 2, "error along each path; seven updates are told of once, which is no curve"


def _leading(svg: Path) -> set[str]:
    """The addresses of the page to which the marks of a figure lead."""
    links = re.findall(r'xlink:href="report\.html#([^"]+)"', svg.read_text())
    return {unquote(html.unescape(link)) for link in links}


def test_two_studies_on_one_page(store, lmcspec):
    Path("wide.toml").write_text(STABILITY.replace('study = "tiny"', 'study = "wide"').replace("[16]", "[24]"))
    data = lmcspec("report", "study.toml", "wide.toml", "-o", "out", "--format", "json").data
    text = Path("out/report.html").read_text()
    assert {Path(file).name for file in data["files"]} == {path.name for path in Path("out").iterdir()}
    assert {"tiny-cost.svg", "wide-cost.svg"} <= {Path(file).name for file in data["files"]}
    assert '<h2 id="tiny/study">' in text and '<h2 id="wide/study">' in text
    assert "0 of 5 results" in text and "Numbers side by side" in text
    places = set(map(html.unescape, re.findall(r'\bid="([^"]+)"', text)))
    assert "tiny/imp/l1/accuracy" in _leading(Path("out/tiny-accuracy-vs-sparsity.svg"))
    assert set().union(*map(_leading, Path("out").glob("*.svg"))) <= places, "each leads into its own study"
    assert "<code>lmcspec report study.toml wide.toml -o out</code>" in text
    said = lmcspec("report", "study.toml", "wide.toml")
    assert said.out == f"{store.root / 'reports' / 'tiny+wide' / 'report.html'}\n"


def test_one_file_twice_is_refused_and_so_is_a_comparison_within_several(store, lmcspec):
    Path("linked.toml").symlink_to("study.toml")
    for arguments, says in (
        (["study.toml", "study.toml"], "study.toml is named twice"),
        (["study.toml", "linked.toml"], "study.toml and linked.toml are one file"),
        (["other.toml", "study.toml", str(Path("study.toml").absolute())], "are one file"),
        (["quickstart", "quickstart", "study.toml"], "quickstart is named twice"),
        (["study.toml", "other.toml", "--compare", "dense", "imp"], "--compare is of one study"),
        (["study.toml", "other.toml", "--figure", "cost"], "--figure is of one study"),
    ):
        said = lmcspec("report", *arguments, "-o", "out")
        assert (said.code, said.out) == (2, "") and says in said.err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "next_"),
    [
        (["a b.toml", "a b.toml"], "lmcspec report 'a b.toml' --store .lmcspec OTHER"),
        (["a b.toml", "x", "--compare", "p q", "r"], "lmcspec report 'a b.toml' --store .lmcspec --compare 'p q' r"),
        (["a b.toml", "x", "--figure", "p q"], "lmcspec report 'a b.toml' --store .lmcspec --figure 'p q'"),
    ],
)
def test_what_is_to_be_typed_instead_can_be_copied(store, lmcspec, arguments, next_):
    said = lmcspec("report", *arguments, "--store", ".lmcspec")
    assert said.code == 2 and said.err.rstrip().endswith(next_)


def test_figures_that_the_spec_asks_for(store, lmcspec):
    Path("study.toml").write_text(f"title = 'Is it <stable>?'{STABILITY}{ASKED}")
    data = lmcspec("report", "study.toml", "-o", "out", "--format", "json").data
    assert [figure["name"] for figure in data["figures"]] == ["main", "numbers"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["main.png", "main.svg", "report.html"]
    text = Path("out/report.html").read_text()
    assert "Is it &lt;stable&gt;?" in text
    with open("study.toml", "a") as spec:
        spec.write('sets = { plot = "images" }\n')
    refused = lmcspec("report", "study.toml", "-o", "again")
    assert refused.code == 2 and "E430" in refused.err and "study.toml:20:17" in refused.err
    assert not Path("again").exists(), "a figure of what the study doesn't make is told before anything is written"


def test_a_sweep_has_figures_for_each_case(store, lmcspec):
    cases = "[[sweep.cases]]\ncase = 'slow'\n[[sweep.cases]]\ncase = 'fast'\nrecipes.real.optimiser.lr = 0.2\n"
    Path("study.toml").write_text(STABILITY + cases)
    said = lmcspec("report", "study.toml", "-o", "out")
    assert said.code == 0
    names = {path.name for path in Path("out").iterdir()}
    assert {"slow-cost.svg", "fast-cost.svg"} <= names
    assert "missing" in Path("out/report.html").read_text()


def test_a_name_that_is_no_name_for_a_folder(store, lmcspec):
    said = lmcspec("report", "study.toml", "--set", "study=a[../../../x]")
    assert said.code == 0
    assert Path(said.out.strip()).parent.parent == store.root / "reports"


def test_a_saved_plan_and_one_of_which_nothing_has_run(store, lmcspec):
    lmcspec("plan", "study.toml", "--set", "recipes.real.optimiser.lr=0.2", "-o", "plan.json")
    assert lmcspec("report", "plan.json", "-o", "out").code == 0
    text = Path("out/report.html").read_text()
    assert "0 of 5 results" in text
    assert "no path is in the store yet" in text


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["report"], 2, "Missing argument"),
        (["report", "nowhere.toml"], 2, "nowhere.toml"),
        (["report", "study.toml", "--store", "none"], 4, "there is no store at none"),
        (["report", "study.toml", "-o", "study.toml"], 2, "can't write the report to study.toml"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(store, lmcspec, arguments, code, says):
    said = lmcspec(*arguments)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert "Traceback" not in said.err
