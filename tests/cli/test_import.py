"""`lmcspec import`: the table of levels, the files, and the same for programs."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from openlth_for_tests import Lenet, write_lottery


@pytest.fixture
def lottery(place):
    torch.manual_seed(1)
    write_lottery(Path("lottery_abc"), [Lenet(64, (16,)) for _ in range(2)], levels=1, end="ep3_it2")
    return place


def test_levels_are_shown_and_nothing_is_written(lottery, lmcspec):
    before = sorted(Path(".").rglob("*"))
    said = lmcspec("import", "lottery_abc")
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == ["replicate", "level", "sparsity", "test", "accuracy", "mask", "checkpoints"]
    assert lines[1] == ["1", "0", "0.0%", "90.00%", "yes", "5it,", "3ep2it"]
    assert lines[2][:3] == ["1", "20.0%", "89.00%"], "the replicate stands once"
    assert len(lines) == 5
    assert "lmcspec import lottery_abc -o FOLDER" in said.err
    assert sorted(Path(".").rglob("*")) == before


def test_the_command_that_is_offered_brings_what_is_shown(lottery, lmcspec):
    branch = "lottery_branch_randomly_prune_1a2b"
    for replicate in (1, 2):
        place = Path(f"lottery_abc/replicate_{replicate}/level_1")
        shutil.copytree(place / "main", place / branch)
    said = lmcspec("import", "lottery_abc", "--branch", branch, "--level", "1")
    assert f"lmcspec import lottery_abc --branch {branch} --level 1 -o FOLDER" in said.err
    assert f"beside main there is the branch {branch}" in said.err


def test_an_accuracy_that_is_no_number_is_one_for_no_program(lottery, lmcspec):
    logger = Path("lottery_abc/replicate_1/level_1/main/logger")
    logger.write_text("test_accuracy,5,nan\n")
    row = next(line for line in lmcspec("import", "lottery_abc").out.splitlines() if "20.0%" in line)
    assert "no number" in row and "nan" not in row
    said = lmcspec("import", "lottery_abc", "--format", "json")
    levels = json.loads(said.out, parse_constant=pytest.fail)["data"]["levels"]
    assert levels[1]["test_accuracy"] == {"nonfinite": "nan"}


def test_it_may_be_brought_to_where_one_stands(lottery, lmcspec, monkeypatch):
    Path("here").mkdir()
    monkeypatch.chdir("here")
    said = lmcspec("import", "../lottery_abc", "-o", ".")
    assert (said.code, said.out.splitlines()[-1]) == (0, "study.toml")
    assert lmcspec("plan", "study.toml", "--set", 'dataset="digits"', "--format", "json").code == 0


def test_files_and_a_spec_that_plans(lottery, lmcspec):
    said = lmcspec("import", "lottery_abc", "-o", "brought")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "brought/study.toml"
    assert "next: lmcspec plan brought/study.toml" in said.err
    planned = lmcspec("plan", "brought/study.toml", "--set", 'dataset="digits"', "--format", "json")
    assert planned.code == 0, planned.err
    again = lmcspec("import", "lottery_abc", "-o", "brought")
    assert again.code == 2 and "brought is there already" in again.err


def test_the_same_for_programs(lottery, lmcspec):
    said = lmcspec("import", "lottery_abc", "-o", "brought", "--level", "1", "--format", "json")
    data = said.data
    assert [(row["replicate"], row["level"]) for row in data["levels"]] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert data["levels"][1]["sparsity"] == pytest.approx(0.2, abs=1e-3)
    assert data["files"][0] == "brought/study.toml" and all(map(Path.exists, map(Path, data["files"])))
    wrong = lmcspec("import", "nowhere", "--format", "json")
    assert wrong.code == 2
    assert json.loads(wrong.out)["errors"][0]["message"] == "there is no folder nowhere"
