"""An input that a task can't start from: made again, unless it can't be read anew just now."""

import errno
import os

import pytest
from jobs_for_tests import Plan

from lmcspec.engine.context import Workplace
from lmcspec.engine.logs import FileLog
from lmcspec.engine.work import execute
from lmcspec.store import Store, checked

PLACE = Workplace(device="cpu", send=lambda said: None, stopping=lambda: False, open_log=FileLog)


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


@pytest.fixture
def plan():
    return Plan()


@pytest.fixture
def source(store, plan):
    """A result that is whole."""
    source = plan.add(value=2, kind="WRITE")
    assert execute(store, source, plan.payload(source), PLACE).status == "done"
    return source


@pytest.fixture
def task(plan, source):
    """A task that finds it unfit."""
    return plan.add("unfit", needs=(source,))


def test_it_counts_as_missing(store, plan, source, task):
    failure = execute(store, task, plan.payload(task), PLACE).failure
    assert failure is not None and failure.reason == "damaged" and "it is of another model" in failure.message
    assert store.find(source) is None


def test_it_stays_where_it_can_not_be_read_anew(store, plan, source, task, monkeypatch):
    """Its digest held a moment ago, which is remembered; what is read now comes to an error of the disk."""
    monkeypatch.setattr(checked, "_GRAIN", -1)
    digest, calls = checked.hashlib.file_digest, []

    def failing(file, how):
        calls.append(file.name)
        if len(calls) > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return digest(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(checked.hashlib, "file_digest", failing)
        failure = execute(store, task, plan.payload(task), PLACE).failure
    assert failure is not None and failure.reason == "data", failure
    assert "can't be read" in failure.message and len(calls) == 2
    assert store.find(source) is not None
