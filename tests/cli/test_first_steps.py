"""What somebody types who has never used it, and what they are told."""

import json
from pathlib import Path

import pytest
from specs_for_tests import STABILITY

UNMEASURED = STABILITY[: STABILITY.index("[measures]")] if "[measures]" in STABILITY else ""


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("measures", ["", "[measures]\n"])
def test_a_study_that_measures_nothing_is_told_so(place, lmcspec, command, measures):
    Path("study.toml").write_text(UNMEASURED + measures)
    said = lmcspec(command, "study.toml")
    assert said.code == 2
    assert "measures nothing" in said.err and "`accuracy = {}` under `[measures]`" in said.err
    assert "Nothing to do" not in said.err + said.out
    Path("study.toml").write_text(UNMEASURED + "[measures]\naccuracy = {}\n")
    assert lmcspec("plan", "study.toml").code == 0


@pytest.mark.parametrize("command", ["plan", "run", "status"])
def test_a_spec_in_json_is_no_saved_plan(place, lmcspec, command):
    import tomli

    Path("study.json").write_text(json.dumps(tomli.loads(STABILITY)))
    said = lmcspec(command, "study.json")
    assert said.code == 2
    assert "study.json is a spec" in said.err and "study.yaml" in said.err
    Path("study.json").rename("study.yaml")
    assert lmcspec("plan", "study.yaml").code == 0
