import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from object_server_for_tests import ObjectServer

from lmcspec.store import Lease, Store, open_attempt


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """Another store."""
    return Store.open(tmp_path / "other")


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    """An object server, with its faults."""
    server = ObjectServer()
    yield server
    server.close()


@pytest.fixture
def name() -> Callable[[object], str]:
    """An id made from anything."""
    return lambda text: hashlib.sha256(str(text).encode()).hexdigest()


@pytest.fixture
def put() -> Callable[..., str]:
    """Commit an object with the given output files; what `commit` said."""

    def put(
        store: Store, task: str, lease: Lease | None = None, files=None, scalars=None, kind="train", **record
    ) -> str:
        attempt = open_attempt(store, task, lease)
        for path, content in ({"state.bin": b"weights"} if files is None else files).items():
            target = attempt.out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        attempt.log_path.write_text("began\nended\n")
        attempt.metrics_path.write_text('{"name": "loss", "value": 1.5}\n')
        return attempt.commit({"kind": kind}, {"scalars": {"error": 0.25} if scalars is None else scalars}, record)

    return put


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """Start a process that runs this code with these arguments and environment."""
    processes = []

    def start(code: str, *arguments: object, **environment: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def tree() -> Callable[[Path], set[str]]:
    """Every file and folder below a folder, by path."""
    return lambda folder: {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
