"""Looks at folders of images: what is kept from one to the next, when it is believed, and when it is made again."""

import os
import shutil
import threading
import time

import numpy as np
import pytest
from folders_for_tests import CONFIG, LATER, complaint, pixels, put, two_classes
from PIL import Image

from lmcspec.science.data import arrays as plain
from lmcspec.science.data.sets import folder, listing


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def later(monkeypatch):
    """Folders are looked at ten seconds after they were written; `later(0)` for at once."""

    def by(nanoseconds):
        monkeypatch.setattr(listing, "now", lambda: time.time_ns() + nanoseconds)

    by(LATER)
    return by


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded into the array, in order."""
    names = []
    honest = folder.decode_into

    def watch(out, digests, rows, root, all_names, resize):
        names.extend(all_names[row] for row in rows)
        honest(out, digests, rows, root, all_names, resize)

    monkeypatch.setattr(folder, "decode_into", watch)
    return names


@pytest.fixture
def root(tmp_path):
    return two_classes(tmp_path / "images")


def test_the_second_look_decodes_nothing(root, decoded):
    first = folder.load(CONFIG, root)
    assert len(decoded) == 10
    decoded.clear()
    second = folder.load(CONFIG, root)
    assert decoded == []
    assert isinstance(second.train_images, np.memmap)
    assert plain.digest(second) == plain.digest(first)


def test_only_changed_files_are_decoded_again(root, decoded):
    before = folder.facts(CONFIG, root)
    decoded.clear()
    put(root / "train" / "dog" / "1.png", pixels(77))
    put(root / "train" / "cat" / "3.png", pixels(78))
    (root / "test" / "dog" / "0.png").unlink()
    facts = folder.facts(CONFIG, root)
    assert decoded == ["train/cat/3.png", "train/dog/1.png"]
    assert (facts.train, facts.test) == (7, 3)
    assert facts.digest != before.digest
    arrays = folder.load(CONFIG, root)
    assert plain.digest(arrays) == facts.digest
    assert (arrays.train_images[5] == pixels(77).transpose(2, 0, 1)).all()
    assert (arrays.test_images[2] == pixels(111).transpose(2, 0, 1)).all()


def test_a_file_edited_in_place_changes_the_digest(root):
    path = root / "train" / "cat" / "0.png"
    before, size, inode = folder.facts(CONFIG, root), path.stat().st_size, path.stat().st_ino
    image = pixels(0)
    image[0, 0, 0] ^= 255
    with open(path, "r+b") as file:
        Image.fromarray(image).save(file, "png")
        file.truncate()
    assert path.stat().st_ino == inode
    assert abs(path.stat().st_size - size) < 10
    after = folder.facts(CONFIG, root)
    assert after.digest != before.digest
    assert after == plain.facts(folder.load(CONFIG, root))


def test_a_file_too_fresh_to_be_sure_of_is_read_again(root, decoded, later):
    """Between two writes a clock tick apart size, times and inode can all stay as they were."""
    later(0)
    path = root / "test" / "cat" / "1.png"
    Image.fromarray(pixels(5)).save(path, compress_level=0)
    status = path.stat()
    before = folder.facts(CONFIG, root)
    with open(path, "r+b") as file:
        Image.fromarray(pixels(6)).save(file, "png", compress_level=0)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    decoded.clear()
    assert folder.facts(CONFIG, root).digest != before.digest
    assert "test/cat/1.png" in decoded


def test_the_cache_holds_one_array_a_folder(root, cache):
    for seed in range(3):
        put(root / "train" / "cat" / "0.png", pixels(seed))
        facts = folder.facts(CONFIG, root)
    (place,) = (cache / "folders").iterdir()
    assert {file.name for file in place.iterdir()} == {"lock", "index.npz", f"{facts.digest}.npy"}


@pytest.mark.parametrize("damage", ["index.npz", "array", "folder"])
def test_a_damaged_cache_is_made_again(root, cache, damage):
    before = folder.facts(CONFIG, root)
    (place,) = (cache / "folders").iterdir()
    if damage == "folder":
        shutil.rmtree(cache)
    else:
        file = place / (damage if damage == "index.npz" else f"{before.digest}.npy")
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert plain.digest(folder.load(CONFIG, root)) == before.digest


def test_a_cache_that_cannot_be_written_costs_only_time(root, tmp_path, monkeypatch, decoded):
    expected = folder.facts(CONFIG, root)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "file" / "inside"))
    decoded.clear()
    for _ in range(2):
        assert plain.digest(folder.load(CONFIG, root)) == expected.digest
    assert len(decoded) == 20


def test_a_disk_without_room_costs_only_time(root, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    arrays = folder.load(CONFIG, root)
    assert not isinstance(arrays.train_images, np.memmap)
    assert (arrays.train_images[0] == pixels(0).transpose(2, 0, 1)).all()


def test_two_at_once_decode_once(root, decoded):
    found = []
    threads = [threading.Thread(target=lambda: found.append(folder.facts(CONFIG, root))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(decoded) == 10


def test_a_folder_replaced_by_one_of_equal_sizes_and_times_is_another(root, tmp_path):
    """As `cp -p`, `rsync -a` and archives whose times are all of 1980 leave it."""
    for path in root.rglob("*.png"):
        image = np.asarray(Image.open(path))
        Image.fromarray(image).save(path, compress_level=0)
        os.utime(path, (315_532_800, 315_532_800))
    before = folder.facts(CONFIG, root)
    other = tmp_path / "other"
    shutil.copytree(root, other)
    for path in other.rglob("*.png"):
        size = path.stat().st_size
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path, compress_level=0)
        assert path.stat().st_size == size
        os.utime(path, (315_532_800, 315_532_800))
    shutil.rmtree(root)
    other.rename(root)
    after = folder.facts(CONFIG, root)
    assert after.digest != before.digest
    assert after == plain.facts(folder.load(CONFIG, root))


def test_a_file_written_in_place_with_its_old_time_is_read_again(root):
    path = root / "train" / "cat" / "0.png"
    Image.fromarray(pixels(5)).save(path, compress_level=0)
    os.utime(path, (10**9, 10**9))
    before, status = folder.facts(CONFIG, root), path.stat()
    with open(path, "r+b") as file:
        Image.fromarray(pixels(6)).save(file, "png", compress_level=0)
    os.utime(path, (10**9, 10**9))
    assert (path.stat().st_size, path.stat().st_ino) == (status.st_size, status.st_ino)
    assert folder.facts(CONFIG, root).digest != before.digest


def test_a_clock_that_was_set_back_is_not_believed(root, decoded, later):
    """Files seem to be from the future then, and could be written again at the time that they bear."""
    later(-(10**12))
    for _ in range(2):
        decoded.clear()
        folder.facts(CONFIG, root)
        assert len(decoded) == 10


def test_an_index_of_older_stamps_is_made_again(root, cache, decoded):
    facts = folder.facts(CONFIG, root)
    (index,) = (cache / "folders").rglob("index.npz")
    with np.load(index) as stored:
        parts = dict(stored)
    np.savez(index, **{**parts, "stamps": parts["stamps"][:, [0, 1, 3]]})
    decoded.clear()
    assert folder.facts(CONFIG, root) == facts
    assert len(decoded) == 10


def test_a_failed_look_keeps_nothing(root, cache):
    (root / "train" / "dog" / "2.png").write_bytes(b"")
    complaint(root)
    assert {file.name for file in (cache / "folders").rglob("*") if file.is_file()} == {"lock"}
