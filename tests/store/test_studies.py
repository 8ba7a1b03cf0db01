import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.errors import StoreError
from lmcspec.store import Store, last_plan, layout, record_plan, recorded_studies


def test_the_last_plan_counts(store):
    assert last_plan(store, "fig7") is None
    record_plan(store, "fig7", {"targets": {"a": "1"}})
    record_plan(store, "fig7", {"targets": {"a": "2"}})
    record_plan(store, "other", {})
    assert last_plan(store, "fig7") == {"targets": {"a": "2"}}
    assert recorded_studies(store) == ["fig7", "other"]


def test_an_unreadable_plan_counts_as_none(store, caplog):
    record_plan(store, "fig7", {})
    (store.root / "studies" / "fig7.json").write_text("{")
    assert last_plan(store, "fig7") is None
    assert "unreadable" in caplog.text


def test_on_a_disk_that_refuses_it_the_plan_before_counts(store, monkeypatch, caplog):
    record_plan(store, "fig7", {"targets": {"a": "1"}})

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        record_plan(store, "fig7", {"targets": {"a": "2"}})
    assert "was not written" in caplog.text
    assert last_plan(store, "fig7") == {"targets": {"a": "1"}}


def test_a_plan_that_can_t_be_read_counts_as_none(store, caplog):
    (store.root / "studies" / "fig7.json").mkdir()
    assert last_plan(store, "fig7") is None
    assert "unreadable" in caplog.text


@pytest.fixture(scope="module")
def one_store(tmp_path_factory):
    """A store for all examples of a property."""
    return Store.open(tmp_path_factory.mktemp("examples") / "store")


@given(
    st.one_of(
        st.sampled_from(["..", ".", "../../x", "a/b", "/etc/passwd", "~", "a\0b", "ü ö", "a%2Fb"]),
        st.text(min_size=1, max_size=15),
    )
)
def test_no_name_leads_out_of_the_folder(one_store, study):
    record_plan(one_store, study, {"name": study})
    assert last_plan(one_store, study) == {"name": study}
    assert study in recorded_studies(one_store)
    assert {path.name for path in one_store.root.iterdir()} == {*layout.FOLDERS, layout.STORE}


@pytest.mark.parametrize("study", ["", "x" * 300, "ü" * 100])
def test_impossible_names(store, study):
    with pytest.raises(StoreError) as caught:
        record_plan(store, study, {})
    assert caught.value.help
