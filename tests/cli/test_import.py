"""`lmcspec import`: the table of levels, the files, and the same for programs."""

import json
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
    assert lines[2][:4] == ["1", "1", "20.0%", "89.00%"]
    assert len(lines) == 5
    assert "lmcspec import lottery_abc -o FOLDER" in said.err
    assert sorted(Path(".").rglob("*")) == before


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
