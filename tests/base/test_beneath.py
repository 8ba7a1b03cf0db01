"""Nothing below a root is reached through a link: whatever is done with a path, what the link leads to stays."""

import os
import socket
from pathlib import Path

import pytest

from lmcspec.base import beneath
from lmcspec.base.beneath import ForeignError


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "root" / "own").mkdir(parents=True)
    (tmp_path / "root" / "own" / "file").write_text("ours")
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_text("theirs")
    (tmp_path / "victim" / "deep").mkdir()
    return tmp_path / "root"


ACTS = {
    "read": lambda root, path: beneath.read(root, path),
    "write": lambda root, path: beneath.write(root, path, b"x"),
    "append": lambda root, path: os.close(beneath.open_file(root, path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)),
    "sync": lambda root, path: beneath.sync(root, path),
    "make": lambda root, path: beneath.make_folder(root, path),
    "make all": lambda root, path: beneath.make_folders(root, path),
    "move away": lambda root, path: beneath.move(root, path, root / "aside"),
    "move there": lambda root, path: beneath.move(root, root / "own" / "file", path),
    "replace": lambda root, path: beneath.replace(root, root / "own" / "file", path),
    "link": lambda root, path: beneath.link(root, root / "own" / "file", path),
    "remove": lambda root, path: beneath.remove(root, path),
    "remove empty": lambda root, path: beneath.remove_empty(root, path),
    "remove tree": lambda root, path: beneath.remove_tree(root, path),
    "names": lambda root, path: beneath.names(root, path),
    "look": lambda root, path: beneath.look(root, path),
    "walk": lambda root, path: list(beneath.walk(root, path)),
}


def everything(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else "" for path in folder.rglob("*")
    }


@pytest.mark.parametrize("below", ["", "file", "deep", "new"])
@pytest.mark.parametrize("act", ACTS)
def test_what_a_link_leads_to_is_never_touched(root, act, below):
    victim = root.parent / "victim"
    before = everything(victim)
    (root / "link").symlink_to(victim)
    try:
        found = ACTS[act](root, root / "link" / below if below else root / "link")
    except OSError:
        found = None
    assert everything(victim) == before
    assert not found or (act == "look" and not below) or found == [(root / "link" / below, "a folder")]


@pytest.mark.parametrize("act", ["read", "append", "remove", "replace"])
@pytest.mark.parametrize("kind", ["a symbolic link", "a pipe", "a socket", "a folder"])
def test_a_file_of_ours_is_a_plain_file(root, act, kind):
    path = root / "own" / "it"
    match kind:
        case "a symbolic link":
            path.symlink_to(root.parent / "victim" / "file")
        case "a pipe":
            os.mkfifo(path)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(os.path.relpath(path))
        case _:
            path.mkdir()
    if act == "append" and kind == "a folder":
        with pytest.raises(IsADirectoryError):
            ACTS[act](root, path)
    else:
        with pytest.raises(ForeignError) as caught:
            ACTS[act](root, path)
        assert f"{path} is {kind}, not a file of the store's own" in str(caught.value)
        assert caught.value.help and caught.value.exit_code == 4
    assert os.path.lexists(path)
    assert (root.parent / "victim" / "file").read_text() == "theirs"


def test_a_link_is_deleted_as_such_where_anything_goes(root):
    (root / "link").symlink_to(root.parent / "victim")
    beneath.remove_any(root, root / "link")
    assert not os.path.lexists(root / "link")
    (root / "tree" / "deep").mkdir(parents=True)
    (root / "tree" / "link").symlink_to(root.parent / "victim")
    beneath.remove_any(root, root / "tree")
    assert not (root / "tree").exists()
    beneath.remove_any(root, root / "nothing")
    assert everything(root.parent / "victim") == {"file": "theirs", "deep": ""}


def test_a_tree_is_removed_with_its_links(root):
    (root / "own" / "link").symlink_to(root.parent / "victim")
    (root / "own" / "deep").mkdir()
    (root / "own" / "deep" / "to-file").symlink_to(root.parent / "victim" / "file")
    beneath.remove_tree(root, root / "own")
    assert not (root / "own").exists()
    assert everything(root.parent / "victim") == {"file": "theirs", "deep": ""}


def test_a_swap_in_the_middle_of_the_way_is_noticed(root, monkeypatch):
    """Between a look and what follows a folder becomes a link: each step is taken in the folder of the one before."""
    victim = root.parent / "victim"
    really = os.open

    def swapped(path, flags, *rest, **more):
        if path == "own":
            (root / "own").rename(root / "away")
            (root / "own").symlink_to(victim)
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(ForeignError, match="own is a symbolic link"):
        beneath.remove(root, root / "own" / "file")
    assert everything(victim) == {"file": "theirs", "deep": ""}


def test_the_root_may_be_a_link(root):
    (root.parent / "named").symlink_to(root)
    named = root.parent / "named"
    beneath.write(named, named / "own" / "new", b"x")
    assert beneath.names(named, named / "own") == ["file", "new"]
    assert (root / "own" / "new").read_bytes() == b"x"


def test_missing_things_are_what_they_are_everywhere(root):
    with pytest.raises(FileNotFoundError, match="own/none"):
        beneath.read(root, root / "own" / "none")
    with pytest.raises(NotADirectoryError):
        beneath.read(root, root / "own" / "file" / "below")
    assert beneath.look(root, root / "own" / "file" / "below") is None
    assert beneath.names(root, root / "none") == []
    beneath.remove(root, root / "own" / "none")
    beneath.remove_tree(root, root / "none")


def test_files_deep_down_end_a_walk_not_the_process(root):
    folder = os.open(root, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    assert "a folder too deep in others" in {kind for _, kind in beneath.walk(root, root)}
