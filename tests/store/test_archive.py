"""An archive is anybody's: what is no zip file of ours is refused before any of it is read, and nothing is taken of it."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.errors import UsageError
from lmcspec.store.archive import ArchiveError, is_clean, opened
from lmcspec.store.packing import Packing

PARTS = {"a.txt": b"hello", "b/c": b"", "b/d": bytes(range(256)) * 5000}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "x.zip"
    with path.open("wb") as file:
        packing = Packing(file)
        for name, content in PARTS.items():
            packing.write(name, content)
        packing.close()
    return path


def entry(name="a", mode=stat.S_IFREG | 0o644, method=zipfile.ZIP_STORED):
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr, info.compress_type, info.create_system = mode << 16, method, 3
    return info


def written(path, *entries):
    """A zip file with these entries, as Python's own writer makes it of them."""
    with zipfile.ZipFile(path, "w") as archive:
        for info in entries:
            archive.writestr(info, b"content" * 100)
    return path


def refusal(path):
    with pytest.raises(ArchiveError) as error, opened(path):
        pass
    assert error.value.help
    return str(error.value)


def test_what_was_packed_is_read_again(archive):
    with opened(archive) as read:
        assert read.names == tuple(PARTS)
        for name, content in PARTS.items():
            assert read.read(name, len(content)) == content and read.size(name) == len(content)
        assert read.read("none", 1) is None and read.size("none") is None
        with pytest.raises(ValueError, match="more than 4 bytes"):
            read.read("a.txt", 4)
        with pytest.raises(FileNotFoundError):
            list(read.pieces("none", 1))
    with zipfile.ZipFile(archive) as other:
        assert {name: other.read(name) for name in other.namelist()} == PARTS


def test_a_part_has_one_content(tmp_path):
    packing = Packing(io.BytesIO())
    packing.write("a", b"1")
    with pytest.raises(ValueError, match="two parts"):
        packing.write("a", b"2")
    packing.close()


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/x", "a//b", "./a", "a/.", "", "a\\b", "a\nb", "\x1b[31m", "a/" * 600 + "b", "x" * 256],
)
def test_names_that_lead_elsewhere(tmp_path, name):
    assert not is_clean(name)
    if name:
        assert "leads elsewhere" in refusal(written(tmp_path / "x.zip", entry(name)))


@pytest.mark.parametrize("name", ["a", "a/b.toml", "ü/é", "a b", "..a", "a..", "-", "report/x.png"])
def test_names_that_are_fine(name):
    assert is_clean(name)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o600, stat.S_IFDIR | 0o755, stat.S_IFCHR])
def test_links_pipes_folders_and_devices(tmp_path, mode):
    assert "is a link" in refusal(written(tmp_path / "x.zip", entry(mode=mode)))


def test_what_could_expand(tmp_path):
    assert "is compressed" in refusal(written(tmp_path / "x.zip", entry(method=zipfile.ZIP_DEFLATED)))


def test_parts_that_stand_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = written(tmp_path / "x.zip", entry("a"), entry("a"))
    assert "stands twice" in refusal(path)


def directory(content):
    """The place of the list of parts, by the last record."""
    end = content.rindex(b"PK\x05\x06")
    return struct.unpack_from("<I", content, end + 16)[0]


def test_parts_that_lie_in_each_other(archive):
    content = bytearray(archive.read_bytes())
    second = content.index(b"PK\x01\x02", directory(content) + 4)
    struct.pack_into("<I", content, second + 42, 0)  # where the part begins
    archive.write_bytes(content)
    assert "lies in another one" in refusal(archive)


def test_sizes_that_lie(archive):
    content = bytearray(archive.read_bytes())
    struct.pack_into("<I", content, directory(content) + 24, 2**31)  # its size
    archive.write_bytes(content)
    assert "can't be unpacked" in refusal(archive)


def test_passwords(archive):
    content = bytearray(archive.read_bytes())
    struct.pack_into("<H", content, directory(content) + 8, 1)
    archive.write_bytes(content)
    assert "needs a password" in refusal(archive)


def test_a_list_without_an_end(archive, monkeypatch):
    monkeypatch.setattr("lmcspec.store.archive.LARGEST_LIST", 100)
    assert "its list of parts has more than" in refusal(archive)
    monkeypatch.undo()
    monkeypatch.setattr("lmcspec.store.archive.MOST_PARTS", 2)
    assert "3 parts" in refusal(archive)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"PK\x05\x06" + bytes(18), b"\x1f\x8b" + bytes(100)])
def test_what_is_no_zip_file(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    if content[:4] == b"PK\x05\x06":
        with opened(path) as read:  # one without parts
            assert read.names == ()
    else:
        assert "no zip file" in refusal(path)


def test_what_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError), opened(path):
            pass


@given(data=st.data())
def test_whatever_is_done_to_it_what_is_read_is_what_was_packed_or_refused(tmp_path_factory, data):
    buffer = io.BytesIO()
    packing = Packing(buffer)
    small = {"a.txt": b"hello", "b/d": b"0123456789" * 5, "b/e": b""}
    for name, content in small.items():
        packing.write(name, content)
    packing.close()
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(content) - 1)))
        match data.draw(st.sampled_from(["flip", "cut", "swap", "add"])):
            case "flip":
                content[place] ^= data.draw(st.integers(1, 255))
            case "cut":
                del content[place:]
            case "swap":
                other = data.draw(st.integers(0, max(0, len(content) - 1)))
                content[place : place + 8], content[other : other + 8] = (
                    content[other : other + 8],
                    content[place : place + 8],
                )
            case _:
                content[place:place] = data.draw(st.binary(min_size=1, max_size=4))
        if not content:
            break
    path = tmp_path_factory.mktemp("fuzz") / "x.zip"
    path.write_bytes(content)
    try:
        with opened(path) as read:
            for name in read.names:
                got = read.read(name, 2**20)
                # A name alone is held by the archive's list of digests, one layer above.
                assert got in small.values()
    except (ArchiveError, ValueError):
        pass
