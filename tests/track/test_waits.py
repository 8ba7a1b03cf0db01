"""The real MLflow before servers that are busy, mute, slow, lost in redirects, or none at all: each wait is bounded."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lmcspec.cli import main
from lmcspec.track import server as module
from lmcspec.track import tracker

pytestmark = pytest.mark.slow


class Handler(BaseHTTPRequestHandler):
    act = staticmethod(lambda self: None)

    def handle_any(self):
        with contextlib.suppress(OSError):
            type(self).act(self)

    do_GET = do_POST = do_PATCH = do_PUT = handle_any

    def log_message(self, *_):
        pass


def answer(status, body=b"", **headers):
    def act(self):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    return act


def drip(self):
    """A byte now and then: never late by a timeout, and never done."""
    self.send_response(200)
    self.send_header("Content-Length", "1000000")
    self.end_headers()
    while True:
        self.wfile.write(b" ")
        self.wfile.flush()
        time.sleep(0.1)


def hold(self):
    time.sleep(8)


def reset(self):
    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    self.connection.close()


SERVERS = {
    "asks for an hour": (answer(429, Retry_After="3600"), "answers 429 (Too Many Requests)"),
    "asks for a year": (answer(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT"), "answers 503 (Service Unavailable)"),
    "has a gateway that fails": (answer(502, b"<html>"), "answers 502 (Bad Gateway)"),
    "sends a byte now and then": (drip, "nothing whole came in"),
    "takes the request and says nothing": (hold, "does not answer"),
    "hangs up": (reset, "does not answer"),
    "sends from one to the other": (answer(307, Location="/again"), "does not answer"),
    "is another program": (answer(200, b"<html>Please log in</html>", Content_Type="text/html"), "does not answer"),
    "lets nobody in": (answer(401, b"who are you?"), "answers 401"),
    "says yes to everything": (answer(200, b"{}"), ""),
}


@pytest.fixture
def served(request):
    handler = type("Own", (Handler,), {"act": staticmethod(SERVERS[request.param][0])})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", SERVERS[request.param][1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 2.0)
    monkeypatch.setattr(tracker, "BUSY", (0.1, 0.1))
    monkeypatch.setattr(tracker, "WAITS", (0.1, 0.2))
    monkeypatch.setattr(tracker, "PATIENCE", 3.0)
    monkeypatch.setitem(module.ENVIRONMENT, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")


def call(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main([*map(str, arguments)])
    return stopped.value.code or 0


@pytest.mark.parametrize("served", SERVERS, indirect=True)
def test_sync_ends_and_says_why(served, store, quick, capsys):
    import mlflow  # noqa: F401 (what it takes to load is no wait)

    uri, words = served
    begun = time.monotonic()
    assert call("sync", "--store", store.root, "--tracking-uri", uri) == 6
    assert time.monotonic() - begun < 20
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said


@pytest.mark.parametrize("served", ["asks for an hour", "sends a byte now and then"], indirect=True)
def test_a_run_goes_on_and_says_it_at_its_end(served, spec, tmp_path, quick, capsys, monkeypatch):
    monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    uri, words = served
    asked = ("run", spec, "--store", tmp_path / "store", "--runner", "inline", "--tracking-uri", uri)
    assert call(*asked) == 0
    printed = capsys.readouterr()
    assert "accuracy %" in printed.out and words in printed.err and "lmcspec sync" in printed.err
    assert call(*asked, "--require-tracking") == 6


@pytest.mark.parametrize(
    "uri",
    ["http://no.such.host.invalid", "http://127.0.0.1:1", "http://[::1", "http://", "ftp://x", "nonsense://x", "databricks", "postgresql://127.0.0.1:1/x"],
)  # fmt: skip
def test_an_address_of_nobody(uri, store, quick, capsys):
    begun = time.monotonic()
    assert call("sync", "--store", store.root, "--tracking-uri", uri) == 6
    assert time.monotonic() - begun < 60
    assert "Traceback" not in capsys.readouterr().err


def test_waits_left_over_from_another_use_have_no_say(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3600")
    monkeypatch.setenv("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "true")
    module.Server("http://127.0.0.1:1", store)
    from mlflow import environment_variables as found

    assert found.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == 0 and found.MLFLOW_HTTP_REQUEST_TIMEOUT.get() == 15
    assert not found.MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER.get()
