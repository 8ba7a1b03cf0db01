"""Folders in a shared store that a colleague's umask keeps for themselves: everything else is told and kept up."""

import os

import pytest
from stores_for_tests import fail, interrupt, keep, name_of, put

from lmcspec.base import beneath
from lmcspec.plan.collect import collect
from lmcspec.plan.unneeded import Wish
from lmcspec.store import failed_attempts, interrupted, last_ending, sweep
from lmcspec.store.room import room

MINE, THEIRS = name_of(0), name_of(1)


@pytest.fixture
def shared(store, monkeypatch):
    """A store in which nothing under THEIRS may be read; root may read anything, so that this is played."""
    for task in (MINE, THEIRS):
        fail(store, task)
        interrupt(store, task)
    really = os.open

    def refusing(path, flags, *more, **options):
        if path == THEIRS:
            raise PermissionError(13, "Permission denied", path)
        return really(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refusing)
    return store


def test_room_is_told_without_it(shared, caplog):
    held = room(shared)
    assert [piece.id for piece in held.ended] == [MINE]
    assert {piece.id: piece.bytes > 0 for piece in held.checkpoints} == {MINE: True, THEIRS: False}
    assert THEIRS in caplog.text and "may not be read by you" in caplog.text


def test_what_is_asked_of_it_is_nothing(shared):
    assert failed_attempts(shared, THEIRS) == [] and last_ending(shared, THEIRS) is None
    assert not interrupted(shared, THEIRS) and last_ending(shared, MINE) is not None
    sweep(shared)
    assert beneath.names(shared.root, shared.root / "attempts") == sorted([MINE, THEIRS])


def test_the_rest_is_collected(shared):
    put(shared, name_of(2))
    keep(shared, "mine", {})
    gone = {(piece.piece.what, piece.piece.id) for piece in collect(shared, Wish()).gone}
    assert {("result", name_of(2)), ("attempt", MINE), ("checkpoint", MINE)} <= gone
    assert ("attempt", THEIRS) not in gone
