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


def test_a_disk_that_refuses_them_is_no_error(store, name, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refuse)
    remember(store, name(1), {})
    assert recall(store, name(1)) is None
