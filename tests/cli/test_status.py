"""What `status` prints of one study, on the way of a run that is put together by hand."""

import re
from pathlib import Path

import pytest

from lmcspec.store import Store, open_attempt, take


@pytest.fixture
def ids(place, lmcspec) -> dict[str, str]:
    """The study's tasks by label."""
    tasks = lmcspec("plan", "study.toml", "--format", "json", "--store", "none").data["tasks"]
    return {task["label"]: task["id"] for task in tasks}


def rows(out: str) -> dict[str, list[str]]:
    """The lines of the table of networks, by the first word."""
    lines = out.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("network "))
    table = lines[begin + 1 : begin + 3]
    return {line.split()[0]: line.split() for line in table}


def test_before_anything_has_run(place, lmcspec):
    said = lmcspec("status", "study.toml")
    assert said.code == 0
    assert "7 to do" in said.out
    assert rows(said.out)["imp"][1:5] == ["5", "-", "of", "1"]
    assert said.out.splitlines()[-1] == "next: lmcspec run study.toml"
    assert not Path(".lmcspec").exists()


def test_a_study_that_is_done(place, lmcspec, finished):
    said = lmcspec("status", "study.toml", "--store", str(finished))
    assert "7 done" in said.out and "next:" not in said.out and "time left" not in said.out.splitlines()[-2]
    assert rows(said.out)["imp"][1:5] == ["5", "1", "of", "1"]
    assert re.search(r"in the store: [\d.]+ kB: ", said.out)
    data = lmcspec("status", "study.toml", "--store", str(finished), "--format", "json").data
    assert data["left"]["seconds"] == 0
    files = [file for file in finished.glob("objects/*/*/**/*") if file.is_file() and file.name != "DROPPED"]
    taken = sum(file.stat().st_size for file in files)
    assert data["bytes"]["total"] == taken == sum(data["bytes"]["kinds"].values())


def test_while_it_runs_no_command_is_offered_and_afterwards_one_is(place, lmcspec, ids):
    store = Store.open(".lmcspec")
    lease = take(store, ids["dense/s0/l0/train"])
    assert lease is not None
    with lease:
        open_attempt(store, lease.task, lease)
        said = lmcspec("status", "study.toml")
        assert re.search(r"running  dense/s0/l0/train  by process \d+ on \S+, for ", said.out)
        assert "next:" not in said.out and "1 running  6 to do" in said.out
        data = lmcspec("status", "study.toml", "--format", "json").data
        assert [network["counts"]["running"] for network in data["networks"]] == [1, 1]
    assert "next: lmcspec run study.toml" in lmcspec("status", "study.toml").out


def test_what_failed_with_the_line_to_type(place, lmcspec, ids):
    store = Store.open("elsewhere")
    open_attempt(store, ids["imp/s0/l1/train"]).fail({"message": "it had no luck"})
    said = lmcspec("status", "study.toml", "--store", "elsewhere", "--set", "title=x y")
    assert "failed   imp/s0/l1/train  it had no luck" in said.out
    assert said.out.splitlines()[-1] == "next: lmcspec run study.toml --set 'title=x y' --store elsewhere"


def test_the_store_of_another_study(place, lmcspec, finished):
    said = lmcspec("status", "study.toml", "--store", str(finished), "--set", "study=other", "--set", "replicates=2")
    assert "other  store" in said.out and "7 done  7 to do" in said.out
    assert rows(said.out)["dense"][1:3] == ["3", "3"]


def test_missing_data_are_named(place, lmcspec):
    said = lmcspec("status", "study.toml", "--set", "dataset.name=mnist", "--set", "dataset.root=nowhere")
    assert said.code == 0
    assert re.search(r"blocked  there is no .*nowhere", said.out)
    assert "next:" not in said.out
