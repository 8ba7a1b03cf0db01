"""`lmcspec pack` and `unpack`: a study goes to another machine, and `run` finds nothing to do there."""

import csv
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from specs_for_tests import SEVEN_UPDATES, STABILITY, TINY, plan_of

from lmcspec.store import Store, verify

SWEEP = """
extends = ["../parts/base.toml"]
study = "swept"
[networks]
imp = [{ rounds = 1, fraction = 0.5 }]
[measures]
accuracy = { levels = ["last"] }
[sweep.grid]
"recipes.real.optimiser.lr" = [0.1, 0.2]
"""


def elsewhere(monkeypatch, tmp_path_factory, *archives):
    """Another machine: a folder with nothing but these archives."""
    place = tmp_path_factory.mktemp("elsewhere")
    for archive in archives:
        shutil.copy(archive, place)
    monkeypatch.chdir(place)
    return place


def result(store: Store, task: str) -> Any:
    """A result that is there."""
    return store.find(task)


def ran(said):
    """Whether a run has found nothing to do."""
    assert said.code == 0, said.err
    return "Nothing to do" not in said.err


def numbers(lmcspec, spec):
    rows = lmcspec("results", spec, "--format", "json").data["results"]
    return [{key: value for key, value in row.items() if key != "run"} for row in rows]


@pytest.mark.parametrize("objects", ["all", "results"])
def test_on_another_machine_there_is_nothing_to_do(place, lmcspec, finished, objects, monkeypatch, tmp_path_factory):
    shutil.copytree(finished, ".lmcspec")
    said = lmcspec("pack", "study.toml", "--objects", objects)
    assert (said.code, said.out) == (0, "tiny.zip\n") and "unpack tiny.zip" in said.err
    before, archive = numbers(lmcspec, "study.toml"), place / "tiny.zip"
    assert [path.name for path in place.iterdir() if path.name.startswith("tiny")] == ["tiny.zip"]
    there = elsewhere(monkeypatch, tmp_path_factory, archive)
    said = lmcspec("unpack", "tiny.zip")
    assert (said.code, said.out) == (0, "tiny/study.toml\n")
    assert "7 objects taken" in said.err and "Nothing to do: all 7 tasks" in said.err
    assert said.err.endswith("next: lmcspec run tiny/study.toml\n")
    assert (there / "tiny" / "study.toml").read_text() == STABILITY
    assert not ran(lmcspec("run", "tiny/study.toml", "--no-tracking"))
    assert not ran(lmcspec("run", "tiny/plan.json", "--no-tracking"))
    assert numbers(lmcspec, "tiny/study.toml") == before
    store, first = Store.open(".lmcspec"), Store.open(finished)
    assert sorted(store.ids()) == sorted(first.ids()) and not list(verify(store))
    whole = {task for task in store.ids() if result(store, task).has_outputs}
    paths = {task.id for task in plan_of(STABILITY).tasks.values() if task.kind == "path"}
    assert whole == (
        paths if objects == "results" else {task for task in first.ids() if result(first, task).has_outputs}
    )
    for task in whole:
        assert result(store, task).digest == result(first, task).digest
    # The same again takes nothing and replaces nothing; the study is kept.
    said = lmcspec("unpack", "tiny.zip", "--format", "json")
    assert said.data["objects"] == {"new": 0, "there": 7, "other": 0} and said.data["written"] == []
    assert "Nothing to delete" in lmcspec("gc").out


def test_without_objects_everything_else_is_there(place, lmcspec, finished, monkeypatch, tmp_path_factory):
    assert lmcspec("pack", "study.toml", "--store", str(finished)).code == 0
    with zipfile.ZipFile("tiny.zip") as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    assert not [name for name in names if name.startswith("objects/")]
    assert {"README.md", "plan.json", "resolved.json", "results.csv", "provenance.json", "spec/study.toml"} < set(names)
    assert {"report/report.html", "ro-crate-metadata.json"} < set(names)
    lines = list(csv.DictReader(contents["results.csv"].decode().splitlines()))
    assert [line["task"] for line in lines] == [
        row["task"]
        for row in lmcspec("results", "study.toml", "--format", "json", "--store", str(finished)).data["results"]
    ]
    assert json.loads(contents["resolved.json"])[""]["study"] == "tiny"
    told = json.loads(contents["provenance.json"])
    assert told["finished"] and told["computed"][0]["tasks"] == 7 and len(told["runs"]) == 1
    everything = b"".join(contents.values())
    for private in (str(place).encode(), str(finished).encode()):
        assert private not in everything, "places of this machine"
    elsewhere(monkeypatch, tmp_path_factory, place / "tiny.zip")
    said = lmcspec("unpack", "tiny.zip", "-o", "deep/below")
    assert said.out == "deep/below/study.toml\n" and "Plan: 7 to run" in said.err


def test_equal_studies_make_equal_bytes(place, lmcspec, finished):
    for name in ("a.zip", "b.zip"):
        line = ("pack", "study.toml", "--store", str(finished), "--objects", "all", "-o", name)
        said = lmcspec(*line, "--format", "json").data
        assert said["packed"] == 7 and said["files"] == len(zipfile.ZipFile(name).namelist())
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()
    with zipfile.ZipFile("a.zip") as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for part in archive.infolist():
            if re.fullmatch(r"objects/../\w+/[0-9a-f]{64}", part.filename):
                assert hashlib.sha256(archive.read(part)).hexdigest() == part.filename.rpartition("/")[2]


def test_a_sweep_that_extends_others_with_something_set(place, lmcspec, monkeypatch, tmp_path_factory):
    Path("parts").mkdir()
    Path("specs").mkdir()
    Path("parts/base.toml").write_text(SEVEN_UPDATES.replace('study = "tiny"', ""))
    Path("specs/swept.toml").write_text(SWEEP)
    sets = ("--set", "model.widths=[8]")
    assert lmcspec("run", "specs/swept.toml", *sets, "--runner", "inline", "--no-tracking").code == 0
    assert lmcspec("pack", "specs/swept.toml", *sets, "--objects", "results").code == 0
    elsewhere(monkeypatch, tmp_path_factory, place / "swept.zip")
    said = lmcspec("unpack", "swept.zip", "--store", "my store")
    assert said.out == "swept/specs/swept.toml\n"
    command = said.err.splitlines()[-1].removeprefix("next: lmcspec ")
    assert command == "run swept/specs/swept.toml --set 'model.widths=[8]' --store 'my store'"
    assert Path("swept/parts/base.toml").exists()
    said = lmcspec("run", "swept/specs/swept.toml", *sets, "--store", "my store", "--no-tracking")
    assert not ran(said) and "lr=0.2" in said.out


def test_images_that_are_not_there(place, lmcspec, monkeypatch, tmp_path_factory):
    from PIL import Image

    for split in ("train", "test"):
        for label, shade in (("a", 10), ("b", 200)):
            Path("images", split, label).mkdir(parents=True, exist_ok=True)
            for number in range(4):
                Image.new("L", (8, 8), shade + number).save(Path("images", split, label, f"{number}.png"))
    text = TINY.replace('dataset = "digits"', 'dataset = { name = "folder", root = "images" }')
    Path("study.toml").write_text(text)
    assert lmcspec("run", "study.toml", "--runner", "inline", "--no-tracking").code == 0
    assert lmcspec("pack", "study.toml", "--objects", "results").code == 0
    shutil.rmtree("images")
    elsewhere(monkeypatch, tmp_path_factory, place / "tiny.zip")
    said = lmcspec("unpack", "tiny.zip")
    assert said.code == 0 and "note: " in said.err and "Nothing to do" in said.err
    assert said.err.endswith("next: lmcspec run tiny/plan.json\n")
    assert not ran(lmcspec("run", "tiny/plan.json", "--no-tracking"))
    # What would need them is blocked, and no more than that.
    said = lmcspec("run", "tiny/plan.json", "--no-tracking", "--force", "imp/s0/l1/train")
    assert said.code == 5 and "images" in said.err


def test_a_study_that_is_not_finished_says_so(place, lmcspec, finished, monkeypatch, tmp_path_factory):
    shutil.copytree(finished, ".lmcspec")
    more = ("--set", "networks.imp[0].rounds=2")
    said = lmcspec("pack", "study.toml", *more)
    assert (said.code, said.out) == (2, "") and "is not finished" in said.err and "--partial" in said.err
    assert not Path("tiny.zip").exists()
    said = lmcspec("pack", "study.toml", *more, "--partial", "--objects", "all")
    assert said.code == 0 and "it is not finished: " in said.err
    with zipfile.ZipFile("tiny.zip") as archive:
        crate = json.loads(archive.read("ro-crate-metadata.json"))
        root = next(entity for entity in crate["@graph"] if entity["@id"] == "./")
        assert root["creativeWorkStatus"] == "Incomplete" and "It is not finished" in root["description"]
        assert "It is not finished" in archive.read("README.md").decode()
        assert not json.loads(archive.read("provenance.json"))["finished"]
    elsewhere(monkeypatch, tmp_path_factory, place / "tiny.zip")
    said = lmcspec("unpack", "tiny.zip")
    assert said.code == 0 and "before it was finished" in said.err and "to run" in said.err


def test_nothing_is_replaced(place, lmcspec, finished, monkeypatch, tmp_path_factory):
    line = ("pack", "study.toml", "--store", str(finished), "--objects", "all")
    Path("tiny.zip").write_text("mine")
    said = lmcspec(*line)
    assert said.code == 2 and "there is a file tiny.zip" in said.err and Path("tiny.zip").read_text() == "mine"
    assert lmcspec(*line, "--force").code == 0
    elsewhere(monkeypatch, tmp_path_factory, place / "tiny.zip")
    Path("tiny").mkdir()
    Path("tiny/study.toml").write_text("mine")
    said = lmcspec("unpack", "tiny.zip")
    assert said.code == 2 and "another file than in the archive" in said.err
    assert Path("tiny/study.toml").read_text() == "mine" and sorted(map(str, Path().iterdir())) == ["tiny", "tiny.zip"]


def test_another_result_of_the_same_task_stays(place, lmcspec, finished):
    from lmcspec.store.commit import open_attempt

    assert lmcspec("pack", "study.toml", "--store", str(finished), "--objects", "all").code == 0
    first = Store.open(finished)
    task = plan_of(STABILITY).roles["imp/s0/l1/mask"]
    store = Store.open(".lmcspec")
    attempt = open_attempt(store, task)
    (attempt.out / "x").write_text("x")
    attempt.commit(result(first, task).task, {"scalars": {"density": 0.5}}, {})
    said = lmcspec("unpack", "tiny.zip", "-o", "there")
    assert said.code == 0 and "6 objects taken" in said.err and "1 have another result here, which stays" in said.err
    assert (result(store, task).out / "x").read_text() == "x"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["plan.json"], 2, "a saved plan holds no spec"),
        (["study.toml", "-o", "no/x.zip"], 2, "can't write no/x.zip"),
        (["study.toml", "--set", "recipes.real.batch=64"], 2, "is not finished"),
        (["study.toml", "--set", "recipes.real.batch=64", "--partial"], 4, "nothing of tiny is in the store"),
        (["study.toml", "--objects", "some"], 2, "some"),
    ],
)
def test_mistakes_of_packing_end_with_a_sentence(place, lmcspec, finished, arguments, code, says):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    before = sorted(Path().iterdir())
    said = lmcspec("pack", *arguments, "--store", str(finished))
    assert (said.code, said.out) == (code, "") and says in said.err and "Traceback" not in said.err
    assert sorted(Path().iterdir()) == before


def test_a_spec_that_names_a_place_of_this_machine(place, lmcspec, finished, tmp_path_factory):
    base = tmp_path_factory.mktemp("base") / "base.toml"
    base.write_text('title = "x"')
    Path("study.toml").write_text(f'extends = ["{base}"]\n{STABILITY}')
    said = lmcspec("pack", "study.toml", "--store", str(finished))
    assert said.code == 2 and str(base) in said.err and "relative paths" in said.err


def test_a_damaged_object_is_not_packed(place, lmcspec, finished):
    shutil.copytree(finished, ".lmcspec")
    store = Store.open(".lmcspec")
    path = result(store, plan_of(STABILITY).roles["imp/s0/l1/train"]).path / "out" / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    said = lmcspec("pack", "study.toml", "--objects", "all")
    assert (said.code, said.out) == (4, "") and "damaged" in said.err
    assert sorted(map(str, Path().iterdir())) == [".lmcspec", "study.toml"]
    # What is not packed is not read.
    assert lmcspec("pack", "study.toml", "--objects", "none").code in (0, 2)
