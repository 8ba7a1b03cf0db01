"""Members of families of permutations in tables, records and charts: each by a name of its own, beside its network."""

import contextlib
import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest
from drawn_for_tests import recorded
from results_for_tests import Result
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.cli import main
from lmcspec.report import tidy
from lmcspec.report.figures.choose import of_all_cases
from lmcspec.report.figures.options import options_of
from lmcspec.report.records import COLUMNS, records, write_csv
from lmcspec.report.results_table import results_table
from lmcspec.spec import load
from lmcspec.track import names

TEXT = f"""
replicates = 2
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
imp = [{{ rounds = 1, fraction = 0.5, rewind = {{ each = [0, "2it"] }} }}]
[permutations]
wt = {{ method = "weights", network = "dense", step = {{ each = ["1it", "end"] }}, kernel = {{ each = ["linear", "cosine"] }} }}
ss = {{ method = "weights", network = "imp", level = "same" }}
[measures]
way = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wt", "ss"], points = 3, images = 100 }}
sparse = {{ kind = "connectivity", networks = ["imp"], levels = ["last"], under = ["ss", "wt[step=1it,kernel=linear]"], points = 3, images = 100 }}
fp = {{ kind = "fixed-points", between = ["wt[step=end,kernel=linear]", "wt"] }}
"""
WT = [f"wt[step={step},kernel={kernel}]" for step in ("1it", "end") for kernel in ("linear", "cosine")]
SS = ["ss[rewind=0]", "ss[rewind=2it]"]


def result(target) -> Result:
    if target.kind == "fixed-points":
        return Result({"metrics": {"fixed-points": 0.5, "fixed-points-by-chance": 0.1}})
    summary = {f"{what}/{split}": 0.1 for what in ("instability", "barrier") for split in ("test", "train")}
    return Result({"paths": {"average": {"summary": summary}}, "distance": 1.0, "images": {}})


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def rows(plan):
    return tidy(plan, recorded(plan, result))


def test_one_column_for_what_every_network_is_under_as_its_own(rows):
    table = results_table(rows)
    headings = [column.heading for column in table.columns]
    assert headings == [
        *(f"way under {way}" if way else "way unpermuted" for way in ("", *WT, *SS)),
        "sparse under ss",
        f"sparse under {WT[0]}",
        *(f"fp under {way}" for way in WT),
    ]
    filled = {
        line.network: [heading for heading, value in zip(headings, line.values, strict=True) if value is not None]
        for line in table.lines
    }
    assert filled == {
        "dense": [*headings[:7], *headings[-4:]],
        **dict.fromkeys(("imp[rewind=0]", "imp[rewind=2it]"), headings[7:9]),
    }


def test_records_have_whole_names(plan, rows):
    text = io.StringIO()
    write_csv(records(rows, {}), text)
    lines = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert all(tuple(line) == COLUMNS for line in lines)
    assert {(line["network"], line["under"]) for line in lines} == {
        (target.network, target.under) for target in plan.targets
    }
    assert {line["under"] for line in lines} == {"none", *WT, *SS}
    assert "beside" not in json.dumps([row.document() for row in rows])


def test_charts_are_told_apart_and_shared_by_what_is_compared(rows):
    charts = {}
    for row in rows:
        if (chart := names.chart(row)) is not None:
            assert charts.setdefault((row.network, row.level, chart.name), row) is row, "no number hides another"
    of_network = {
        network: {name for of, _, name in charts if of == network and name.startswith("sparse/barrier under")}
        for network in ("imp[rewind=0]", "imp[rewind=2it]")
    }
    assert of_network["imp[rewind=0]"] == {
        "sparse/barrier under ss",
        "sparse/barrier under wt step:1it kernel:linear",
    }
    assert len(set(map(frozenset, of_network.values()))) == 1, "one chart shows both"


def test_a_figure_of_all_cases_shows_the_members_of_each():
    sweep = """
        [figures]
        f = { plot = "barrier-vs-level", networks = ["imp"], panels = "case", under = ["ss", "none"] }
        [[sweep.cases]]
        case = "early"
        networks.imp.0.rewind = { each = [0, "1it"] }
        [[sweep.cases]]
        case = "late"
        networks.imp.0.rewind = { each = ["3it"] }
        measures.sparse.under = ["none", "ss"]
    """
    cases = load(Path("sweep.toml"), text=TEXT + sweep).cases
    figures = [options_of(case.study.figures["f"]) for case in cases]
    assert [figure.under for figure in figures] == [
        ("ss[rewind=0]", "ss[rewind=1it]", "none"),
        ("ss[rewind=3it]", "none"),
    ]
    assert set(of_all_cases(figures).under) == {"ss[rewind=0]", "ss[rewind=1it]", "ss[rewind=3it]", "none"}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder in which the study ran, with its store, and was tracked."""
    place = tmp_path_factory.mktemp("families")
    (place / "study.toml").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LMCSPEC_NO_TRACKING", raising=False)
        call("run", place, "--runner", "inline")
    return place


def call(command: str, place: Path, *more: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, str(place / "study.toml"), "--store", str(place / "store"), *more])
    assert not stopped.value.code


@pytest.mark.slow
def test_all_the_way_from_a_run_to_a_page(run, capsys):
    capsys.readouterr()
    call("results", run, "--format", "csv", "--network", "dense")
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {line["under"] for line in lines if line["value"] and line["run"]} == {"none", *WT, *SS}
    call("report", run, "-o", str(run / "report"))
    page = (run / "report" / "report.html").read_text()
    assert all(way in page for way in (*WT, "sparse under ss"))
    label = "wt[step=1it,kernel=cosine]/s0-s1/l0/permutation"
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(["explain", str(run / "study.toml"), label, "--store", str(run / "store")])
    assert not stopped.value.code
    assert capsys.readouterr().out.startswith(label)


@pytest.mark.slow
def test_what_a_server_is_told(run):
    with contextlib.closing(sqlite3.connect(run / "store" / "tracking" / "mlflow.db")) as database:
        keys = {key for (key,) in database.execute("select distinct key from metrics")}
    wt = ["wt step:1it kernel:linear", "wt step:1it kernel:cosine", "wt step:end kernel:linear"]
    assert {f"way/barrier under {way}" for way in (*wt, "none", "ss rewind:0", "ss rewind:2it")} <= keys
    assert {f"fp/fixed-points under {way}" for way in wt} <= keys
    assert "sparse/barrier under ss" in keys
