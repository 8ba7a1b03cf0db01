"""What is written reaches the disk in one way, which knows what fsync does not do on macOS."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lmcspec.base import flush

ROOT = Path(__file__).parents[2]


def test_nothing_else_syncs():
    syncing = [
        path.relative_to(ROOT).as_posix()
        for folder in ("lmcspec", "runners")
        for path in (ROOT / folder).rglob("*.py")
        if "fsync(" in path.read_text(encoding="utf-8")
    ]
    assert syncing == ["lmcspec/base/flush.py"]


@pytest.mark.parametrize(("takes_it", "calls"), [(True, ["full"]), (False, ["full", "fsync"])])
def test_on_macos_it_goes_on_to_the_medium_where_the_file_system_can(monkeypatch, takes_it, calls):
    happened = []

    def fcntl(descriptor, command):
        happened.append("full")
        if not takes_it:
            raise OSError

    monkeypatch.setattr(flush, "fcntl", SimpleNamespace(F_FULLFSYNC=51, fcntl=fcntl))
    monkeypatch.setattr(os, "fsync", lambda descriptor: happened.append("fsync"))
    flush.flush(0)
    assert happened == calls
