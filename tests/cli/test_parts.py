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
    document = lmcspec("plan", "study.toml", "--format", "json", *options).data
    assert (document["slots"], document["seconds"]) == (None, None), "this machine's are not what was asked for"
    data = document["simulated"]
    low, middle, high = data["seconds"]
    assert low <= middle <= high and data["slots"] == 3
    here = lmcspec("plan", "study.toml", "--format", "json", "--workers", "3", *options[:4]).data
    assert here["slots"] == 3 and here["seconds"] > 0 and "simulated" not in here


@pytest.mark.parametrize("options", [("--devices", "bogus"), ("--devices", "1 x cpu"), ("--workers", "2")])
def test_devices_of_this_machine_are_none_of_a_plan_in_virtual_time(place, lmcspec, options):
    for form in ("table", "tree", "json"):
        said = lmcspec("plan", "study.toml", "--simulate", "2 x h200", "--format", form, *options)
        assert said.code == 2 and f"leave {options[0]} out" in said.out + said.err


@pytest.mark.parametrize("form", ["table", "tree", "json"])
def test_devices_are_checked_whatever_is_shown(place, lmcspec, form):
    said = lmcspec("plan", "study.toml", "--format", form, "--devices", "bogus")
    assert said.code == 2 and "there is no device 'bogus'" in said.out + said.err


def test_a_plan_in_virtual_time_of_nothing(place, lmcspec, finished):
    options = ("--store", str(finished), "--simulate", "2 x h200")
    assert "simulated on 2 h200: nothing to run" in lmcspec("plan", "study.toml", *options).out
    data = lmcspec("plan", "study.toml", "--format", "json", *options).data["simulated"]
    assert data["seconds"] == [0.0, 0.0, 0.0] and data["enough"] is None


def test_the_doctor_says_what_there_is(place, lmcspec, tmp_path):
    said = lmcspec("doctor")
    for word in ("python", "torch", "cpu", "store", "disk", "tracking", "plug-ins"):
        assert word in said.out
    assert [path.name for path in place.iterdir()] == ["study.toml"]
    measured = lmcspec("doctor", "--measure", "--seconds", "1", "--devices", "1 x cpu", "--format", "json")
    findings = {finding["what"]: finding for finding in measured.data["findings"]}
    assert "measured" in findings["speed of cpu"]["value"] and not findings["speed of cpu"]["help"]
    assert json.loads((tmp_path / "speeds" / "cpu.json").read_text())["model"] == "cpu"


def test_several_studies_in_one_run(place, lmcspec):
    text = (place / "study.toml").read_text()
    name = next(line for line in text.splitlines() if line.startswith("study"))
    (place / "other.toml").write_text(text.replace(name, 'study = "other"').replace("replicates = 2", "replicates = 1"))
    both = ("study.toml", "other.toml")
    planned = lmcspec("plan", *both, "--format", "json").data
    study = name.split('"')[1]
    assert planned["study"] == f"{study} + other"
    alone = [len(lmcspec("plan", spec, "--format", "json").data["tasks"]) for spec in both]
    assert max(alone) <= len(planned["tasks"]) < sum(alone)
    said = lmcspec("run", *both, "--runner", "inline", "--no-tracking", "--format", "json")
    assert said.code == 0 and said.data["tasks"]["done"] == len(to_run_of(planned))
    assert {row["study"] for row in said.data["results"]} == {study, "other"}
    assert all(row["value"] is not None for row in said.data["results"])
    for spec in both:
        assert "Nothing to do" in lmcspec("plan", spec).out
    again = lmcspec("run", *both, "--no-tracking")
    assert again.code == 0 and "Nothing to do" in again.err and again.out.count("accuracy") >= 2


def to_run_of(planned):
    return [task for task in planned["tasks"] if task["state"] == "run"]


def test_several_that_cannot_run_together_are_refused(place, lmcspec):
    twice = lmcspec("run", "study.toml", "study.toml", "--no-tracking")
    assert twice.code == 2 and "2 of these are the study" in twice.err
    (place / "other.toml").write_text((place / "study.toml").read_text().replace('study = "', 'study = "an'))
    saved = lmcspec("plan", "study.toml", "other.toml", "-o", "plan.json")
    assert saved.code == 2 and "-o saves the plan of one study" in saved.err and not (place / "plan.json").exists()
    missing = lmcspec("run", "study.toml", "nowhere.toml")
    assert missing.code == 2 and "nowhere.toml" in missing.err
    assert not (place / ".lmcspec").exists() or not list((place / ".lmcspec" / "objects").iterdir())
