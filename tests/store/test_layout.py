import errno
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.errors import StoreError
from lmcspec.store import layout

HEX = "0123456789abcdef"
NOT_IDS = ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "../" + "a" * 61, "/" + "a" * 63, "a" * 64 + "\n", "a\x00" * 32]


@pytest.mark.parametrize("text", NOT_IDS)
@pytest.mark.parametrize(
    "path", [layout.object_folder, layout.attempts_folder, layout.lease_file, layout.partial_folder]
)
def test_only_ids_become_paths(tmp_path, path, text):
    with pytest.raises(StoreError, match="not an object id"):
        path(tmp_path, text)


@given(st.text(max_size=70))
def test_any_other_text_is_no_id(text):
    assert layout.is_id(text) == (len(text) == 64 and set(text) <= set(HEX))


def test_an_attempt_is_named_by_32_digits(tmp_path):
    with pytest.raises(StoreError, match="does not name an attempt"):
        layout.attempt_folder(tmp_path, "a" * 64, "../../objects")


def test_a_journal_names_logs_of_attempts_and_nothing_else(tmp_path):
    log = layout.attempt_folder(tmp_path / "store", "a" * 64, "b" * 32) / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("x")
    (tmp_path / "secret").write_text("x")
    elsewhere = f"/old/place/attempts/{'a' * 64}/{'b' * 32}/log.txt"
    assert layout.attempt_log(tmp_path / "store", elsewhere) == layout.attempt_log(tmp_path / "store", str(log)) == log
    for other in (tmp_path / "secret", "", "/", "log.txt", f"{'a' * 64}/{'c' * 32}/log.txt", log.parent):
        assert layout.attempt_log(tmp_path / "store", str(other)) is None
    log.unlink()
    log.symlink_to(tmp_path / "secret")
    assert layout.attempt_log(tmp_path / "store", str(log)) is None


def test_numbers_that_json_lacks_survive(tmp_path):
    layout.write_json(tmp_path, tmp_path / "a", {"loss": [math.inf, -math.inf, 1.5], "deep": {"nan": math.nan}})
    read = layout.read_json(tmp_path, tmp_path / "a")
    assert read["loss"] == [math.inf, -math.inf, 1.5]
    assert math.isnan(read["deep"]["nan"])


def test_create_json_never_overwrites(tmp_path):
    assert layout.create_json(tmp_path, tmp_path / "a", 1)
    assert not layout.create_json(tmp_path, tmp_path / "a", 2)
    assert layout.read_json(tmp_path, tmp_path / "a") == 1
    assert os.listdir(tmp_path) == ["a"]


def test_create_json_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def link(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert layout.create_json(tmp_path, tmp_path / "a", 1, durable=True)
    assert not layout.create_json(tmp_path, tmp_path / "a", 2)
    assert layout.read_json(tmp_path, tmp_path / "a") == 1
    assert os.listdir(tmp_path) == ["a"]


def test_replace_json_keeps_the_old_file_when_it_fails(tmp_path):
    layout.replace_json(tmp_path, tmp_path / "a", {"x": 1})
    with pytest.raises(TypeError):
        layout.replace_json(tmp_path, tmp_path / "a", {"x": object()})
    assert layout.read_json(tmp_path, tmp_path / "a") == {"x": 1}
    assert os.listdir(tmp_path) == ["a"]


def test_a_cache_that_can_t_be_written_is_a_line(tmp_path, monkeypatch, caplog):
    layout.cache_json(tmp_path, tmp_path / "a", {"x": 1})
    assert layout.read_json(tmp_path, tmp_path / "a") == {"x": 1} and caplog.records == []

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)
    layout.cache_json(tmp_path, tmp_path / "a", {"x": 2})
    assert layout.read_json(tmp_path, tmp_path / "a") == {"x": 1}
    assert os.listdir(tmp_path) == ["a"]
    assert caplog.messages == [f"{tmp_path / 'a'} was not written, and is done without: No space left on device"]


def test_a_cache_of_what_is_no_json_is_a_mistake(tmp_path):
    with pytest.raises(TypeError):
        layout.cache_json(tmp_path, tmp_path / "a", {"x": object()})


@pytest.mark.parametrize(
    ("number", "what", "way_out"),
    [
        (errno.ENOSPC, "no space is left", "free some space"),
        (errno.EDQUOT, "quota", "free some space"),
        (errno.EROFS, "can't be written", "--store"),
        (errno.EACCES, "can't be written", "--store"),
        (errno.ENOTDIR, "something stands", "--store"),
        (errno.ESTALE, "cut off", "network mount"),
        (errno.ENOENT, "went away", "run the same command again"),
    ],
)
def test_troubles_of_the_disk_say_what_to_do(tmp_path, number, what, way_out):
    with pytest.raises(StoreError, match=what) as caught, layout.writing(tmp_path):
        raise OSError(number, os.strerror(number))
    assert way_out in caught.value.help
    assert str(tmp_path) in str(caught.value)


def test_other_errors_pass_unchanged(tmp_path):
    with pytest.raises(ConnectionError), layout.writing(tmp_path):
        raise ConnectionError
