import numpy as np
import pytest

from lmcspec.science.data.cache import cache_folder, keep, keep_array, kept_array, whole


def test_the_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path))
    assert cache_folder("a", "b") == tmp_path / "a" / "b"
    monkeypatch.delenv("LMCSPEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert cache_folder("a").parts[-2:] == ("lmcspec", "a")


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    place = tmp_path / "new" / "file"
    with pytest.raises(RuntimeError), whole(place) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert list(place.parent.iterdir()) == []
    assert keep(place, b"all")
    assert place.read_bytes() == b"all"
    assert [file.name for file in place.parent.iterdir()] == ["file"]


def test_an_array_comes_back_mapped_and_writing_to_it_leaves_the_file(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    mapped = keep_array(tmp_path / "a.npy", array)
    assert isinstance(mapped, np.memmap)
    mapped[0, 0] = 7
    again = kept_array(tmp_path / "a.npy")
    assert again is not None
    assert (again == array).all()


def test_a_damaged_array_counts_as_none(tmp_path):
    place = tmp_path / "a.npy"
    assert kept_array(place) is None
    keep_array(place, np.arange(1000))
    place.write_bytes(place.read_bytes()[:500])
    assert kept_array(place) is None


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "inside"
    assert not keep(place, b"")
    array = np.arange(3)
    assert keep_array(place, array) is array
