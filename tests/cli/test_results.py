"""`lmcspec results`: the numbers of a finished study in three forms, and what is not there."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from lmcspec.store import Store, layout
from lmcspec.store.checked import signed
from lmcspec.track import Ledger, default_uri
from lmcspec.track.where import ledger_path


@pytest.fixture
def store(place, finished) -> Store:
    shutil.copytree(finished, place / ".lmcspec")
    return Store.open(place / ".lmcspec")


def test_every_value_with_the_task_and_the_run_it_comes_from(store, lmcspec):
    data = lmcspec("results", "study.toml", "--format", "json").data
    assert data["study"] == "tiny"
    accuracies = [row for row in data["results"] if row["metric"] == "test/accuracy"]
    assert [(row["network"], row["level"], row["sparsity"]) for row in accuracies] == [
        ("dense", 0, 0.0),
        ("imp", 0, 0.0),
        ("imp", 1, 0.5),
    ]
    for row in accuracies:
        assert row["value"] == 1 - store.find(row["task"]).scalars["test_error"]
        assert (row["run"], row["outcome"], row["n"], row["k"]) == (None, "ok", 1, None)
    with Ledger(ledger_path(store, default_uri(store))) as ledger:
        ledger.assign(f"task/tiny/{accuracies[2]['task']}", "abc")
    again = lmcspec("results", "study.toml", "--format", "json").data["results"]
    assert [row["run"] for row in again if row["metric"] == "test/accuracy"] == [None, None, "abc"]
    elsewhere = lmcspec("results", "study.toml", "--format", "json", "--tracking-uri", "http://localhost:1").data
    assert {row["run"] for row in elsewhere["results"]} == {None}


def test_csv_and_json_say_the_same(store, lmcspec):
    rows = lmcspec("results", "study.toml", "--format", "json").data["results"]
    read = list(csv.DictReader(io.StringIO(lmcspec("results", "study.toml", "--format", "csv").out)))
    assert len(read) == len(rows) > 10
    for text, row in zip(read, rows, strict=True):
        assert list(text) == list(row)
        assert float(text["value"]) == row["value"]
        assert (text["metric"], text["task"], text["k"]) == (row["metric"], row["task"], row["k"] or "")


def test_the_tables_are_those_of_run(store, lmcspec):
    assert lmcspec("results", "study.toml").out == lmcspec("run", "study.toml").out


def test_what_is_missing_is_a_row_without_a_value(store, lmcspec):
    changed = lmcspec("results", "study.toml", "--format", "json", "--set", "recipes.real.optimiser.lr=0.2")
    assert changed.code == 0
    assert {(row["value"], row["outcome"]) for row in changed.data["results"]} == {(None, "missing")}


def test_filters(store, lmcspec):
    def rows(*arguments):
        return lmcspec("results", "study.toml", "--format", "json", *arguments).data["results"]

    assert {row["network"] for row in rows("--network", "imp")} == {"imp"}
    assert {row["network"] for row in rows("--network", "imp", "--network", "dense")} == {"imp", "dense"}
    assert {row["k"] for row in rows("--measure", "stability")} == {"0"}
    swept = ("--set", "sweep.grid={replicates=[1,2]}")
    assert {row["case"] for row in rows(*swept)} == {"replicates=1", "replicates=2"}
    assert {row["case"] for row in rows(*swept, "--case", "replicates=2")} == {"replicates=2"}
    assert "instability" not in lmcspec("results", "study.toml", "--measure", "accuracy").out.splitlines()[1]


def test_a_saved_plan(store, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    expected = lmcspec("results", "study.toml", "--format", "csv").out
    Path("study.toml").unlink()
    assert lmcspec("results", "plan.json", "--format", "csv").out == expected


def refuse(text):
    raise AssertionError(f"{text} is not JSON")


@pytest.mark.parametrize("command", ["results", "run"])
def test_numbers_that_are_not_finite_are_json_all_the_same(store, lmcspec, command):
    task = lmcspec("results", "study.toml", "--format", "json").data["results"][-1]["task"]
    path = store.find(task).path / "COMMIT"
    document = json.loads(path.read_text())
    document["result"]["scalars"]["distance"] = {"nonfinite": "inf"}
    del document["digest"]
    path.write_bytes(layout.text(signed(document)))
    said = lmcspec(command, "study.toml", "--format", "json")
    rows = json.loads(said.out, parse_constant=refuse)["data"]["results"]
    values = [row["value"] for row in rows if row["metric"] == "distance" and row["task"] == task]
    assert values == [{"nonfinite": "inf"}]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["results"], 2, "Missing argument"),
        (["results", "nowhere.toml"], 2, "nowhere.toml"),
        (["results", "study.toml", "--network", "inp"], 2, "did you mean imp?"),
        (["results", "study.toml", "--measure", "landscape"], 2, "there are: accuracy, stability"),
        (["results", "study.toml", "--case", "slow"], 2, "there are: none"),
        (["results", "study.toml", "--store", "none"], 4, "there is no store at none"),
        (["results", "study.toml", "--store", "study.toml"], 4, "file"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(store, lmcspec, arguments, code, says):
    said = lmcspec(*arguments)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert "Traceback" not in said.err
