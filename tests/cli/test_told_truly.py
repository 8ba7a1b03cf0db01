"""What JSON says of damage, why a store stays larger than was asked for, and what is shown of a URL."""

import shutil
import uuid
from pathlib import Path

import pytest

from lmcspec.store import Store
from lmcspec.store.remote import Remote


@pytest.fixture
def study(place, finished, lmcspec):
    """The study, which has run in the store here; its name."""
    shutil.copytree(finished, place / ".lmcspec")
    return lmcspec("status", "--format", "json").data["studies"][0]["study"]


def test_a_record_that_can_not_be_read_stands_in_json_too(study, lmcspec):
    data = lmcspec("status", "--format", "json").data
    assert data["unread"] == {} and data["trouble"] == ""
    record = Path(f".lmcspec/studies/{study}.json")
    record.write_text(record.read_text().replace('"label"', '"lable"'))
    data = lmcspec("status", "--format", "json").data
    assert data["studies"] == [] and data["room"] is None
    assert list(data["unread"]) == [study] and data["unread"][study]
    assert str(record) in data["trouble"] and f"lmcspec forget {study}" in data["trouble"]


def test_what_stays_because_of_other_options_is_not_laid_on_kept_studies_alone(study, lmcspec):
    lmcspec("forget", study)
    assert "--keep spares them" in lmcspec("gc", "--keep", study, "--to", "1B").out
    both = lmcspec("gc", "--keep", study, "--older", "30d", "--to", "1B").out
    assert "--keep and --older spare them" in both
    assert "spare" not in lmcspec("gc", "--to", "1B").out


def test_the_command_that_is_shown_has_no_password(study, lmcspec, monkeypatch):
    url = f"memory://{uuid.uuid4().hex}/study"
    assert lmcspec("sync", "--objects", url).code == 0
    lmcspec("forget", study)
    at = Remote.at
    monkeypatch.setattr(Remote, "at", lambda asked: at(url))
    said = lmcspec("gc", "--objects", url.replace("://", "://me:secret@"))
    assert said.code == 0 and "would go" in said.out and "secret" not in said.out + said.err
    assert list(Store.open(".lmcspec").ids())
