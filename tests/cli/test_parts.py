"""Options that choose a part of a plan, devices, and what a plan would take: `run` and `plan` agree."""

import json

import pytest

from lmcspec.plan import speeds


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(speeds, "folder", lambda: tmp_path / "speeds")


def to_run(said):
    return {task["label"] for task in said.data["tasks"] if task["state"] == "run"}


def test_plan_shows_what_run_runs_and_the_rest_is_left(place, lmcspec):
    part = ("--until", "train", "--only", "dense/*")
    everything = to_run(lmcspec("plan", "study.toml", "--format", "json"))
    shown = to_run(lmcspec("plan", "study.toml", "--format", "json", *part))
    assert shown and shown < everything and all(label.startswith("dense/") for label in shown)
    once = ("run", "study.toml", "--runner", "inline", "--no-tracking")
    assert lmcspec(*once, *part).code == 0
    assert to_run(lmcspec("plan", "study.toml", "--format", "json")) == everything - shown
    assert "Nothing to do: of what is asked for" in lmcspec("plan", "study.toml", *part).out
    assert "nothing is left to run" in lmcspec(*once, *part).err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--target", "acuracy"), "did you mean accuracy?"),
        (("--only", "trein"), "did you mean train?"),
        (("--until", "prun"), "did you mean prune?"),
        (("--devices", "gpu"), "--devices cpu needs none"),
        (("--devices", "tpu"), "did you mean"),
        (("--simulate", "8 x h20"), "did you mean h200?"),
    ],
)
def test_what_there_is_not_is_an_error_with_the_nearest(place, lmcspec, options, said):
    answer = lmcspec("plan", "study.toml", *options)
    assert answer.code in (2, 5) and said in answer.err


def test_a_runner_that_there_is_not_is_refused_before_anything_starts(place, lmcspec):
    answer = lmcspec("run", "study.toml", "--runner", "cluster")
    assert answer.code == 2 and "inline, local" in answer.err
    assert [path.name for path in place.iterdir()] == ["study.toml"]
    assert "takes no --devices" in lmcspec("run", "study.toml", "--runner", "inline", "--devices", "cpu").err


def test_a_plan_in_virtual_time(place, lmcspec, finished):
    options = ("--store", str(finished), "--set", "replicates=3", "--simulate", "2 x h200, 1 x cpu")
    said = lmcspec("plan", "study.toml", *options)
    assert "simulated on 2 h200 and 1 cpu" in said.out and "critical path" in said.out
    data = lmcspec("plan", "study.toml", "--format", "json", *options).data["simulated"]
    low, middle, high = data["seconds"]
    assert low <= middle <= high and data["slots"] == 3


def test_the_doctor_says_what_there_is(place, lmcspec, tmp_path):
    said = lmcspec("doctor")
    for word in ("python", "torch", "cpu", "store", "disk", "tracking", "plug-ins"):
        assert word in said.out
    assert [path.name for path in place.iterdir()] == ["study.toml"]
    measured = lmcspec("doctor", "--measure", "--seconds", "1", "--devices", "1 x cpu", "--format", "json")
    findings = {finding["what"]: finding for finding in measured.data["findings"]}
    assert "measured" in findings["speed of cpu"]["value"] and not findings["speed of cpu"]["help"]
    assert json.loads((tmp_path / "speeds" / "cpu.json").read_text())["model"] == "cpu"
