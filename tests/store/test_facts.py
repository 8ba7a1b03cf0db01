import errno
import os

import pytest

from lmcspec.base.errors import StoreError
from lmcspec.store import recall, remember


def test_facts_are_kept_by_digest(store, name):
    assert recall(store, name(1)) is None
    remember(store, name(1), {"parameters": 266610})
    remember(store, name(1), {"parameters": 266611})
    assert recall(store, name(1)) == {"parameters": 266611}
    with pytest.raises(StoreError, match="not an object id"):
        recall(store, "../store")


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EFBIG, errno.EMFILE])
def test_a_disk_that_refuses_them_is_no_error(store, name, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    remember(store, name(1), {})
    assert recall(store, name(1)) is None


def test_what_can_t_be_read_was_not_kept(store, name):
    (store.root / "facts" / f"{name(1)}.json").mkdir()
    (store.root / "facts" / f"{name(2)}.json").write_text("{")
    assert recall(store, name(1)) is None
    assert recall(store, name(2)) is None
