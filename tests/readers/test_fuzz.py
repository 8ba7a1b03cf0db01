"""Whatever lies where a file is expected: a result or a sentence, soon, and never another kind of exception."""

import contextlib
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from broken_for_tests import breaker
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from profiles import thorough
from readers_for_tests import READERS, Reader
from world_for_tests import World

from lmcspec.base.errors import LmcspecError
from lmcspec.base.visible import visible

EXAMPLES = thorough(quick=30, full=10_000)
"""A reader."""
SECONDS = 5
"""That a reader may take, and by far more than any takes."""
DEEP = 200_000


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
        for end in ("-wal", "-shm", "-journal"):  # what sqlite would take for the rest of what is put back
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.write_bytes(content)


def put(path: Path, content: bytes) -> None:
    """Write other content, as a file of its own."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_changed_files(reader, world):
    path = reader.file(world)
    content = path.read_bytes()
    broken = breaker(content, reader.json)

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64 - 1))
    def check(number: int) -> None:
        put(path, reader.seal(broken(number)))
        survives(reader, world, path)

    with replaced(path):
        reader.read(world, path)  # the sound one, which some readers change: a ledger forgets
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
