"""`gc`, `forget` and the room in `status`, as they are typed; and what a study comes to after them."""

import json
import os
import shutil
from pathlib import Path

import pytest
from manifest_for_tests import compare, manifest
from specs_for_tests import STABILITY

from lmcspec.store import Index, Store, driving, verify


@pytest.fixture
def study(place, finished):
    """The study, which has run in the store here, and a shorter one that shares some of it."""
    shutil.copytree(finished, place / ".lmcspec")
    return place


def test_it_shows_what_would_go_and_then_deletes_it(study, lmcspec):
    store = Store.open(".lmcspec")
    before = manifest(store)
    said = lmcspec("gc")
    assert said.code == 0 and "Nothing to delete" in said.out and "needs everything in the store" in said.out
    (name,) = [view["study"] for view in lmcspec("status", "--format", "json").data["studies"]]
    forgotten = lmcspec("forget", name)
    assert forgotten.code == 0 and f"lmcspec gc --study {name}" in forgotten.out
    assert "MLflow are left alone" in forgotten.out
    shown = lmcspec("gc", "--study", name)
    assert f"{name}, forgotten" in shown.out and "would go" in shown.out
    assert f"lmcspec gc --study {name} --yes" in shown.err
    assert manifest(store) == before
    data = lmcspec("gc", "--format", "json").data
    assert not data["deleted"] and {piece["id"] for piece in data["pieces"]} == set(before)
    assert data["freed"] == sum(piece["bytes"] for piece in data["pieces"])
    done = lmcspec("gc", "--yes")
    assert done.code == 0 and "deleted" in done.out and "Nothing was deleted" not in done.err
    assert manifest(store) == {} and verify(store) == []
    with Index(store) as index:
        assert index.ids() == set()
    again = lmcspec("run", "study.toml", "--runner", "inline")
    assert again.code == 0, again.err
    assert not compare(manifest(store), before)
    assert lmcspec("status", "--format", "json").data["room"]["frees"] == 0


@pytest.mark.parametrize("command", [("plan", "study.toml"), ("run", "study.toml", "--runner", "inline")])
def test_planning_or_running_keeps_it_again(study, lmcspec, command):
    assert lmcspec("forget", name_of_study()).code == 0
    assert lmcspec("status", "--format", "json").data["studies"] == []
    assert lmcspec("gc", "--format", "json").data["pieces"]
    said = lmcspec(*command)
    assert said.code == 0
    assert lmcspec("gc", "--format", "json").data["pieces"] == []
    assert len(lmcspec("status", "--format", "json").data["studies"]) == 1


def name_of_study():
    return next(line for line in STABILITY.splitlines() if line.startswith("study")).split('"')[1]


def test_what_ran_last_is_kept_even_where_nothing_had_to_run(study, lmcspec):
    """Run otherwise, then as before: all of that is kept, though the second run found everything there."""
    assert lmcspec("run", "study.toml", "--set", "measures.stability.points=3", "--runner", "inline").code == 0
    leaving = lmcspec("gc", "--format", "json").data["pieces"]
    assert [(piece["kind"], piece["studies"]) for piece in leaving] == [("path", [name_of_study()])] * 2
    assert "earlier plans" in lmcspec("gc").out
    before = [Store.open(".lmcspec").find(piece["id"]).path for piece in leaving]
    assert lmcspec("run", "study.toml", "--runner", "inline").code == 0
    leaving = lmcspec("gc", "--format", "json").data["pieces"]
    assert len(leaving) == 2 and not {piece["id"] for piece in leaving} & {path.name for path in before}


def test_the_room_by_kind_and_by_study(study, lmcspec):
    Path("half.toml").write_text(Path("study.toml").read_text().replace(name_of_study(), "half"))
    assert lmcspec("run", "half.toml", "--set", "measures.stability.points=3", "--runner", "inline").code == 0
    room = lmcspec("status", "--format", "json").data["room"]
    half, whole = sorted(room["studies"], key=lambda study: study["study"])
    assert (half["study"], half["results"], whole["results"]) == ("half", 7, 7)
    assert room["shared"]["results"] == 5
    for study_of in (half, whole):
        assert study_of["bytes"] == study_of["alone"] + room["shared"]["bytes"]
        assert study_of["alone"] > 0
    by_kind = sum(share["bytes"] for share in room["kinds"].values())
    assert by_kind == half["alone"] + whole["alone"] + room["shared"]["bytes"]
    assert room["bytes"] == by_kind + room["checkpoints"] + room["attempts"] + sum(room["others"].values())
    objects = Path(".lmcspec/objects")
    dropped = sum(path.stat().st_size for path in objects.glob("*/*/DROPPED"))
    assert by_kind == sum(path.stat().st_size for path in objects.rglob("*") if path.is_file()) - dropped
    shown = lmcspec("status").out
    for words in ("shared by several", "Kept studies need all of it.", "train", "half"):
        assert words in shown
    lmcspec("forget", name_of_study())
    shown = lmcspec("status").out
    assert f"not deleted yet: {name_of_study()}" in shown and "lmcspec gc would free" in shown
    assert lmcspec("status", "--format", "json").data["room"]["frees"] == whole["alone"]


def test_words_that_are_wrong(study, lmcspec):
    for words, code, part in (
        (("gc", "--older", "soon"), 2, "'soon' is no age"),
        (("gc", "--to", "much"), 2, "'much' is no size"),
        (("gc", "--study", "nothing"), 2, "no study of this store"),
        (("forget", "nothing"), 2, "keeps no study that is called 'nothing'"),
        (("forget", name_of_study()[:-1]), 2, f"did you mean {name_of_study()}?"),
        (("gc", "--store", "nowhere"), 4, "no store at nowhere"),
    ):
        said = lmcspec(*words)
        assert said.code == code and part in said.err and "Traceback" not in said.err, words


def test_a_size_that_can_not_be_reached(study, lmcspec):
    said = lmcspec("gc", "--to", "1kB")
    assert said.code == 0 and "more than 1 kB" in said.out and "lmcspec forget STUDY" in said.out


def test_while_a_run_is_at_work(study, lmcspec):
    lmcspec("forget", name_of_study())
    with driving(Store.open(".lmcspec")), driving(Store.open(".lmcspec")):
        shown = lmcspec("gc")
        assert shown.code == 0 and "nothing can be deleted until it ends" in shown.err
        refused = lmcspec("gc", "--yes")
    assert refused.code == 4 and "is at work in the store" in refused.err and "help: wait" in refused.err
    assert list(Store.open(".lmcspec").ids())


def test_a_damaged_record(study, lmcspec):
    record = Path(f".lmcspec/studies/{name_of_study()}.json")
    record.write_text("{")
    for command in (("gc",), ("gc", "--yes")):
        said = lmcspec(*command)
        assert said.code == 4 and str(record) in said.err and f"lmcspec forget {name_of_study()}" in said.err
    shown = lmcspec("status")
    assert shown.code == 0 and "what could go is not known" in shown.out and "train" in shown.out
    assert lmcspec("run", "study.toml", "--runner", "inline").code == 0
    assert json.loads(record.read_text())["study"] == name_of_study()
    assert lmcspec("gc").code == 0


def test_what_is_to_be_typed_next_names_the_store_where_it_has_to(study, lmcspec, monkeypatch):
    os.rename(".lmcspec", "kept elsewhere")
    study, where = name_of_study(), ("--store", "kept elsewhere")
    said = lmcspec("forget", study, *where)
    assert f"  lmcspec gc --store 'kept elsewhere' --study {study}" in said.out.splitlines()
    said = lmcspec("gc", "--study", study, "--older", "0s", *where)
    [line] = [line for line in said.err.splitlines() if "To delete it" in line]
    assert line.endswith(f"lmcspec gc --store 'kept elsewhere' --study {study} --older 0s --yes")
    monkeypatch.setenv("LMCSPEC_STORE", "kept elsewhere")
    assert lmcspec("gc").err.rstrip().endswith("lmcspec gc --yes")
    assert lmcspec("gc", *where).err.rstrip().endswith("lmcspec gc --yes")


def test_a_store_in_which_nothing_is_kept(place, lmcspec):
    Store.open(".lmcspec")
    out = lmcspec("gc").out
    assert out.startswith("Nothing to delete: the store .lmcspec holds no results, ") and "kept" not in out
    assert lmcspec("status").out.splitlines()[-1] == "It holds no results."
