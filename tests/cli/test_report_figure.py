"""`lmcspec report SPEC --figure NAME`: one figure with its numbers and a caption."""

import csv
import hashlib
import re
import shutil
from math import nan
from pathlib import Path
from urllib.parse import unquote

import pytest

from lmcspec.report.figures.numbers import Grid
from lmcspec.report.figures.style import Drawing
from lmcspec.report.one_figure import _numbers
from lmcspec.report.text_table import TextCell, TextTable
from lmcspec.store import Store

NAME = "error-along-path"
FORMS = ("pdf", "svg", "png", "csv", "txt")


@pytest.fixture
def store(place, finished) -> Store:
    shutil.copytree(finished, place / ".lmcspec")
    return Store.open(place / ".lmcspec")


def test_all_forms_lie_beside_the_page_and_lead_to_it(store, lmcspec):
    said = lmcspec("report", "study.toml", "--figure", NAME, "--for", "column")
    folder = store.root / "reports" / "tiny"
    paths = [folder / f"{NAME}-column.{form}" for form in FORMS]
    assert said.code == 0 and said.out.splitlines()[:5] == list(map(str, paths))
    assert all(path.stat().st_size for path in paths)
    assert said.out.endswith(paths[-1].read_text()), "the caption is printed, too"
    links = set(re.findall(r'xlink:href="report.html#([^"]+)"', paths[1].read_text()))
    assert lmcspec("report", "study.toml").code == 0
    page = (folder / "report.html").read_text()
    assert links and all(f'id="{unquote(link)}"' in page for link in links)


def test_the_numbers_are_those_of_the_results(store, lmcspec):
    lmcspec("report", "study.toml", "--figure", "accuracy-vs-sparsity", "-o", "out")
    with open("out/accuracy-vs-sparsity-page.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    results = lmcspec("results", "study.toml", "--format", "json").data["results"]
    accuracies = {
        (row["network"], row["level"]): row
        for row in results
        if (row["measure"], row["metric"]) == ("accuracy", "test/accuracy")
    }
    assert [(row["line"], row["network"], int(row["level"])) for row in rows[:2]] == [
        ("imp", "imp", 0),
        ("imp", "imp", 1),
    ]
    for row in rows:
        known = accuracies[row["network"], int(row["level"])]
        assert float(row["mean"]) == pytest.approx(100 * known["value"])
        assert float(row["sparsity"]) == pytest.approx(known["sparsity"])
        assert (row["tasks"], row["n"], row["low"], row["y"]) == (known["task"], "1", "", "test accuracy (%)")


def test_the_caption_says_what_has_to_be_known(store, lmcspec):
    data = lmcspec("report", "study.toml", "--figure", NAME, "--format", "json", "-o", "out").data
    (figure,) = data["figures"]
    for words in (
        "n = 1",
        "Study tiny",
        "lmcspec ",
        "stability compares 2 copies, 1 pair of them",
        "Statistics of batch norm",
    ):
        assert words in figure["caption"]
    assert figure["alt"].startswith("Error along the straight path. Test error (%), k = 0, test: ")
    assert figure["name"] == NAME and len(figure["files"]) == 5


def test_the_same_bytes_every_time(store, lmcspec):
    digests = []
    for folder in ("a", "b"):
        assert lmcspec("report", "study.toml", "--figure", "cost", "--for", "slide", "-o", folder).code == 0
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()})
    assert digests[0] == digests[1] and len(digests[0]) == 5


def test_one_file(store, lmcspec):
    said = lmcspec("report", "study.toml", "--figure", NAME, "-o", "figures/fig3.pdf")
    assert (said.code, said.out.splitlines()[0]) == (0, "figures/fig3.pdf")
    assert [path.name for path in Path("figures").iterdir()] == ["fig3.pdf"]
    assert Path("figures/fig3.pdf").read_bytes().startswith(b"%PDF")
    assert "report.html" not in _svg(lmcspec), "no page lies beside it"


def test_large_letters_are_the_same_form_and_folders_may_have_any_name(store, lmcspec):
    assert lmcspec("report", "study.toml", "--figure", NAME, "-o", "fig3.PDF").out.startswith("fig3.PDF\n")
    assert Path("fig3.PDF").read_bytes().startswith(b"%PDF")
    Path("all.png").mkdir()
    for folder in ("all.png", "run-0.5"):
        assert lmcspec("report", "study.toml", "--figure", NAME, "-o", folder).code == 0
        assert len(list(Path(folder).iterdir())) == len(FORMS)


def _svg(lmcspec) -> str:
    lmcspec("report", "study.toml", "--figure", NAME, "-o", "alone.svg")
    text = Path("alone.svg").read_text()
    assert "<title>imp at level 1, " in text, "what marks are is said all the same"
    return text


CASES = "[[sweep.cases]]\ncase = 'slow'\n[[sweep.cases]]\ncase = 'fast'\nrecipes.real.optimiser.lr = 0.2\n"


def test_each_case_has_its_own(store, lmcspec):
    Path("study.toml").write_text(Path("study.toml").read_text() + CASES)
    data = lmcspec("report", "study.toml", "--figure", "cost", "--format", "json", "-o", "out").data
    assert [figure["name"] for figure in data["figures"]] == ["slow-cost", "fast-cost"]
    refused = lmcspec("report", "study.toml", "--figure", "cost", "-o", "cost.pdf")
    assert refused.code == 2 and "name one: slow-cost, fast-cost" in refused.err
    assert lmcspec("report", "study.toml", "--figure", "fast-cost", "-o", "cost.pdf").out.startswith("cost.pdf\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--figure", "cots"], "did you mean cost? there are: accuracy-vs-sparsity, instability-vs-sparsity, "),
        (["--figure", "x"], "there is no figure 'x'"),
        (["--figure", "cost", "--for", "poster"], "there are: column, page, slide"),
        (["--for", "page"], "say which with --figure NAME"),
        (["--figure", "cost", "--compare", "dense", "imp"], "say one of them"),
        (["--figure", "cost", "-o", "study.toml"], "study.toml: no figure is written as toml"),
        (["--figure", "cost", "-o", "fig.jpg"], "end its name in pdf, svg, png, csv, txt; a folder that is called so"),
        (["--figure", "cost", "-o", "a-file"], "can't write the figure to a-file"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(store, lmcspec, arguments, says):
    Path("a-file").touch()
    said = lmcspec("report", "study.toml", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err and "Traceback" not in said.err


def test_what_is_not_there_yet_is_said(store, lmcspec):
    said = lmcspec("report", "study.toml", "--set", "recipes.real.optimiser.lr=0.3", "--figure", NAME)
    assert said.code == 2 and f"{NAME} can't be drawn: no path is in the store yet" in said.err
    assert "lmcspec status study.toml --set recipes.real.optimiser.lr=0.3" in said.err


def test_planes_have_a_line_for_each_point_and_their_table_is_one_by_itself():
    grids = tuple(Grid(name, "distance", (0.0, 1.0), (2.0, 3.0), "loss", [[1, 2], [3, nan]]) for name in ("a", "b"))
    table = TextTable(("network", "distance"), ((TextCell("a"), TextCell("0.5")),))
    written = _numbers(Drawing("x", "X", None, table=table, grids=grids))
    assert list(written) == ["csv", "table.csv"]
    rows = list(csv.DictReader(written["csv"].decode().splitlines()))
    assert [(row["panel"], row["x"], row["y"], row["value"]) for row in rows[:4]] == [
        ("a", "0.0", "2.0", "1"),
        ("a", "1.0", "2.0", "2"),
        ("a", "0.0", "3.0", "3"),
        ("a", "1.0", "3.0", "nan"),
    ]
    assert len(rows) == 8 and {row["of"] for row in rows} == {"loss"}
    assert written["table.csv"].decode() == "network,distance\na,0.5\n"
