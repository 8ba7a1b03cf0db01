"""`lmcspec diff`: settings, tasks and results of two studies."""

import shutil
from pathlib import Path

import pytest
from specs_for_tests import STABILITY

from lmcspec.store import Store

RATE = ("--set", "recipes.real.optimiser.lr=0.2")


@pytest.fixture
def store(place, finished) -> Store:
    shutil.copytree(finished, place / ".lmcspec")
    return Store.open(place / ".lmcspec")


def test_one_changed_value(place, lmcspec):
    said = lmcspec("diff", "study.toml", *RATE)
    assert said.code == 0
    assert said.out.splitlines() == [
        "A  study.toml",
        "B  --set recipes.real.optimiser.lr=0.2",
        "",
        "setting                    in A  set by        in B  set by",
        "recipes.real.optimiser.lr  0.1   study.toml:8  0.2   --set",
        "",
        "tasks  only in A  only in B  in both",
        "train          4          4        0",
        "prune          1          1        0",
        "path           2          2        0",
        "all            7          7        0",
    ]
    assert [path.name for path in place.iterdir()] == ["study.toml"], "it makes nothing"


def test_two_files(place, lmcspec):
    longer = STABILITY.replace("rounds = 1", "rounds = 2")
    shuffled = "shuffled = { like = 'imp', mask = 'shuffled' }\n"
    Path("other.toml").write_text(longer.replace("[measures]", f"{shuffled}[measures]"))
    data = lmcspec("diff", "study.toml", "other.toml", "--format", "json").data
    found = {one["path"]: (one["a"], one["b"]) for one in data["settings"]}
    line = 1 + STABILITY.splitlines().index(next(line for line in STABILITY.splitlines() if "rounds = 1" in line))
    assert found["networks.imp[0].rounds"] == (
        {"value": 1, "place": f"study.toml:{line}"},
        {"value": 2, "place": f"other.toml:{line}"},
    )
    assert found["networks.shuffled"][0] is None
    assert found["networks.shuffled"][1]["value"] == {"like": "imp", "mask": "shuffled"}
    assert data["tasks"]["total"]["only_a"] == 2, "the path and a copy at what is the last level no more"
    assert data["tasks"]["total"]["shared"] > 3
    assert "results" not in data


def test_nothing_differs(place, lmcspec):
    Path("other.toml").write_text("# a comment\n" + STABILITY)
    out = lmcspec("diff", "study.toml", "other.toml").out
    assert "no setting differs" in out
    assert "tasks: all 7 are the same" in out


def test_a_long_value_has_lines_of_its_own(place, lmcspec):
    title = "a title that is longer than any column should be, by far"
    lines = lmcspec("diff", "study.toml", "--set", f"title={title}").out.splitlines()
    at = lines.index("title")
    assert lines[at + 1 : at + 3] == ['  A  ""  default', f'  B  "{title}"  --set']


def test_results(store, lmcspec):
    said = lmcspec("diff", "study.toml", "--results", "--set", "measures.stability.points=7")
    assert said.code == 0
    assert "same results" in said.out
    data = lmcspec("diff", "study.toml", "--results", *RATE, "--format", "json").data["results"]
    assert [(one["network"], one["level"], one["b"], one["difference"]) for one in data["found"][:3]] == [
        ("dense", 0, None, None),
        ("imp", 0, None, None),
        ("imp", 1, None, None),
    ]
    assert all(one["a"]["n"] == 1 for one in data["found"])


def test_one_study_in_two_stores(store, lmcspec):
    shutil.copytree(store.root, "other")
    header = Path("other", "store.json")
    header.write_text(header.read_text().replace(store.id, "0" * 32))
    data = lmcspec("diff", "study.toml", "--results", "--store-b", "other", "--format", "json").data
    assert data["b"] == "in other"
    for one in data["results"]["found"]:
        assert (one["difference"], one["same"], one["interval"]) == (0.0, False, None), "n = 1"


def test_a_saved_plan_has_no_settings(place, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    out = lmcspec("diff", "plan.json", "study.toml").out
    assert "settings are not compared" in out
    assert "tasks: all 7 are the same" in out
    assert lmcspec("diff", "plan.json", "study.toml", "--format", "json").data["settings"] is None


def test_cases_of_a_sweep(place, lmcspec):
    swept = STABILITY + "[sweep.grid]\nreplicates = [1, 2]\n"
    Path("a.toml").write_text(swept)
    Path("b.toml").write_text(swept.replace("[1, 2]", "[2, 3, 4]"))
    out = lmcspec("diff", "a.toml", "b.toml").out
    assert "only A has the case replicates=1" in out
    assert "only B has the cases replicates=3, replicates=4" in out
    Path("c.toml").write_text(STABILITY + "[[sweep.cases]]\ncase = 'x'\n[[sweep.cases]]\ncase = 'y'\n")
    Path("d.toml").write_text(Path("c.toml").read_text() + "recipes.real.batch = 64\n")
    assert lmcspec("diff", "c.toml", "d.toml").out.splitlines()[4].endswith("in y")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["diff"], 2, "Missing argument"),
        (["diff", "study.toml"], 2, "nothing to compare with"),
        (["diff", "study.toml", "study.toml"], 2, "nothing to compare with"),
        (["diff", "study.toml", "./study.toml", "--store", "x y"], 2, "lmcspec diff study.toml --store 'x y' OTHER"),
        (["diff", "study.toml", "--store", "x", "--store-b", "x"], 2, "nothing to compare with"),
        (["diff", "a b.toml"], 2, "lmcspec diff 'a b.toml' OTHER, or --set PATH=VALUE for another a b.toml"),
        (["diff", "study.toml", "nowhere.toml"], 2, "nowhere.toml"),
        (["diff", "study.toml", "--set", "recipes.real.bacth=1"], 2, "did you mean `batch`?"),
        (["diff", "study.toml", *RATE, "--results"], 4, "there is no store at .lmcspec"),
        (["diff", "study.toml", "--store-b", "study.toml", "--results"], 4, "no store"),
        (["diff", "study.toml", "plan.json", "--set", "replicates=2"], 2, "not a saved plan"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(place, lmcspec, arguments, code, says):
    said = lmcspec(*arguments)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert "Traceback" not in said.err
