"""`lmcspec results -o`: the same numbers in a file, whole or not at all."""

import csv
import io
import json
from pathlib import Path

import pytest
from pyarrow import parquet


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_file_holds_what_would_be_printed(place, lmcspec, finished, format):
    line = ("results", "study.toml", "--store", str(finished), "--format", format)
    printed = lmcspec(*line).out
    said = lmcspec(*line, "-o", "results")
    assert (said.code, said.out) == (0, "results\n")
    assert Path("results").read_text() == printed
    assert sorted(path.name for path in place.iterdir()) == ["results", "study.toml"]


def test_parquet_has_the_rows_of_the_csv(place, lmcspec, finished):
    line = ("results", "study.toml", "--store", str(finished), "--format")
    lines = list(csv.DictReader(io.StringIO(lmcspec(*line, "csv").out)))
    assert lmcspec(*line, "parquet", "-o", "x.parquet").out == "x.parquet\n"
    rows = parquet.read_table("x.parquet").to_pylist()
    assert [row["task"] for row in rows] == [row["task"] for row in lines]
    assert [row["value"] for row in rows] == [float(row["value"]) for row in lines]
    some = lmcspec(*line, "parquet", "-o", "x.parquet", "--network", "imp")
    assert some.code == 0 and {row["network"] for row in parquet.read_table("x.parquet").to_pylist()} == {"imp"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--format", "parquet"], "-o results.parquet"),
        (["-o", "x.csv"], "--format csv"),
        (["--format", "csv", "-o", "nowhere/x.csv"], "can't write nowhere/x.csv"),
        (["--format", "csv", "-o", "."], "can't write"),
        (["--format", "parquet", "-o", f"{'x' * 300}"], "too long"),
    ],
)
def test_mistakes_end_with_a_sentence_and_write_nothing(place, lmcspec, finished, options, says):
    said = lmcspec("results", "study.toml", "--store", str(finished), *options)
    assert (said.code, said.out) == (2, "") and says in said.err
    assert [path.name for path in place.iterdir()] == ["study.toml"]


def test_a_plan_as_a_graph(place, lmcspec, finished):
    said = lmcspec("plan", "study.toml", "--store", str(finished), "--format", "mermaid")
    assert said.code == 0 and said.out.startswith("flowchart LR\n") and ":::reuse" in said.out and not said.err
    assert lmcspec("plan", "study.toml", "--format", "dot").out.startswith('digraph "tiny" {\n')
    document = json.loads(lmcspec("plan", "study.toml", "--format", "json").out)
    assert document["data"]["counts"] == {"run": 7}
