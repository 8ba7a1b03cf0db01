"""What `lmcspec doctor` measures and what it says, on GPUs that a stand-in for nvidia-smi tells of."""

import json
import os

import pytest

from lmcspec.engine import measuring, numerics
from lmcspec.engine.measuring import Point
from lmcspec.plan import speeds

POINTS = [Point(layers, flops, 2e-4 * layers + flops / 5e9) for layers, flops in [(3, 1e7), (3, 1e9), (20, 1e8)]]
INSTALLED = ["GPU-slow, 16384, Tesla T4", "GPU-fast, 143771, NVIDIA H200", "GPU-also, 143771, NVIDIA H200"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(speeds, "folder", lambda: tmp_path / "speeds")
    return tmp_path / "speeds"


@pytest.fixture
def gpus(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in INSTALLED))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def measured(monkeypatch):
    """The UUIDs of what is measured, as CUDA takes a number and what it may see; nothing is computed."""
    seen = []

    def measure(device, seconds):
        visible = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        seen.append(visible[int(device.removeprefix("cuda:"))] if device != "cpu" else device)
        return POINTS

    monkeypatch.setattr(measuring, "measure", measure)
    return seen


def test_the_gpu_of_a_model_is_the_one_that_is_measured_however_cuda_counts(gpus, place, lmcspec, measured, folder):
    said = lmcspec("doctor", "--measure", "--devices", "2,0, 1 x cpu", "--format", "json")
    assert measured == ["GPU-also", "GPU-slow", "cpu"]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    kept = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    assert {name: document["memory"] // 2**20 for name, document in kept.items()} == {
        "t4.json": 16384,
        "h200.json": 143771,
        "cpu.json": 0,
    }
    told = [finding["what"] for finding in said.data["findings"]]
    assert [what for what in told if "speed" in what] == ["speed of t4", "speed of h200", "speed of cpu"]


def test_a_part_of_a_gpu_is_measured_by_the_name_that_torch_has(gpus, place, lmcspec, measured, folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-1")
    monkeypatch.setattr(numerics, "device_model", lambda device: "NVIDIA H200 MIG 1g.18gb")
    said = lmcspec("doctor", "--measure", "--devices", "gpu", "--format", "json")
    assert measured == ["MIG-1"] and os.environ["CUDA_VISIBLE_DEVICES"] == "MIG-1"
    assert [path.name for path in folder.iterdir()] == ["h200mig1g18gb.json"]
    told = {finding["what"]: finding["value"] for finding in said.data["findings"]}
    assert [what for what in told if "speed" in what] == ["speed of cpu"] and "by the table" in told["speed of cpu"]


def test_where_nothing_can_be_kept_nothing_is_measured(place, lmcspec, measured, folder, monkeypatch):
    folder.write_text("a file")
    said = lmcspec("doctor", "--measure")
    assert said.code == 2 and f"speeds can't be kept in {folder}" in said.err and "XDG_STATE_HOME" in said.err
    monkeypatch.setattr(speeds, "folder", lambda: folder / "speeds")
    assert lmcspec("doctor", "--measure").code == 2
    assert measured == []


@pytest.mark.parametrize("options", [("--devices", "bogus"), ("--devices", "gpu"), ("--seconds", "5")])
def test_what_is_said_of_measuring_alone_is_refused_without(place, lmcspec, options):
    said = lmcspec("doctor", *options)
    assert said.code == 2 and f"{options[0]} is about what is measured" in said.err and "add --measure" in said.err
    assert lmcspec("doctor", "--measure", "--devices", "bogus").code == 2


def test_a_password_of_the_tracking_server_is_not_shown(place, lmcspec, finished, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@tracking.example/")
    for options in ((), ("--format", "json")):
        said = lmcspec("doctor", "--store", str(finished), *options)
        assert "https://tracking.example/" in said.out
        assert "secret" not in said.out + said.err and "me:" not in said.out
