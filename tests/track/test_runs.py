"""Which run did a task, from a ledger written by hand."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from lmcspec.plan import compile_study
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec.track import Ledger, task_links, task_runs
from lmcspec.track.runs import runs_of
from lmcspec.track.where import default_uri, ledger_path

TEXT = """
study = "mine"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "10it", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
networks = { dense = [], imp = [{ data = "real", rounds = 1, rewind = "4it" }] }
measures.accuracy = {}
"""


@pytest.fixture
def plan():
    return compile_study(load(Path("study.toml"), [], text=TEXT))


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(tmp_path / "a store?")


@pytest.fixture
def path(store) -> Path:
    return ledger_path(store, default_uri(store))


def runs(plan, store) -> dict[str, str]:
    return task_runs(plan, store, default_uri(store))


def test_the_study_s_own_run_comes_before_another_s(plan, store, path):
    dense, mask, sparse = (plan.roles[role] for role in ("dense/s0/l0/train", "imp/s0/l1/mask", "imp/s0/l1/train"))
    with Ledger(path) as ledger:
        ledger.assign(f"task/mine/{dense}", "mine")
        ledger.assign(f"task/yours/{dense}", "yours")
        ledger.assign(f"task/yours/{mask}", "yours too")
        ledger.assign(f"task/mine/{'ab' * 32}", "of an older spec")
        ledger.assign("series/mine/imp/s0/0123#1", "a series")
    found = runs(plan, store)
    (passing,) = plan.byproducts
    assert found == {dense: "mine", passing: "mine", mask: "yours too"}
    assert sparse not in found


def test_without_a_ledger_there_are_none_and_nothing_is_made(plan, store, path):
    assert runs(plan, store) == {}
    assert not path.exists()
    shutil.rmtree(store.root / "tracking")
    assert runs(plan, store) == {}


def test_a_damaged_ledger_stays_as_it_is(plan, store, path):
    damaged = b"SQLite format 3\0" + b"\xff" * 5000
    path.write_bytes(damaged)
    assert runs(plan, store) == {}
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("row", [(b"task/\xff", "run"), ("task/mine/x", None), ("task/mine/x", b"\xff")])
def test_rows_of_other_types_are_none(plan, store, path, row):
    with Ledger(path) as ledger:
        ledger.assign(f"task/mine/{plan.roles['dense/s0/l0/train']}", "run")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE loose AS SELECT * FROM runs")  # whose columns take all types
        database.execute("INSERT INTO loose VALUES (?, ?)", row)
        database.execute("DROP TABLE runs")
        database.execute("ALTER TABLE loose RENAME TO runs")
    assert set(runs(plan, store).values()) == {"run"}
    assert runs_of("x", store, default_uri(store)) == {}


def test_a_ledger_of_words_that_are_no_text_is_as_good_as_none(plan, store, path):
    with Ledger(path) as ledger:
        ledger.assign(f"task/mine/{plan.roles['dense/s0/l0/train']}", "run")
    path.write_bytes(path.read_bytes().replace(b"role TEXT", b"rol\xff TEXT"))
    assert runs(plan, store) == {}


def test_another_server_has_runs_of_its_own(plan, store, path):
    with Ledger(path) as ledger:
        ledger.assign(f"task/mine/{plan.roles['dense/s0/l0/train']}", "run")
    assert task_runs(plan, store, "http://localhost:1") == {}


def test_a_run_is_a_page_where_a_server_and_its_experiment_are_known(plan, store):
    dense, mask = (plan.roles[role] for role in ("dense/s0/l0/train", "imp/s0/l1/mask"))
    (passing,) = plan.byproducts
    uri = "http://ada:secret@server:5000/"
    with Ledger(ledger_path(store, uri)) as ledger:
        ledger.assign(f"task/mine/{dense}", "mine")
        ledger.assign(f"task/yours/{mask}", "yours")
        assert task_links(plan, store, uri) == {}, "an older ledger knows no experiments"
        ledger.write("experiment/mine", "7")
    page = "http://server:5000/#/experiments/7/runs/mine?workflowType=machine_learning"
    assert task_links(plan, store, uri) == {dense: page, passing: page}, "yours is nowhere known"
    with Ledger(ledger_path(store, uri)) as ledger:
        ledger.write("experiment/yours", "8")
    assert task_links(plan, store, uri)[mask].startswith("http://server:5000/#/experiments/8/runs/yours?")


def test_runs_in_a_database_have_no_page(plan, store, path):
    with Ledger(path) as ledger:
        ledger.assign(f"task/mine/{plan.roles['dense/s0/l0/train']}", "mine")
        ledger.write("experiment/mine", "7")
    assert task_links(plan, store, default_uri(store)) == {}
