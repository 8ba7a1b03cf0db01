"""With `--format json` a command says one document, whatever goes wrong; and no option is left unread."""

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
from specs_for_tests import STABILITY

from lmcspec import running
from lmcspec.track.troubles import UnreachableError

ONCE = ("run", "study.toml", "--runner", "inline", "--format", "json")


def test_results_and_what_is_blocked_are_one_answer(place, lmcspec):
    blocked = STABILITY.replace(
        "dense = []", 'dense = []\nlate = [{ data = "syn", recipe = "real", rounds = 1, fraction = 0.5 }]'
    )
    Path("study.toml").write_text(f'{blocked}[distilled]\nsyn = {{ load = "nowhere.pt", space = "raw" }}\n')
    said = lmcspec(*ONCE, "--no-tracking")
    assert said.code == 5, said.err
    answer = json.loads(said.out)
    assert not answer["ok"] and answer["data"]["tasks"]["done"] >= 7 and answer["data"]["results"]
    assert [error["code"] for error in answer["errors"]] == ["BlockedError"]
    assert "nowhere.pt" in answer["errors"][0]["message"]
    again = lmcspec(*ONCE, "--no-tracking")
    assert again.code == 5 and json.loads(again.out)["data"] is None, "nothing is left to run but what is blocked"


def test_results_and_a_server_that_went_away_are_one_answer(place, lmcspec, monkeypatch):
    @contextmanager
    def gone(*_, **__):
        yield
        raise UnreachableError("MLflow does not answer", help="lmcspec sync")

    monkeypatch.setattr(running, "telling", gone)
    said = lmcspec(*ONCE)
    answer = json.loads(said.out)
    assert said.code == 6 and not answer["ok"] and answer["data"]["results"]
    assert answer["errors"] == [
        {"code": "UnreachableError", "message": "MLflow does not answer", "hint": "lmcspec sync"}
    ]


@pytest.mark.parametrize("part", [("--until", "1"), ("--target", "accuracy"), ("--only", "train"), ("--failed",)])
def test_a_saved_plan_is_whole(place, lmcspec, part):
    said = lmcspec("plan", "study.toml", *part, "-o", "plan.json")
    assert said.code == 2 and "-o saves a whole plan" in said.err and not Path("plan.json").exists()
    lmcspec("plan", "study.toml", "-o", "plan.json")
    chosen, saved = (lmcspec("plan", name, *part, "--format", "json") for name in ("study.toml", "plan.json"))
    assert [task["state"] for task in saved.data["tasks"]] == [task["state"] for task in chosen.data["tasks"]]


def test_a_forced_task_is_in_no_saved_plan(place, lmcspec, finished):
    said = lmcspec("plan", "study.toml", "--store", str(finished), "--force", "imp/s0/l1/train", "-o", "plan.json")
    assert said.code == 2 and "lmcspec run FILE" in said.err


def test_facts_are_taken_of_a_spec(place, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    said = lmcspec("plan", "plan.json", "--facts")
    assert said.code == 2 and "plan.json is a saved plan" in said.err and "--facts" in said.err
    assert not Path(".lmcspec").exists()


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("status", "--set", "replicates=2"), "--set"),
        (("status", "--objects", "memory://there"), "--objects"),
        (("explain", "E101", "--set", "replicates=2"), "--set"),
        (("explain", "imp/s0/l1/train", "--case", "a"), "--case"),
    ],
)
def test_what_is_about_a_study_is_refused_without_one(place, lmcspec, words, option):
    said = lmcspec(*words)
    assert said.code == 2 and f"{option} is about a study" in said.err and f"lmcspec {words[0]} SPEC" in said.err
