"""Specs that ship: listed, and called by name from anywhere."""

import json
from pathlib import Path

import pytest

from lmcspec.cli.specs import _rounded
from lmcspec.version import __version__

SPECS = Path(__file__).parents[2] / "specs"


def test_they_are_listed_paper_by_paper(place, lmcspec):
    said = lmcspec("specs")
    assert said.code == 0 and "lmcspec plan NAME" in said.err
    lines = said.out.splitlines()
    begin = lines[1].split()
    assert begin[0] == "quickstart", "the one to begin with comes first"
    plan = lmcspec("plan", "quickstart", "--format", "json").data
    assert int(begin[1]) == sum(task["kind"] == "train" for task in plan["tasks"])
    assert begin[3:5] == _rounded(sum(task["images"] or 0 for task in plan["tasks"])).split(), "which no header tells"
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert len(headings) == len(set(headings)) and sum(heading.startswith("Sharma") for heading in headings) == 1
    named = [line.split()[0] for line in lines if line.startswith(" ")]
    assert len(named) == sum(not path.name.startswith("_") for path in SPECS.rglob("*.toml"))
    (line,) = [line for line in lines if line.split()[:1] == ["instability/small/figure2"]]
    assert line.split(maxsplit=6)[1:] == [
        *("12", "trainings", "435", "k", "images"),
        "Figure 2: error between copies of dense networks from initialisation",
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["quickstart"], {"quickstart"}),
        (["RENDA"], {"lr-rewinding"}),
        (["figure2", "sharma", "small"], {"permutation/small/figure2-left", "permutation/small/figure2-right"}),
        (["pixels", "initialiser"], {"sensitivity/pixels-and-weights"}),
    ],
)
def test_words_choose_among_them(place, lmcspec, words, names):
    said = lmcspec("specs", *words, "--format", "json")
    assert said.code == 0 and names <= {spec["name"] for spec in said.data["specs"]}
    assert len(said.data["specs"]) < 20


def test_as_data_each_has_its_file_and_its_costs(place, lmcspec):
    (spec,) = lmcspec("specs", "after renda", "--format", "json").data["specs"]
    assert spec.keys() == {"name", "path", "title", "source", "cost", "trainings", "images"}
    assert (spec["trainings"], spec["images"]) == (48, 474_210) and Path(spec["path"]) == SPECS / "lr-rewinding.toml"
    assert spec["cost"].startswith("48 trainings of half a second or less, 33 prunes; 474,210 training images")


def test_words_that_none_speaks_of_are_an_error(place, lmcspec):
    said = lmcspec("specs", "transformer", "permutation")
    assert said.code == 2 and "no spec that ships speaks of transformer and permutation" in said.err


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1 k"),
        (999_499, "999 k"),
        (999_700, "1 M"),
        (2_590_000, "2.59 M"),
        (158_000_000, "158 M"),
    ],
)
def test_numbers_of_images_have_three_digits(count, shown):
    assert _rounded(count) == shown
    assert _rounded(34_700_000_000) == "34.7 G"


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "quickstart"),
        ("status", "quickstart"),
        ("explain", "quickstart", "replicates"),
        ("diff", "quickstart", "mnist-imp"),
    ],
)
def test_commands_take_names_and_say_what_they_read(place, lmcspec, command):
    said = lmcspec(*command)
    assert said.code == 0
    name = f"quickstart: the spec quickstart that ships with lmcspec {__version__}, {SPECS / 'quickstart.toml'}"
    assert name in said.err and name not in said.out


def test_a_file_without_its_ending_is_named_too(place, lmcspec):
    said = lmcspec("plan", "study")
    assert said.code == 0 and said.err.splitlines()[0] == "study: study.toml"
    assert "study.toml:" not in lmcspec("plan", "study.toml").err


def test_a_mistyped_name_names_the_nearest(place, lmcspec):
    said = lmcspec("plan", "quikstart")
    assert said.code == 2
    assert "there is no file `quikstart`, and no spec of that name ships" in said.err
    assert "did you mean `quickstart`, which ships with lmcspec?" in said.err
    said = lmcspec("run", "figure2")
    assert said.code == 2 and "`instability/figure2`, `instability/small/figure2`" in said.err


@pytest.mark.slow
def test_a_run_records_which_spec_it_read(place, lmcspec):
    """Whose command can be typed again, and whose file is that of the version."""
    only = ("--target", "dense/s0/l0/train", "--runner", "inline")
    assert lmcspec("run", "quickstart", "--set", "replicates=1", *only).code == 0
    (journal,) = Path(".lmcspec").rglob("invocation.json")
    origin = json.loads(journal.read_text())["origin"]
    assert origin["command"] == "lmcspec run quickstart --set replicates=1"
    assert origin["spec"] == f"quickstart, as it ships with lmcspec {__version__}"
