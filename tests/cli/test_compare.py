"""`lmcspec compare`: networks of one study side by side, in three forms, and what can't be."""

import csv
import io
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from specs_for_tests import SEVEN_UPDATES

from lmcspec.cli import main
from lmcspec.report.contrast_records import COLUMNS

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, fraction = 0.5, rewind = { each = [0, "3it"] } }]
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = ["last"], points = 5 }
"""
)
REWINDS = ("imp[rewind=0]", "imp[rewind=3it]")


@pytest.fixture(scope="session")
def compared(tmp_path_factory):
    """A store in which the study has run with three replicates."""
    place = tmp_path_factory.mktemp("compared")
    (place / "study.toml").write_text(STUDY)
    arguments = [str(place / "study.toml"), "--store", str(place / "store"), "--set", "replicates=3"]
    with pytest.raises(SystemExit) as stopped:
        main(["run", *arguments, "--runner", "inline", "--no-tracking"])
    assert not stopped.value.code
    return place / "store"


@pytest.fixture
def store(place, compared):
    Path("study.toml").write_text(STUDY.replace('study = "tiny"', 'study = "tiny"\nreplicates = 3'))
    shutil.copytree(compared, place / ".lmcspec")
    return place / ".lmcspec"


def records(lmcspec, *names, more=()):
    return lmcspec("compare", "study.toml", *names, "--format", "json", *more).data["contrasts"]


def test_two_rewinds_of_one_study(store, lmcspec):
    said = lmcspec("compare", "study.toml", *REWINDS)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "tiny  A imp[rewind=0]  B imp[rewind=3it]"
    assert lines[1].split() == ["measure", "level", "sparsity", "A", "B", "B", "-", "A", "n", "B", "is"]
    assert any(line.lstrip().startswith("instability k=0 / 3it") for line in lines)
    values = {
        (row["network"], row["level"], row["replicate"]): row["value"]
        for row in lmcspec("results", "study.toml", "--format", "json").data["results"]
        if row["metric"] == "test/accuracy"
    }
    one = next(one for one in records(lmcspec, *REWINDS) if one["measure_a"] == "accuracy" and one["level_a"] == 1)
    differences = [values[REWINDS[1], 1, number] - values[REWINDS[0], 1, number] for number in range(3)]
    assert one["difference"] == pytest.approx(sum(differences) / 3)
    assert (one["n"], one["paired"], one["n_a"], one["n_b"]) == (3, True, 3, 3)
    assert len(one["tasks_a"].split()) == 3


def test_csv_and_json_say_the_same(store, lmcspec):
    documents = records(lmcspec, *REWINDS)
    text = lmcspec("compare", "study.toml", *REWINDS, "--format", "csv").out
    read = list(csv.DictReader(io.StringIO(text)))
    assert len(read) == len(documents) == 3
    for line, document in zip(read, documents, strict=True):
        assert tuple(line) == tuple(document) == COLUMNS
        assert float(line["mean_a"]) == document["mean_a"]
        assert (line["verdict"], line["network_b"]) == (document["verdict"], document["network_b"])


def test_a_measure_and_other_settings(store, lmcspec):
    assert {one["measure_a"] for one in records(lmcspec, *REWINDS, more=("--measure", "stability"))} == {"stability"}
    few = records(lmcspec, *REWINDS, more=("--set", "replicates=1"))
    assert {(one["n"], one["low"], one["verdict"]) for one in few[1:]} == {(1, None, "undecided")}


def test_what_would_decide_it_can_be_typed(store, lmcspec):
    said = lmcspec("compare", "study.toml", *REWINDS, "--set", "replicates=1")
    assert "undecided. With more replicates intervals exclude 0, or " in said.out
    command = next(line.strip() for line in said.out.splitlines() if line.strip().startswith("lmcspec run"))
    words = shlex.split(command)
    assert words[2:5] == ["study.toml", "--set", "replicates=3"]
    offer = lmcspec("compare", "study.toml", *REWINDS, "--set", "replicates=1", "--format", "json").data["replicates"][
        0
    ]
    assert (offer["command"], offer["replicates"], offer["tasks"]) == (command, 3, 0), "three have run already"
    ran = lmcspec(*words[1:], "--no-tracking")
    assert (ran.code, "Nothing to do" in ran.err, "undecided" in ran.err) == (0, True, False)
    elsewhere = lmcspec("compare", "study.toml", *REWINDS, "--set", "replicates=1", "--store", str(store))
    assert f"--store {store}" in elsewhere.out


def test_what_is_left_out_and_what_is_missing_is_said(store, lmcspec):
    said = lmcspec("compare", "study.toml", "dense", "imp[rewind=0]")
    assert "imp[rewind=0], accuracy at level 1: dense is measured at no level of such a sparsity" in said.out
    assert "imp[rewind=0], stability: not measured of dense" in said.out
    missing = lmcspec("compare", "study.toml", *REWINDS, "--set", "recipes.real.optimiser.lr=0.2")
    assert missing.code == 0
    assert "3 results missing at level 1" in missing.out


def test_undecided_verdicts_say_what_would_decide_them(store, lmcspec):
    said = lmcspec("results", "study.toml", "--set", "replicates=1")
    assert "they need 3 replicates" in said.out
    assert "lmcspec run study.toml --set replicates=3" in said.err
    assert said.out.count("\n") and "lmcspec run" not in said.out, "results are the same wherever they are read"
    assert lmcspec("results", "study.toml").err == ""


def test_a_saved_plan_has_no_command(store, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    said = lmcspec("compare", "plan.json", *REWINDS)
    assert (said.code, "lmcspec run" in said.out) == (0, False)
    assert lmcspec("compare", "plan.json", *REWINDS, "--set", "replicates=2").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["study.toml", "imp", "imp"], 2, "imp and imp are the same"),
        (["study.toml", "imp", "dnse"], 2, "did you mean dense?"),
        (["study.toml", "imp", "x"], 2, "there are dense, imp[rewind=0], imp[rewind=3it]"),
        (["study.toml", "imp"], 2, "Missing argument"),
        (["study.toml", "imp", "dense", "--measure", "acuracy"], 2, "did you mean accuracy?"),
        (["study.toml", "imp", "dense", "--measure", "stability"], 2, "not measured of dense"),
        (["study.toml", "imp", "dense", "--store", "nowhere"], 4, "there is no store at nowhere"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(store, lmcspec, arguments, code, says):
    said = lmcspec("compare", *arguments)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_report_with_a_comparison(store, lmcspec):
    data = lmcspec("report", "study.toml", "-o", "out", "--compare", *REWINDS, "--format", "json").data
    page = Path("out/report.html").read_text()
    links = {unquote(link) for link in re.findall(r'href="#([^"]+)"', page)}
    assert links and links <= set(re.findall(r'id="([^"]+)"', page)), "those of the figure of differences, too"
    assert "imp[rewind=3it] (B) against imp[rewind=0] (A)" in page
    assert "instability k=0 / 3it" in page
    assert data["figures"][0]["name"] == "comparison"
    assert {Path("out", f"comparison.{suffix}").is_file() for suffix in ("svg", "png")} == {True}
    plain = lmcspec("report", "study.toml", "-o", "plain", "--format", "json").data
    assert "comparison" not in {figure["name"] for figure in plain["figures"]}
    assert 'id="comparison"' not in Path("plain/report.html").read_text()
    wrong = lmcspec("report", "study.toml", "--compare", "imp", "dnse")
    assert (wrong.code, "did you mean dense?" in wrong.err) == (2, True)
