"""What `lmcspec ui` says: where to look, and what the server said only where it fails."""

import signal
import sys
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INTERNAL_ERROR
from mlflow.store.entities.paged_list import PagedList

from lmcspec.base.errors import UsageError
from lmcspec.store import Store
from lmcspec.track import serve
from lmcspec.track.troubles import RefusedError, UnreachableError

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


class Client:
    """A server's experiments, two in an answer; those of even numbers are tracked by lmcspec."""

    def __init__(self, tracking_uri):
        pass

    def search_experiments(self, max_results, page_token=None):
        first = int(page_token or 0)
        experiments = [
            SimpleNamespace(
                name=f"e{number}", experiment_id=str(number), tags={} if number % 2 else {serve.view.TAG: "x"}
            )
            for number in range(first, min(first + 2, 5))
        ]
        return PagedList(experiments, str(first + 2) if first + 2 < 5 else None)


def test_studies_are_sought_in_all_pages_of_an_answer(monkeypatch):
    monkeypatch.setattr("mlflow.MlflowClient", Client)
    assert [name for name, _ in serve.studies("http://there", "http://here")] == ["e0", "e2", "e4"]


@pytest.mark.parametrize(("code", "kind"), [(BAD_REQUEST, RefusedError), (INTERNAL_ERROR, UnreachableError)])
def test_what_mlflow_says_no_to_is_no_traceback(monkeypatch, code, kind):
    def refuse(self, max_results, page_token=None):
        raise MlflowException("its tables are of another version", error_code=code)

    monkeypatch.setattr(Client, "search_experiments", refuse)
    monkeypatch.setattr("mlflow.MlflowClient", Client)
    with pytest.raises(kind, match=r"MLflow at http://there .*: its tables are of another version"):
        serve.studies("http://there", "http://here")
