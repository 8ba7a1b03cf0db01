"""One reader of JSON: whatever lies there, a document of the shape asked for, or one sentence with the file's name."""

import json
import math
import os
import socket
import time
from typing import NotRequired

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from typing_extensions import TypedDict

from lmcspec.base.documents import (
    DEEPEST,
    DocumentError,
    lines_of,
    open_regular,
    parse_document,
    read_bytes,
    read_document,
)
from lmcspec.base.errors import LmcspecError


class Entry(TypedDict):
    sha256: str
    bytes: int


class Sheet(TypedDict):
    name: str
    files: dict[str, Entry]
    at: NotRequired[float]


GOOD = {"name": "x", "files": {"out/a": {"sha256": "0" * 64, "bytes": 3}}, "at": 1.5, "more": [None]}


def refusal(path, model=None, **options) -> str:
    """The sentence with which a file is refused; it comes soon."""
    began = time.monotonic()
    with pytest.raises(DocumentError) as found:
        read_document(path, model, **options)
    assert time.monotonic() - began < 5
    assert isinstance(found.value, LmcspecError) and isinstance(found.value, ValueError)
    assert str(found.value).isprintable()
    return str(found.value)


def test_a_good_document_comes_as_it_is(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(GOOD))
    assert read_document(path, Sheet) == read_document(path) == GOOD


def test_infinite_and_undefined_numbers_are_read_as_the_store_spells_them():
    text = (
        '{"a": {"nonfinite": "nan"}, "b": {"nonfinite": "-inf"}, "c": {"nonfinite": "x"}, "d": {"nonfinite": ["inf"]}}'
    )
    found = parse_document(text, "a")
    assert math.isnan(found["a"]) and found["b"] == -math.inf
    assert found["c"] == {"nonfinite": "x"} and found["d"] == {"nonfinite": ["inf"]}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 200_000, "nests more than 64 deep"),
        (b"[" * 200_000 + b"]" * 200_000, "nests more than 64 deep"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "nests more than 64 deep"),
        (b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2), "nests more than 64 deep"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 20 + b"}", "20 digits"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "100,000 digits"),
        (rb'{"a": "\ud800"}', "surrogate"),
        (rb'{"\udfff": 1}', "surrogate"),
        (b'{"a": "\x1b[2J"}', "not JSON"),
    ],
)
def test_what_is_no_document_is_named(tmp_path, data, says):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    told = refusal(path)
    assert says in told and str(path) in told and len(told) < 500


def test_depth_up_to_the_limit_is_fine():
    assert parse_document("[" * DEEPEST + "]" * DEEPEST, "a") is not None


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "should be an object|dict"),
        ({**GOOD, "name": 1}, "`name`"),
        ({**GOOD, "at": "x"}, "`at`"),
        ({**GOOD, "files": {"a": {"sha256": "x", "bytes": True}}}, "`files.a.bytes`"),
        ({**GOOD, "files": {"\x1b[31m" * 100: {"sha256": "x", "bytes": "3"}}}, r"x1b"),
        ({}, "2|1 more"),
    ],
)
def test_another_shape_is_named_by_its_first_place(tmp_path, document, says):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    told = refusal(path, Sheet)
    assert any(part in told for part in says.split("|")), told


def test_what_is_no_ordinary_file_is_neither_waited_for_nor_followed(tmp_path):
    good = tmp_path / "good.json"
    good.write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(good)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / "socket"))
    assert "folder" in refusal(tmp_path)
    assert "pipe" in refusal(tmp_path / "pipe")
    assert "device" in refusal("/dev/zero")
    assert "can't be read" in refusal(tmp_path / "socket")
    for name in ("link", "nowhere", "zero", "self"):
        assert "is a link" in refusal(tmp_path / name)
    assert read_document(tmp_path / "link", follow=True) == {}
    assert "device" in refusal(tmp_path / "zero", follow=True)
    for missing in (tmp_path / "none", good / "below", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError):
            read_document(missing, follow=True)


def test_names_that_no_file_can_have(tmp_path):
    assert "\\x00" in refusal(tmp_path / "a\0b")
    told = refusal(tmp_path / ("x" * 5000))
    assert "can't be read" in told and len(told) < 500


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DocumentError, match="can't be read: Permission denied") as found:
        read_document(tmp_path / "a.json")
    assert found.value.refused


def test_a_file_larger_than_its_kind_is_not_read(tmp_path):
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        file.truncate(2**40)
    assert "1,099,511,627,776 bytes" in refusal(path)
    path.write_bytes(b" " * 11)
    assert "more than 10" in refusal(path, largest=10)
    assert read_bytes(path, largest=11) == b" " * 11


def read_lines(path, begin=0, model=None, damaged=None):
    with open_regular(path) as file:
        return list(lines_of(file, path, begin, model, damaged=damaged))


def test_lines_are_read_up_to_a_torn_one(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"nonsense\n" + b'{"a": "x"}\n' + b'{"a": 2}\n' + b'{"a": 3')
    told: list[str] = []
    found = read_lines(path, 0, dict[str, int], damaged=lambda error: told.append(error.problem))
    assert found == [(9, {"a": 1}), (38, {"a": 2})]
    assert len(told) == 2 and "not JSON" in told[0] and "`a`" in told[1]
    assert [line for _, line in read_lines(path, 9)] == [{"a": "x"}, {"a": 2}]
    with pytest.raises(FileNotFoundError):
        read_lines(tmp_path / "none")
    with pytest.raises(DocumentError, match="folder"):
        read_lines(tmp_path)


def test_a_line_without_end_takes_no_memory(tmp_path):
    path = tmp_path / "a.jsonl"
    long = b'"' + b"x" * (3 * 2**20) + b'"\n'
    path.write_bytes(long + b"1\n" + b"x" * (2 * 2**20))
    told: list[str] = []
    assert read_lines(path, damaged=lambda error: told.append(error.problem)) == [(len(long) + 2, 1)]
    assert len(told) == 1 and "a line of more than" in told[0]


@settings(max_examples=examples(2))
@given(st.binary() | st.text(alphabet='{}[]",:0e-.\\u d8NaI') | st.recursive(st.none(), st.lists).map(json.dumps))
def test_bytes_of_any_kind_are_a_document_or_a_sentence(data):
    try:
        found = parse_document(data, "some\x1bfile", dict[str, int])
    except DocumentError as error:
        found, told = {}, str(error)
    else:
        told = r"some\x1bfile "
    assert told.startswith("some\\x1bfile ") and told.isprintable()
    assert all(type(value) is int for value in found.values())
