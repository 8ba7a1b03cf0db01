"""What `lmcspec doctor` finds wrong, each with what to do; exit 5 where something is bad."""

import contextlib
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lmcspec.catalog.datasets import mnist
from lmcspec.cli import doctor_data, doctor_devices, doctor_places, doctor_software
from lmcspec.track import reached

MEBIBYTE = 2**20


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No GPU and no server of whoever runs this."""
    for name in ("MLFLOW_TRACKING_URI", "LMCSPEC_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture
def gpus(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'GPU-1, 16384, Tesla T4'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def doctor(place, lmcspec):
    """The findings by what they are about, and the exit code."""

    def call(*words):
        said = lmcspec("doctor", *words, "--format", "json")
        return {finding["what"].strip(): finding for finding in said.data["findings"]}, said.code

    return call


@pytest.fixture
def server():
    """A tracking server that gives one answer, by its status and text."""
    answer = {"status": 200, "text": "3.17.2"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/version"
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(answer["text"].encode())

        def log_message(self, format, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", answer
        listening.shutdown()
        thread.join()


def test_where_nothing_is_wrong_each_line_is_ok(place, lmcspec):
    said = lmcspec("doctor")
    lines = [line for line in said.out.splitlines() if not line.lstrip().startswith("help:")]
    assert said.code == 0 and all(line.startswith(("ok    ", "warn  ")) for line in lines)
    told = [line[6:].split("  ")[0] for line in lines]
    for what in (
        "python",
        "torch",
        "mlflow",
        "gpu",
        "cpu",
        "memory",
        "open files",
        "store",
        "disk",
        "tracking",
        "data",
    ):
        assert what in told
    assert [path.name for path in place.iterdir()] == ["study.toml"]


def test_torch_is_built_for_what_it_says_itself():
    import torch

    built = torch.version.cuda
    assert doctor_software.torch_platform() == (f"CUDA {built}" if built else "CPU")


def test_without_torch_nothing_runs(doctor, monkeypatch):
    monkeypatch.setattr(doctor_software, "find_spec", lambda name: None)
    findings, code = doctor()
    assert code == 5 and findings["torch"]["state"] == "bad" and "install torch" in findings["torch"]["help"]


def test_a_torch_without_cuda_leaves_a_gpu_idle(doctor, gpus, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(doctor_devices, "torch_platform", lambda: "CPU")
    findings, code = doctor()
    assert code == 5 and findings["gpu 0"]["state"] == "bad" and "Tesla T4" in findings["gpu 0"]["value"]
    monkeypatch.setattr(doctor_devices, "torch_platform", lambda: "CUDA 13.0")
    findings, code = doctor()
    assert code == 0 and findings["gpu 0"]["state"] == "ok"


def test_gpus_that_are_hidden_are_counted(doctor, gpus, monkeypatch):
    findings, code = doctor()
    assert code == 0 and findings["gpu"]["state"] == "warn" and "hides 1" in findings["gpu"]["value"]


def test_a_driver_without_its_program_is_told(doctor, monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr("lmcspec_runners.devices.nvidia_smi", lambda: None)
    monkeypatch.setattr(doctor_devices, "DRIVER", tmp_path)
    findings, _ = doctor()
    assert findings["gpu"]["state"] == "warn" and "nvidia-smi" in findings["gpu"]["help"]


def test_little_memory_and_few_open_files_are_told(doctor, monkeypatch):
    monkeypatch.setattr(doctor_devices, "LITTLE_MEMORY", 2**60)
    monkeypatch.setattr("resource.getrlimit", lambda which: (256, 256))
    findings, code = doctor()
    assert code == 0 and findings["memory"]["state"] == "warn" and "--workers 1" in findings["memory"]["help"]
    assert findings["open files"]["state"] == "warn" and findings["open files"]["value"] == "256 at a time"
    assert findings["open files"]["help"] == "ulimit -n 1024"


def test_a_store_on_a_disk_that_is_not_mounted_is_bad_and_hides_nothing_else(doctor, place):
    Path(".lmcspec").symlink_to("unmounted/store")
    for words in ((), ("study.toml",)):
        findings, code = doctor(*words)
        assert code == 5
        for what in ("store", "disk"):
            assert findings[what]["state"] == "bad" and findings[what]["help"]
        assert findings["cache"]["state"] == "ok" and "tracking" in findings
        assert "a link that leads nowhere" in findings["store"]["value"]
    assert findings["its results"]["state"] == "bad" and findings["data digits"]["state"] == "ok"
    assert [path.name for path in place.iterdir() if path.name != "study.toml"] == [".lmcspec"]


def test_a_folder_that_was_deleted_is_told(doctor, place, monkeypatch):
    (place / "gone").mkdir()
    monkeypatch.chdir(place / "gone")
    (place / "gone").rmdir()
    findings, code = doctor()
    assert code == 5 and findings["store"]["state"] == "bad" and "this folder" in findings["store"]["help"]
    assert findings["python"]["state"] == "ok" and findings["cache"]["state"] == "ok"


@pytest.mark.parametrize("store", ["afile", "afile/store"])
def test_a_bad_store_hides_nothing_of_a_spec(doctor, store):
    Path("afile").write_text("no store")
    findings, code = doctor("study.toml", "--store", store)
    assert code == 5 and findings["store"]["state"] == "bad"
    assert findings["data digits"]["state"] == "ok" and findings["its plan"]["value"].startswith("7 to run")


@pytest.mark.parametrize("store", ["/proc/lmcspec/store", "study.toml", "study.toml/store"])
def test_a_store_that_can_t_be_written_is_bad(doctor, store):
    findings, code = doctor("--store", store)
    assert code == 5 and findings["store"]["state"] == "bad" and findings["store"]["help"]


def test_a_store_without_sqlite_is_bad(doctor, monkeypatch):
    def refuse(database):
        raise doctor_places.sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(doctor_places, "_try_sqlite", refuse)
    findings, code = doctor()
    assert code == 5 and "database is locked" in findings["store"]["value"]
    assert findings["cache"]["state"] == "ok" and findings["state"]["state"] == "warn"


def test_a_cache_that_can_t_be_written_is_told(doctor, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", "/proc/lmcspec")
    findings, code = doctor()
    assert code == 0 and findings["cache"]["state"] == "warn" and "LMCSPEC_CACHE" in findings["cache"]["help"]


@pytest.mark.parametrize(
    ("status", "text", "state", "told"),
    [
        (200, "3.17.2", "ok", "MLflow 3.17.2"),
        (401, "", "ok", "answers with 401"),
        (503, "", "warn", "answers with 503"),
        (200, "<html>", "warn", "is no MLflow"),
        (200, "3.18.0.dev0", "ok", "MLflow 3.18.0.dev0"),
        (200, "1" * 100, "warn", "is no MLflow"),
        (200, "3 little pigs", "warn", "is no MLflow"),
    ],
)
def test_a_tracking_server_is_asked(doctor, server, monkeypatch, status, text, state, told):
    address, answer = server
    answer.update(status=status, text=text)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace("://", "://me:secret@"))
    findings, code = doctor()
    assert code == 0 and findings["tracking"]["state"] == state
    assert told in findings["tracking"]["value"] and address in findings["tracking"]["value"]
    assert "secret" not in str(findings)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for(monkeypatch, said):
    """Each byte well within the time that a socket waits for one, in the headers or behind them."""
    monkeypatch.setattr(reached, "PATIENCE", 0.2)
    over = threading.Event()

    def dribble(listening):
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(said)
            while not over.wait(0.05):
                connection.sendall(b"1")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=dribble, args=[listening])
        thread.start()
        began = time.monotonic()
        words, there = reached.reached(f"http://127.0.0.1:{listening.getsockname()[1]}")
        took = time.monotonic() - began
        over.set()
        thread.join()
    assert words == "which doesn't answer: nothing whole came in 0.2 s" and not there
    assert took < 2


def test_a_tracking_server_that_is_away_is_told(doctor, server, monkeypatch):
    monkeypatch.setattr(reached, "PATIENCE", 0.2)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    findings, code = doctor()
    assert code == 0 and findings["tracking"]["state"] == "warn"
    assert "doesn't answer" in findings["tracking"]["value"] and "lmcspec sync" in findings["tracking"]["help"]


def test_known_sets_are_looked_for(doctor, tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_DATA", str(tmp_path / "sets"))
    findings, code = doctor()
    assert code == 5 and findings["data"]["state"] == "bad"
    for name in mnist.CARD.files:
        (tmp_path / "sets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sets" / name).touch()
    findings, code = doctor()
    assert code == 0 and findings["data"]["value"] == str(tmp_path / "sets")
    assert findings["mnist"]["value"] == "there"
    assert findings["cifar10"]["value"].startswith(f"not there; it would be {tmp_path / 'sets'}/cifar-10-batches-py")


def test_a_spec_that_could_run_is_told_what_it_takes(doctor):
    findings, code = doctor("study.toml")
    assert code == 0 and findings["data digits"]["value"] == "within lmcspec"
    assert findings["its results"]["state"] == "ok" and findings["its plan"]["value"].startswith("7 to run")
    assert not Path(".lmcspec").exists()


def test_a_spec_without_its_data_is_bad(doctor, lmcspec, place):
    findings, code = doctor("mnist-imp")
    assert code == 5 and findings["data mnist"]["state"] == "bad"
    assert "LMCSPEC_DATA" in findings["data mnist"]["help"] and "docs/data.md" in findings["data mnist"]["help"]
    assert [what for what, finding in findings.items() if finding["state"] == "bad"] == ["data mnist"]
    findings, code = doctor("mnist-imp", "--set", "dataset.root=sets")
    assert code == 5 and str(place / "sets" / "MNIST") in findings["data mnist"]["value"]
    said = lmcspec("doctor", "mnist-imp")
    assert said.code == 5 and "bad   data mnist" in said.out and "help: --set dataset.root=DIR" in said.out


def test_the_data_of_a_spec_are_sought_where_its_plan_has_them(doctor, place):
    """--set begins where it is typed, a file where it lies; obstacles of the plan are not told a second time."""
    (place / "below").mkdir()
    (place / "below" / "mine.toml").write_text('study = "mine"\nextends = "mnist-imp"\ndataset.root = "sets"\n')
    for sets, folder in ((), place / "below"), (("--set", "dataset.root=sets"), place):
        findings, code = doctor("below/mine.toml", *sets)
        assert code == 5 and str(folder / "sets" / "MNIST") in findings["data mnist"]["value"]
        assert [what for what, finding in findings.items() if finding["state"] == "bad"] == ["data mnist"]


def test_a_spec_with_more_results_than_room_is_bad(doctor, monkeypatch):
    class Usage:
        free = 10

    monkeypatch.setattr(doctor_data.shutil, "disk_usage", lambda place: Usage)
    findings, code = doctor("study.toml")
    assert code == 5 and findings["its results"]["state"] == "bad" and findings["disk"]["state"] == "warn"


@pytest.fixture
def more(finished):
    """Words for a study of which a part is left to run, with a store that has the facts of its model."""
    return "study.toml", "--set", "replicates=2", "--store", str(finished)


def test_a_task_that_is_larger_than_the_machine_is_told(doctor, more, monkeypatch):
    findings, code = doctor(*more)
    assert code == 0 and findings["its memory"]["state"] == "ok" and "its GPU memory" not in findings
    monkeypatch.setattr("lmcspec_runners.devices.host_memory", lambda: 10**6)
    findings, code = doctor(*more)
    assert code == 0 and findings["its memory"]["state"] == "warn" and findings["its memory"]["help"]
    assert "of 1 MB that this machine has" in findings["its memory"]["value"]
    monkeypatch.setattr("lmcspec_runners.devices.host_memory", lambda: 0)
    findings, _ = doctor(*more)
    assert findings["its memory"]["state"] == "ok" and " of " not in findings["its memory"]["value"]


def test_a_task_that_is_larger_than_any_gpu_is_told_beside_what_it_takes_of_the_machine(doctor, more, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(doctor_devices, "torch_platform", lambda: "CUDA 13.0")
    monkeypatch.setenv("LMCSPEC_DECLARED_DEVICES", "1 x gpu 1 GB, 1 x gpu 16 GB, 2 x cpu")
    findings, _ = doctor(*more)
    assert findings["its memory"]["state"] == "ok" and findings["its GPU memory"]["state"] == "ok"
    monkeypatch.setenv("LMCSPEC_DECLARED_DEVICES", "1 x gpu 0.1 GB, 2 x cpu")
    findings, code = doctor(*more)
    assert code == 0 and findings["its GPU memory"]["state"] == "warn" and findings["its GPU memory"]["help"]
    assert "that the largest GPU has" in findings["its GPU memory"]["value"] and "its memory" in findings


def test_what_is_not_known_of_sizes_is_said_to_be_unknown(doctor, more):
    findings, code = doctor("study.toml", "--set", "replicates=2", "--store", "other place")
    assert code == 0 and findings["its results"]["value"].startswith("16.4 kB and more, of ")
    assert "lmcspec plan study.toml --set replicates=2 --store 'other place' --facts" in findings["its results"]["help"]
    findings, code = doctor(*more)
    assert code == 0 and " at most, of " in findings["its results"]["value"] and not findings["its results"]["help"]


def test_what_is_blocked_has_no_size(doctor):
    findings, _ = doctor("mnist-imp")
    assert findings["its results"]["value"].startswith("unknown how much, of ")


def test_the_command_about_an_obstacle_is_about_the_same_study(doctor, monkeypatch):
    monkeypatch.setattr("lmcspec.plan.outlook.Outlook.obstacles", ("something is missing",))
    findings, code = doctor("study.toml", "--set", "replicates=2", "--store", "s")
    assert code == 5 and findings["study"]["value"] == "something is missing"
    assert findings["study"]["help"].startswith("lmcspec plan study.toml --set replicates=2 --store s says")


def test_a_spec_with_mistakes_is_told_them(place, lmcspec):
    Path("study.toml").write_text("study = 1\n")
    said = lmcspec("doctor", "study.toml")
    assert said.code == 2 and "study.toml:1:9" in said.err
    assert lmcspec("doctor", "--set", "replicates=2").code == 2
