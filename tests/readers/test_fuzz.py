"""Whatever lies where a file is expected: a result or a sentence, soon, and never another kind of exception."""

import contextlib
import copy
import json
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profiles import thorough
from readers_for_tests import READERS, Reader, World

from lmcspec.base.errors import LmcspecError
from lmcspec.base.visible import visible

EXAMPLES = thorough(quick=30, full=10_000)
"""A reader."""
SECONDS = 5
"""That a reader may take, and by far more than any takes."""
DEEP = 200_000
WORDS = st.sampled_from(
    ["\x1b[31m", "\x00", "\u202e", "../../x", "/etc/passwd", "x" * 5000, "train", "ok", "nan", "", "é"]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, 2**53, 2**63, 10**30, -(10**30), 1e308, -1e308, 0.5, 10**400])
VALUES = st.recursive(
    st.none() | st.booleans() | WORDS | NUMBERS | st.builds(dict, nonfinite=st.sampled_from(["nan", "-inf", "x"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Fail where the block takes longer, even if it waits for a pipe."""

    def ring(*_: object) -> None:
        raise AssertionError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def survives(reader: Reader, world: World, path: Path) -> None:
    """The reader comes back, with an answer or with an error of ours whose sentence can be shown."""
    with deadline(SECONDS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader.read(world, path)
        except LmcspecError as error:
            told = visible(f"{error}\n{error.help}")
        else:
            told = "fine"
    assert told.strip()
    told.encode()
    assert len(told) < 20_000


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[None]:
    """Put the file back after the block, whatever became of it."""
    content = path.read_bytes()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.chmod(0o644)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def put(path: Path, content: bytes) -> None:
    """Write other content, as a file of its own."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """All paths of a tree."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def change(draw: Callable, tree: Any) -> Any:
    """The tree with one value changed, removed or added."""
    path = draw(st.sampled_from(places(tree)))
    if not path:
        return draw(VALUES)
    around = tree
    for part in path[:-1]:
        around = around[part]
    match draw(st.sampled_from(["change", "change", "remove", "add", "type"])):
        case "remove":
            del around[path[-1]]
        case "add" if isinstance(around, dict):
            around[draw(WORDS)] = draw(VALUES)
        case "type":
            around[path[-1]] = [around[path[-1]]]
        case _:
            around[path[-1]] = draw(VALUES)
    return tree


@st.composite
def broken_json(draw, content: bytes) -> bytes:
    """One to three changes to a JSON document, or to a line of several."""
    rows = content.splitlines()
    whole = rows[:1] == rows or not _is_json(rows[0])
    at = 0 if whole else draw(st.integers(0, len(rows) - 1))
    tree = copy.deepcopy(json.loads(content if whole else rows[at]))
    for _ in range(draw(st.integers(1, 3))):
        tree = change(draw, tree)
    text = json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if whole:
        return text
    return b"\n".join([*rows[:at], text, *rows[at + 1 :]]) + draw(st.sampled_from([b"\n", b""]))


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@st.composite
def broken_bytes(draw, content: bytes) -> bytes:
    """Bits turned, bytes cut out or put in, the end missing."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["flip", "cut", "end", "insert", "again"])):
            case "flip" if data:
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "end":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(max_size=16) | st.sampled_from([b"\x1b[2J", b"\xff" * 8, b"[" * 500]))
            case _:
                data[at:at] = data[: draw(st.integers(0, 64))]
    return bytes(data)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_changed_files(reader, world):
    path = reader.file(world)
    content = path.read_bytes()
    reader.read(world, path)
    strategy = broken_bytes(content) | broken_json(content) if reader.json else broken_bytes(content)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def check(data: bytes) -> None:
        put(path, data)
        survives(reader, world, path)

    with replaced(path):
        check()


ODD = {
    "folder": lambda path: path.mkdir(),
    "pipe": lambda path: os.mkfifo(path),
    "link into nowhere": lambda path: path.symlink_to(path.with_name("nowhere")),
    "link to itself": lambda path: path.symlink_to(path),
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "terabyte": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**40),
    "deep": lambda path: path.write_bytes(b"[" * DEEP),
    "deep and closed": lambda path: path.write_bytes(b"[" * DEEP + b"]" * DEEP),
    "deep objects": lambda path: path.write_bytes(b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "zeros": lambda path: path.write_bytes(bytes(100_000)),
    "escapes": lambda path: path.write_bytes(b"\x1b]0;x\x07" * 1000),
    "long line": lambda path: path.write_bytes(b'"' + b"x" * 3_000_000 + b'"'),
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_something_else_in_its_place(reader, world):
    path = reader.file(world)
    for odd, make in ODD.items():
        with replaced(path):
            path.unlink()
            make(path)
            try:
                survives(reader, world, path)
            except Exception as error:
                raise AssertionError(f"{odd}: {type(error).__name__}: {error}") from error


def test_there_are_readers_and_their_names_differ():
    assert len(READERS) >= 25
    assert len({reader.name for reader in READERS}) == len(READERS)
