"""Faults of MLflow that are really made: a server that now and then says no or is slow; a killed upgrade."""

import contextlib
import itertools
import math
import os
import secrets
import shutil
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
from test_mlflow import MlflowServer, lmcspec, what_is_there, what_should_be_there
from tracked_for_tests import Quick

from lmcspec.store import Store
from lmcspec.track import Tracker, default_uri, tracker
from lmcspec.track import server as module
from lmcspec.track.troubles import UnreachableError
from lmcspec.track.where import own_database

pytestmark = pytest.mark.slow


class Between(BaseHTTPRequestHandler):
    """Hands requests to MLflow's server; some go wrong, before the server has seen them or after it carried them out."""

    target, fault = "", ""
    goes_wrong = staticmethod(lambda number, path: number % 7 == 0)
    patience = 6
    """Requests after which one is carried out that was held up."""
    victim = None
    """A process that is killed where an answer should be."""

    def __init_subclass__(cls):
        cls.asked, cls.held_up = itertools.count(1), []

    def handle_any(self):
        cls = type(self)
        number = next(cls.asked)
        wrong = cls.goes_wrong(number, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if cls.held_up and number > cls.held_up[0][0] + cls.patience:
            self.carry_out(*cls.held_up.pop(0)[1:])
        if wrong and cls.fault == "500 before":
            return self.say(500, b"{}")
        if wrong and cls.fault == "504, and done later":
            cls.held_up.append((number, self.command, self.path, body, self.headers.get("Content-Type")))
            return self.say(504, b"the gateway is tired of waiting")
        status, content = self.carry_out(self.command, self.path, body, self.headers.get("Content-Type"))
        match cls.fault if wrong else "":
            case "killed after":
                os.kill(cls.victim.pid, signal.SIGKILL)
                cls.goes_wrong = staticmethod(lambda number, path: False)
            case "500 after":
                return self.say(500, b"{}")
            case "502 after":
                return self.say(502, b"<html>Bad Gateway</html>")
            case "hangs up after":
                self.close_connection = True
                return None
            case "late":
                # Longer than the client waits for a byte.
                time.sleep(1.2)
            case "slow":
                time.sleep(0.2)
        return self.say(status, content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

    @classmethod
    def carry_out(cls, command, path, body, sort):
        request = urllib.request.Request(f"{cls.target}{path}", body or None, method=command)
        request.add_header("Content-Type", sort or "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def say(self, status, content):
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    server = MlflowServer(tmp_path_factory.mktemp("real"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def fresh(real):
    """MLflow's server, in which the study's experiment is called something else when the test is over."""
    yield real
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=real.uri)
    if (experiment := client.get_experiment_by_name("tracked")) is not None:
        client.rename_experiment(experiment.experiment_id, secrets.token_hex(4))


@pytest.fixture(scope="module")
def expected(finished, tmp_path_factory):
    """What the study's experiment should hold."""
    copy = tmp_path_factory.mktemp("expected") / "store"
    shutil.copytree(finished, copy)
    with pytest.MonkeyPatch.context() as patch:
        return what_should_be_there(Store.open(copy), patch, Quick()).state


@contextlib.contextmanager
def between(server, fault, goes_wrong=Between.goes_wrong):
    """(the address of a proxy before the server, its handler)"""
    handler = type("Own", (Between,), {"target": server.uri, "fault": fault, "goes_wrong": staticmethod(goes_wrong)})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", handler
    finally:
        proxy.shutdown()
        proxy.server_close()


def tell(store, uri):
    """Until all of it is told, or never."""
    for _ in range(200):
        with contextlib.suppress(UnreachableError):
            Tracker(store, uri, Quick()).sync()
            return
    raise AssertionError("it never got through")


def found(server):
    """What is there, asked for with patience."""
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "60"
    return what_is_there(server.uri).state


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    monkeypatch.setattr(tracker, "BUSY", (0.05,) * 4)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    patience = "1" if "late" in request.node.name else "60"
    monkeypatch.setitem(module.ENVIRONMENT, "MLFLOW_HTTP_REQUEST_TIMEOUT", patience)


@pytest.mark.parametrize("fault", ["500 before", "slow", "late", "500 after", "502 after", "hangs up after"])
def test_a_server_that_fails_now_and_then_has_all_of_it_once(fault, store, fresh, expected):
    """At every seventh request, whatever that is."""
    rarely = 31 if fault == "late" else 7
    with between(fresh, fault, lambda number, path: number % rarely == 0) as (uri, _):
        tell(store, uri)
    assert found(fresh) == expected


@pytest.mark.parametrize("fault", ["500 after", "hangs up after", "504, and done later"])
def test_each_run_that_a_server_made_and_said_nothing_of_is_there_once(fault, store, fresh, expected):
    creates = itertools.count(1)

    def goes_wrong(number, path):
        # One that never says that it made any is told nothing.
        made = path.endswith(("runs/create", "experiments/create"))
        return made and (next(creates) % 3 == 0 or not fault.startswith("504"))

    with between(fresh, fault, goes_wrong) as (uri, _):
        tell(store, uri)
    assert found(fresh) == expected


def test_two_failures_in_a_row(store, fresh, expected):
    """The repeated request fails as well, and so does the look for what was made."""
    with between(fresh, "500 after", lambda number, path: number % 41 in (0, 1)) as (uri, _):
        tell(store, uri)
    assert found(fresh) == expected


def test_what_was_carried_out_after_the_telling_is_found_by_the_next(store, fresh, expected):
    creates = itertools.count(1)
    wrong = {2, 9, 20}
    with between(
        fresh, "504, and done later", lambda number, path: path.endswith("runs/create") and next(creates) in wrong
    ) as (uri, own):
        own.patience = math.inf
        tell(store, uri)
        assert found(fresh) == expected and len(own.held_up) == 3
        for _, *request in own.held_up:
            assert own.carry_out(*request)[0] == 200
        own.held_up.clear()
        assert len(found(fresh)) == len(expected) + 3
        tell(store, uri)
    assert found(fresh) == expected


@pytest.mark.parametrize("which", [1, 12])
def test_killed_when_a_run_was_made_and_before_it_was_told_so(which, store, fresh, expected):
    creates = itertools.count(1)
    wrong = lambda number, path: path.endswith("runs/create") and next(creates) == which  # noqa: E731
    with between(fresh, "killed after", wrong) as (uri, own):
        own.victim = lmcspec("sync", "--store", store.root, "--tracking-uri", uri)
        own.victim.communicate(timeout=120)
        assert own.victim.returncode == -signal.SIGKILL
        tell(store, uri)
    assert found(fresh) == expected


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
