"""The real MLflow: in a database, behind a server that is killed, hangs or is dead, and after a killed driver."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from server_for_tests import FakeMlflow, Run
from tracked_for_tests import SPEC, tracker_of

from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import default_uri, tracker, uris
from lmcspec.track.database import BESIDE, close_connections
from lmcspec.track.evidence import SUBJECT
from lmcspec.track.noted import NOTE
from lmcspec.track.serve import HOST, command, environment, free_port

pytestmark = pytest.mark.slow

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LMCSPEC_NO_TRACKING"}
OURS = ("lmcspec.", "mlflow.parentRunId", "mlflow.runColor", "mlflow.source.", "mlflow.user")


def lmcspec(*arguments, **more):
    program = [sys.executable, "-c", "from lmcspec.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, **more)


def ended(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return out, err


def paths(client, run, folder=None):
    for entry in client.list_artifacts(run, folder):
        if entry.is_dir:
            yield from paths(client, run, entry.path)
        else:
            yield entry.path


def _said(tags, experiment, study):
    """The tags that come from here. Notes lead to pages of the experiment, which has another id in a FakeMlflow."""
    ours = {key: value for key, value in tags.items() if key.startswith(OURS)}
    return ours | {NOTE: tags[NOTE].replace(f"#/experiments/{experiment}/", f"#/experiments/{study}/")}


def what_is_there(uri, study="tracked"):
    """The experiment as a FakeMlflow's, so that both can be compared."""
    from mlflow import MlflowClient

    client, found = MlflowClient(tracking_uri=uri), FakeMlflow()
    experiment = client.get_experiment_by_name(study)
    for run in client.search_runs([experiment.experiment_id], max_results=1000):
        rows = [one for key in run.data.metrics for one in client.get_metric_history(run.info.run_id, key)]
        found.runs[run.info.run_id] = Run(
            study,
            run.info.run_name,
            run.info.start_time / 1000,
            _said(run.data.tags, experiment.experiment_id, study),
            run.info.status,
            {(one.key, one.value, one.timestamp, one.step) for one in rows},
            dict(run.data.params),
            {
                (one.dataset.name, json.loads(one.dataset.source)["digest"], one.tags[0].value)
                for one in run.inputs.dataset_inputs
            },
            dict.fromkeys(paths(client, run.info.run_id), b""),
        )
        assert len(rows) == len(found.runs[run.info.run_id].metrics), "no row twice"
    return found


def what_should_be_there(store, monkeypatch, drawn=reporter):
    fake = FakeMlflow()
    with monkeypatch.context() as patch:
        patch.setattr(tracker, "Server", fake.connect)
        tracker_of(store, drawn).sync()
    for one in fake.runs.values():
        # Reports name runs, which have other ids there.
        one.files = dict.fromkeys(one.files, b"")
    return fake


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "tracked.toml"
    path.write_text(SPEC)
    return path


class MlflowServer:
    """`mlflow server` on loopback, on the same port and database each time it is started."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "server")
        self.port = free_port()
        self.uri = f"http://{HOST}:{self.port}"
        self._process = None

    def start(self):
        line = command(f"sqlite:///{self.store.root / 'server.db'}", self.store, self.port)
        at = line.index("--default-artifact-root")
        line[at : at + 2] = ["--artifacts-destination", str(self.store.root / "artifacts")]
        self._process = subprocess.Popen(line, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            # An answer is waited for: a bare connection to a free port may be one of the probe with itself.
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self):
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path):
    made = MlflowServer(tmp_path)
    made.start()
    yield made
    made.kill()


def test_in_the_store_s_own_database(study, tmp_path, monkeypatch):
    store = tmp_path / "store"
    ended(lmcspec("run", study, "--store", store))
    opened = Store.open(store)
    assert what_is_there(default_uri(opened)).state == what_should_be_there(opened, monkeypatch).state
    program = (
        "import sys\nfrom lmcspec.cli import main\ntry:\n main()\nexcept SystemExit as end:\n assert not end.code\n"
        "assert 'mlflow' not in sys.modules"
    )
    again = [sys.executable, "-c", program, "run", str(study), "--store", str(store)]
    subprocess.run(again, env=ENVIRONMENT, check=True, capture_output=True)


def test_many_at_once_on_a_fresh_database(tmp_path):
    program = (
        "import sys\nfrom lmcspec.store import Store\nfrom lmcspec.track.server import Server\n"
        "store = Store.open(sys.argv[1])\nserver = Server(sys.argv[2], store)\n"
        "server.create(server.experiment('one'), sys.argv[3], 0.0, {'lmcspec.role': sys.argv[3]})\n"
    )
    uri = f"sqlite:///{tmp_path / 'fresh.db'}"
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "store"), uri, str(number)])
        for number in range(4)
    ]
    assert [one.wait(timeout=240) for one in started] == [0] * 4
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("one")
    assert sorted(run.info.run_name for run in client.search_runs([experiment.experiment_id])) == list("0123")


def test_a_server_that_is_killed_and_comes_back(study, tmp_path, server, monkeypatch):
    store = tmp_path / "store"
    process = lmcspec("run", study, "--store", store, "--tracking-uri", server.uri)
    events = None
    while process.poll() is None and not events:
        events = [path for path in store.glob("invocations/*/events.jsonl") if path.read_text().count("finished") > 5]
        time.sleep(0.05)
    server.kill()
    assert process.poll() is None, "it was killed in mid-run"
    ended(process)
    server.start()
    ended(lmcspec("sync", "--store", store, "--tracking-uri", server.uri))
    assert what_is_there(server.uri).state == what_should_be_there(Store.open(store), monkeypatch).state


@pytest.fixture(params=["server", "database"])
def told(request, finished, tmp_path):
    """A store all of which was told to a server, or to a database of the user's: (store, uri, put_back, take)."""
    store = tmp_path / "store"
    shutil.copytree(finished, store)
    if request.param == "server":
        made = request.getfixturevalue("server")
        uri, file = made.uri, made.store.root / "server.db"
        stop, start = made.kill, made.start
    else:
        file = tmp_path / "a folder of mine" / "runs.db"
        uri, stop, start = uris.database(file), lambda: None, lambda: None
    ended(lmcspec("sync", "--store", store, "--tracking-uri", uri))

    def restored(copy=None):
        """A copy of what the database holds, or, with one, that copy in its place."""
        stop()
        if copy is None:
            made = {end: Path(f"{file}{end}").read_bytes() for end in ("", *BESIDE) if Path(f"{file}{end}").exists()}
        else:
            # This process has looked into it as well, and would go on looking at the file that is gone.
            close_connections(file)
            for end in ("", *BESIDE):
                Path(f"{file}{end}").unlink(missing_ok=True)
            made = copy
            for end, content in copy.items():
                Path(f"{file}{end}").write_bytes(content)
        start()
        return made

    return store, uri, restored


def test_a_server_restored_from_yesterday_is_told_what_it_lost(told, study, monkeypatch):
    store, uri, restored = told
    yesterday = restored()
    ended(lmcspec("run", study, "--store", store, "--tracking-uri", uri, "--set", "replicates=3"))
    today = what_is_there(uri).state
    assert today == what_should_be_there(Store.open(store), monkeypatch).state
    restored(yesterday)
    assert len(what_is_there(uri).runs) < len(today)
    _, err = ended(lmcspec("run", study, "--store", store, "--tracking-uri", uri, "--set", "replicates=3", "--require-tracking"))  # fmt: skip
    assert "it was not told last by this store. It is told again" in err
    assert what_is_there(uri).state == today


def test_runs_deleted_by_a_person_are_left_and_are_no_success(told, study):
    from mlflow import MlflowClient

    store, uri, _ = told
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("tracked").experiment_id
    victim = client.search_runs([experiment], "tags.`lmcspec.label` = 'imp/s0/l2/train'")[0].info.run_id
    client.delete_run(victim)
    _, err = ended(lmcspec("sync", "--store", store, "--tracking-uri", uri))
    assert "1 runs of tracked were deleted in MLflow and are left alone" in err
    assert client.get_run(victim).info.lifecycle_stage == "deleted", "and none in its place"
    asked = ("run", study, "--store", store, "--tracking-uri", uri)
    ended(lmcspec(*asked))
    _, err = ended(lmcspec(*asked, "--require-tracking"), code=6)
    assert f"mlflow runs restore --run-id {victim}, then lmcspec sync" in err and "Traceback" not in err
    client.restore_run(victim)
    ended(lmcspec(*asked, "--require-tracking"))
    client.delete_experiment(experiment)
    _, err = ended(lmcspec(*asked, "--require-tracking"), code=6)
    assert "the experiment 'tracked' has been deleted in MLflow" in err


def test_a_server_that_never_answers_stops_nothing(study, tmp_path):
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen(64)
        uri = f"http://{HOST}:{mute.getsockname()[1]}"
        begun = time.monotonic()
        out, err = ended(lmcspec("run", study, "--store", tmp_path / "store", "--tracking-uri", uri))
        assert "accuracy %" in out and "lmcspec sync" in err
        assert time.monotonic() - begun < 60
        required = lmcspec("run", study, "--store", tmp_path / "other", "--tracking-uri", uri, "--require-tracking")
        _, err = ended(required, code=6)
        assert "does not answer" in err and "Traceback" not in err


def test_a_killed_driver_leaves_nothing_running(study, tmp_path):
    store = tmp_path / "store"
    process = lmcspec("run", study, "--store", store, start_new_session=True)
    while process.poll() is None and not list(store.glob("tracking/mlflow.db")):
        time.sleep(0.05)
    while process.poll() is None and "started" not in "".join(
        p.read_text() for p in store.glob("invocations/*/events.jsonl")
    ):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    ended(lmcspec("run", study, "--store", store))
    found = what_is_there(default_uri(Store.open(store)))
    assert {run.status for run in found.runs.values()} <= {"FINISHED", "KILLED"}
    assert [run.status for run in found.of("invocation")].count("FINISHED") == 1
    assert len({run.tags[SUBJECT] for run in found.runs.values()}) == len(found.runs)
