"""Nothing that we start can be reached from another machine: what listens, listens on loopback."""

import ast
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lmcspec.store import Store
from lmcspec.track.serve import HOST, command

ROOT = Path(__file__).parents[1]
LOOPBACK = ("127.0.0.1", "::1")
SERVERS = (
    "bind",
    "HTTPServer",
    "ThreadingHTTPServer",
    "TCPServer",
    "UnixStreamServer",
    "create_server",
    "start_server",
)
OTHERS = {
    "lmcspec/track/serve.py": "HOST, which is tested to be loopback",
    "tests/track/test_mlflow.py": "the same",
    "lmcspec/science/permute/rules/products.py": "arguments of a function, and no address",
    "tests/base/test_beneath.py": "a socket in a folder",
    "tests/base/test_documents.py": "a socket in a folder",
}
"""Files with an address that is no constant, and why that is fine."""


def listening() -> list[tuple[str, str]]:
    """(file, address as it is written) of every call that gives a server its address."""
    found = []
    for folder in ("lmcspec", "runners", "tests", "benchmarks", "docs", "examples"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if not any(name in text for name in SERVERS):
                continue
            tree = ast.parse(text)
            served = [
                call
                for made in ast.walk(tree)
                if isinstance(made, ast.ClassDef) and any(ast.unparse(base) in SERVERS for base in made.bases)
                for call in ast.walk(made)
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
            ]
            named = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
            named = [call for call in named if ast.unparse(call.func).rpartition(".")[2] in SERVERS and call.args]
            for call in (*served, *named):
                where = call.args[0]
                first = where.elts[0] if isinstance(where, ast.Tuple) else where
                address = first.value if isinstance(first, ast.Constant) else ast.unparse(first)
                found.append((path.relative_to(ROOT).as_posix(), str(address)))
    return found


def test_every_server_has_an_address_of_this_machine_alone():
    found = listening()
    assert {file for file, address in found if address in LOOPBACK} >= {"tests/store/object_server_for_tests.py"}
    assert {file for file, address in found if address not in LOOPBACK} == OTHERS.keys()
    assert HOST in LOOPBACK


def test_the_ui_is_told_where_to_listen(tmp_path, monkeypatch):
    words = command("sqlite:///x.db", Store.open(tmp_path / "store"), 1234)
    assert [after for word, after in itertools.pairwise(words) if word == "--host"] == [HOST]
    assert not {"--allowed-hosts", "--disable-security-middleware"} & set(words)


@pytest.mark.slow
def test_the_ui_listens_on_loopback_whatever_the_environment_says(tmp_path):
    """The real server, where somebody has one of their own open to all."""
    Store.open(tmp_path / "store")
    words = [sys.executable, "-c", "from lmcspec.cli import main; main()", "ui", "--store", "store", "--port", "0"]
    environment = {**os.environ, "MLFLOW_HOST": "0.0.0.0", "MLFLOW_UVICORN_OPTS": "--host 0.0.0.0"}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as ui:
        try:
            assert ui.stdout is not None
            said = next((line for line in ui.stdout if b"MLflow: http://" in line), b"")
            assert f"http://{HOST}:".encode() in said
            found = addresses(psutil.Process(ui.pid))
        finally:
            ui.send_signal(signal.SIGTERM)
            ui.wait(30)
    assert found and found <= set(LOOPBACK), found


def addresses(process: psutil.Process) -> set[str]:
    """Where a process and all that it started listen."""
    found = set()
    deadline = time.monotonic() + 5
    while not found and time.monotonic() < deadline:
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                found |= {
                    connection.laddr.ip
                    for connection in one.net_connections("inet")
                    if connection.status == psutil.CONN_LISTEN
                }
    return found
