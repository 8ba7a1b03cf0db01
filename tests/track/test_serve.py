"""What `lmcspec ui` says: where to look, and what the server said only where it fails."""

import signal
import sys

import pytest

from lmcspec.base.errors import UsageError
from lmcspec.store import Store
from lmcspec.track import serve

ANSWERING = """
import http.server, sys
print("INFO: chatter")
print("more of it", file=sys.stderr, flush=True)
class Once(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        print("GET /health", file=sys.stderr, flush=True)
http.server.HTTPServer(("127.0.0.1", {port}), Once).handle_request()
sys.exit({code})
"""
FAILING = """
import sys
for number in range(30):
    print("line", number, "\\x1b[31m", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Serve by a program in place of MLflow's server; what was said."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(serve, "studies", lambda uri, server: [("tracked", f"{server}/#/x")])

    def start(program, **words):
        def command(uri, store, port):
            return [sys.executable, "-c", program.format(port=port, **words) if words else program]

        monkeypatch.setattr(serve, "command", command)
        said = []
        serve.serve("http://nowhere", Store.open(tmp_path / "store"), 0, said.append)
        return said

    yield start
    signal.signal(signal.SIGTERM, before)


def test_it_prints_one_link_and_nothing_else(served, capfd):
    (line,) = served(ANSWERING, code=0)
    assert line.startswith("tracked: http://127.0.0.1:") and line.endswith("/#/x (Ctrl-C ends it)")
    assert capfd.readouterr() == ("", "")


def test_what_a_failing_server_said_last_is_told(served, capfd):
    with pytest.raises(UsageError) as failed:
        served(FAILING)
    lines = str(failed.value).splitlines()
    assert lines[0] == "MLflow's server ended with exit code 3; the last that it said:"
    assert lines[1:] == [rf"  line {number} \x1b[31m" for number in range(15, 30)]
    assert capfd.readouterr() == ("", "")


def test_a_server_that_ends_later_is_an_error_too(served):
    with pytest.raises(UsageError, match=r"(?s)exit code 4; the last that it said:\n.*chatter"):
        served(ANSWERING, code=4)


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ([], ["MLflow: http://here where nothing is tracked yet (Ctrl-C ends it)"]),
        ([("a", "http://here/a")], ["a: http://here/a (Ctrl-C ends it)"]),
        (
            [("a", "http://here/a"), ("b", "http://here/b")],
            ["a: http://here/a", "b: http://here/b", "MLflow: http://here (Ctrl-C ends it)"],
        ),
    ],
)
def test_a_line_for_each_study(monkeypatch, links, said):
    monkeypatch.setattr(serve, "studies", lambda uri, server: links)
    assert serve.lines("sqlite:///here.db", "http://here") == said
