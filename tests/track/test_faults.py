"""Faults of MLflow that are really made: a server that now and then says no or is slow; a killed upgrade."""

import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_making import older, subjects, sync
from test_mlflow import MlflowServer, what_is_there, what_should_be_there

from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Tracker, default_uri, tracker
from lmcspec.track.troubles import UnreachableError
from lmcspec.track.where import own_database

pytestmark = pytest.mark.slow


class Between(BaseHTTPRequestHandler):
    """Hands requests to MLflow's server; every so often one goes wrong."""

    target, every, fault = "", 7, ""
    asked = itertools.count(1)

    def handle_any(self):
        cls = type(self)
        wrong = next(cls.asked) % cls.every == 0
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if wrong and cls.fault == "500 before":
            return self.say(500, b"{}")
        request = urllib.request.Request(f"{cls.target}{self.path}", body or None, method=self.command)
        request.add_header("Content-Type", self.headers.get("Content-Type", "application/json"))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        if wrong and cls.fault == "slow":
            time.sleep(0.2)
        return self.say(status, content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

    def say(self, status, content):
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("fault", ["500 before", "slow"])
def test_a_server_that_fails_now_and_then_has_all_of_it_once(fault, store, tmp_path, monkeypatch):
    monkeypatch.setattr(tracker, "BUSY", (0.05,) * 4)
    real = MlflowServer(tmp_path)
    real.start()
    handler = type("Own", (Between,), {"target": real.uri, "fault": fault, "asked": itertools.count(1)})
    between = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    between.daemon_threads = True
    threading.Thread(target=between.serve_forever, args=(0.02,), daemon=True).start()
    try:
        uri = f"http://127.0.0.1:{between.server_port}"
        for _ in range(200):
            with contextlib.suppress(UnreachableError):
                Tracker(store, uri, reporter).sync()
                break
        else:
            raise AssertionError("it never got through")
        assert what_is_there(real.uri).state == what_should_be_there(store, monkeypatch).state
    finally:
        between.shutdown()
        between.server_close()
        real.kill()


def test_a_database_whose_upgrade_was_killed(store):
    """`mlflow db upgrade` in place, on an older MLflow's with a person's run, killed between two of its steps."""
    path = own_database(store)
    first = older(store)
    command = [sys.executable, "-P", "-m", "mlflow", "db", "upgrade", default_uri(store)]
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and revision(path) in (first, None):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    said = sync(store)
    assert len(subjects(store)) > 20
    kept = [file for file in (path, *path.parent.glob("*.aside")) if "by hand" in names(file)]
    assert kept, "what a person wrote there is there, or kept beside it"
    assert "aside" in said
    assert "aside" not in sync(Store.open(store.root))


def revision(path):
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    return None


def names(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM runs")}
