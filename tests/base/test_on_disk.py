"""Waiting for the disk, for many files at once."""

import os
import threading

import pytest

from lmcspec.base.beneath import ForeignError
from lmcspec.base.on_disk import AT_ONCE, sync_all


def files_in(folder, count):
    paths = [folder / f"{number}" for number in range(count)]
    for path in paths:
        path.write_bytes(b"x")
    return paths


def test_every_file_and_folder_is_synced(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(os.fstat(descriptor).st_ino), fsync(descriptor)))
    (tmp_path / "deep").mkdir()
    paths = [*files_in(tmp_path / "deep", 3 * AT_ONCE), tmp_path / "deep", tmp_path]
    sync_all(tmp_path, paths)
    assert sorted(synced) == sorted(path.stat().st_ino for path in paths)
    sync_all(tmp_path, [])


def test_they_wait_together(tmp_path, monkeypatch):
    """No call would come back if each waited for the one before it."""
    together = threading.Barrier(AT_ONCE)
    monkeypatch.setattr(os, "fsync", lambda descriptor: together.wait(30))
    sync_all(tmp_path, files_in(tmp_path, AT_ONCE))


def test_an_error_is_raised_when_all_others_are_through(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(1), fsync(descriptor)))
    paths = files_in(tmp_path, 6)
    paths[2].unlink()
    with pytest.raises(FileNotFoundError, match="/2"):
        sync_all(tmp_path, paths)
    assert len(synced) == 5
    paths[2].symlink_to(paths[1])
    with pytest.raises(ForeignError):
        sync_all(tmp_path, paths)
