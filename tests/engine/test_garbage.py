"""What is left of a task is collected, and what stays is not looked at again."""

import gc
import sys
import types
import weakref

import pytest

from lmcspec.engine.garbage import Garbage


class Ring:
    """An object that only the collector can free."""

    def __init__(self):
        self.me = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def ring():
    return weakref.ref(Ring())


def test_cycles_of_every_task_are_freed():
    garbage = Garbage()
    for kept in (0, 0, 1, 1):
        left = ring()
        garbage.collect(kept)
        assert left() is None


def test_what_stays_is_set_aside_once_until_there_is_more(monkeypatch):
    garbage = Garbage()
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(len(frozen)))
    for kept, expected in ((0, 1), (0, 1), (1, 2), (1, 2)):
        garbage.collect(kept)
        assert len(frozen) == expected
    monkeypatch.setitem(sys.modules, "lmcspec_a_module_of_this_test", types.ModuleType("x"))
    garbage.collect(1)
    assert len(frozen) == 3


def test_later_collections_look_at_little():
    garbage = Garbage()
    held = [Ring() for _ in range(1000)]
    garbage.collect(0)
    assert not any(one in held for one in gc.get_objects() if isinstance(one, Ring))
    garbage.collect(0)
    assert all(one.me is one for one in held)
