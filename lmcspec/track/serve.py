"""MLflow's own server on a database, as light as it can be: two processes instead of fourteen."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from typing import IO

from lmcspec.base.errors import UsageError
from lmcspec.base.surroundings import TRACKING_SERVER, child_environment, spare_loopback
from lmcspec.base.visible import visible
from lmcspec.store import Store
from lmcspec.track import kept, pages, uris, view
from lmcspec.track.server import ENVIRONMENT
from lmcspec.track.troubles import translated
from lmcspec.track.where import artifacts

HOST = "127.0.0.1"
"""The address that it listens at: this machine's alone, for MLflow lets whoever comes read and write."""

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))

START = 120.0
"""Seconds in which it has to answer."""
PAGE = 1000
"""Experiments in one answer."""
LINES = 15
"""How many of the last lines that it said are told where it fails."""
LONGEST = 20_000
"""Bytes in which they are looked for."""


def command(uri: str, store: Store, port: int) -> list[str]:
    """The command line of the server."""
    return [
        # Not from the working folder, where anything may be called mlflow.
        *(sys.executable, "-P", "-m", "mlflow", "server"),
        *("--backend-store-uri", uri),
        *("--default-artifact-root", artifacts(store)),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
        *("--uvicorn-opts", "--log-level warning"),
        *(["--app-name", pages.APP] if pages.is_registered() else []),
    ]


def environment() -> dict[str, str]:
    """What it is started with: no processes for background jobs, and no reports to anybody."""
    return child_environment(drop=TRACKING_SERVER, **ENVIRONMENT, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def serve(uri: str, store: Store, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM, saying where once it answers. Nothing of it is left behind.

    What the server says is kept back, and told only where it fails.
    """
    if port and _is_taken(port):
        raise UsageError(f"port {port} is taken", help="--port 0 takes a free one")
    if (database := uris.database_file(uri)) is not None:
        kept.prepare_for(store, database)
    port = port or free_port()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Opened to append, for it is read while the server may write.
    with tempfile.TemporaryFile("a+b") as log:
        # A group of its own, for it has children of its own.
        process = subprocess.Popen(
            command(uri, store, port), env=environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, port, log)
            for line in lines(uri, f"http://{HOST}:{port}"):
                say(line)
            if code := process.wait():
                raise UsageError(f"MLflow's server ended with exit code {code}{_last(log)}")
        except KeyboardInterrupt:
            pass
        finally:
            _end(process)


def lines(uri: str, server: str) -> list[str]:
    """What is said of a server that answers: a link to the figure of each study that lmcspec has tracked there."""
    said = [f"{study}: {link}" for study, link in studies(uri, server)]
    if len(said) != 1:
        said.append(f"MLflow: {server}" + ("" if said else " where nothing is tracked yet"))
    return [*said[:-1], f"{said[-1]} (Ctrl-C ends it)"]


def studies(uri: str, server: str) -> list[tuple[str, str]]:
    """(study, link to its charts) of every experiment that was tracked by lmcspec."""
    from mlflow import MlflowClient

    spare_loopback()
    said: list[tuple[str, str]] = []
    token: str | None = None
    try:
        client = MlflowClient(tracking_uri=uri)
        while True:
            page = client.search_experiments(max_results=PAGE, page_token=token)
            said += [(each.name, view.link(server, each.experiment_id)) for each in page if view.TAG in each.tags]
            if not (token := page.token):
                return said
    except Exception as error:
        raise translated(error, uri) from error


def _end(process: subprocess.Popen) -> None:
    """Ask the server and its children to end, and make them."""
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _wait(process: subprocess.Popen, port: int, log: IO[bytes]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UsageError(f"MLflow's server ended with exit code {process.returncode}{_last(log)}")
        try:
            # Whatever proxy is named in the environment, it can't reach this machine.
            with _DIRECTLY.open(f"http://{HOST}:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise UsageError(f"MLflow's server did not answer in {START:.0f} s{_last(log)}")


def _last(log: IO[bytes]) -> str:
    """The last lines that a server has said, to be put behind what became of it."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - LONGEST))
    said = visible(log.read().decode(errors="replace")).splitlines()[-LINES:]
    return "".join(["; the last that it said:", *(f"\n  {line}" for line in said)]) if said else ""
