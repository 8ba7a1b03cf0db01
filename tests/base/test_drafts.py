"""Files and folders that somebody named: whole or not at all."""

import os
import stat

import pytest

from lmcspec.base.drafts import drafted, drafted_folder
from lmcspec.base.errors import UsageError


def write(folder, last: str, names: str, fails: BaseException | None = None) -> None:
    with drafted_folder(folder, last) as draft:
        for name in names:
            (draft / name).write_text(name)
        if fails:
            raise fails


def entries(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_drafts_of_others_stay_and_two_may_write_at_once(tmp_path):
    (tmp_path / ".x.draft").write_text("mine")
    place = tmp_path / "x"
    with drafted(place) as first, drafted(place) as second:
        first.write_text("first")
        second.write_text("second")
    assert place.read_text() == "first", "the last to end"
    assert entries(tmp_path) == [".x.draft", "x"] and (tmp_path / ".x.draft").read_text() == "mine"


def test_a_file_keeps_its_rights_and_a_new_one_has_the_usual(tmp_path):
    for name, rights in (("secret", 0o600), ("program", 0o755), ("closed", 0o400)):
        (tmp_path / name).touch(rights)
        (tmp_path / name).chmod(rights)
        with drafted(tmp_path / name) as draft:
            assert stat.S_IMODE(draft.stat().st_mode) == 0o600, "at no time may more be read"
            draft.write_text("new")
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == rights
    (tmp_path / "usual").touch()
    with drafted(tmp_path / "new") as draft:
        draft.write_text("new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    sync = os.fsync

    def syncing(file):
        synced.append((os.fstat(file).st_size, (tmp_path / "x").exists()))
        sync(file)

    monkeypatch.setattr(os, "fsync", syncing)
    with drafted(tmp_path / "x") as draft:
        draft.write_text("123")
    assert synced == [(3, False)]


def test_a_name_may_be_as_long_as_names_are(tmp_path):
    with drafted(tmp_path / ("x" * 255)) as draft:
        draft.touch()
    assert entries(tmp_path) == ["x" * 255]


def test_a_folder_is_there_at_the_end_with_the_rights_of_any(tmp_path):
    with drafted_folder(tmp_path / "new", last="b") as draft:
        assert not (tmp_path / "new").exists()
        (draft / "b").write_text("1")
    (tmp_path / "usual").mkdir()
    assert entries(tmp_path) == ["new", "usual"] and entries(tmp_path / "new") == ["b"]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


@pytest.mark.parametrize("is_there", [False, True])
def test_nothing_is_left_of_what_fails(tmp_path, is_there):
    place = tmp_path / "place"
    if is_there:
        place.mkdir()
    with pytest.raises(ZeroDivisionError):
        write(place, "a", "a", ZeroDivisionError())
    assert entries(tmp_path) == ["place"] * is_there
    assert not is_there or entries(place) == []


def test_files_move_into_an_empty_folder_one_after_the_other_and_back_out_of_it(tmp_path, monkeypatch):
    """The last one, by which others know that all are there, can't be moved: the first is taken away again."""
    moved = []
    rename = type(tmp_path).rename

    def moving(path, target):
        moved.append(path.name)
        if path.name == "a":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(type(tmp_path), "rename", moving)
    with pytest.raises(UsageError, match="No space left on device"):
        write(tmp_path, "a", "abc")
    assert moved == ["b", "c", "a"] and entries(tmp_path) == []


def test_what_is_there_stays(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(UsageError, match="is there already") as caught:
            write(place, "a", "a")
        assert caught.value.help
    assert entries(tmp_path) == ["file"]


def test_an_empty_folder_may_be_led_to_by_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    write(tmp_path / "link", "a", "a")
    assert (tmp_path / "link").is_symlink() and entries(tmp_path / "real") == ["a"]
