"""What a public repository needs beside the code says what the code says."""

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(path):
    return YAML(typ="safe").load((ROOT / path).read_text())


def test_the_citation_is_of_this_version():
    citation = read("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_public_checks_are_those_that_everybody_runs():
    jobs = read(".github/workflows/checks.yml")["jobs"]
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert commands == {".ci/run", ".ci/full"}
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)
    versions = jobs["run"]["strategy"]["matrix"]["python"]
    named = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r"Python :: \d\.\d+$", text)]
    assert versions == named


def test_hooks_before_a_commit_are_steps_of_the_checks():
    steps = re.findall(r'^step "([^"]+)" (.+)$', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    of_checks = {name: shlex.split(command) for name, command in steps}
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    for hook in repository["hooks"]:
        words = [word for word in of_checks[hook["name"]] if word not in (".", "--check")]
        assert [word for word in shlex.split(hook["entry"]) if word != "--fix"] == words, hook["name"]


@pytest.mark.parametrize("name", ["wrong", "missing"])
def test_forms_for_issues(name):
    form = read(f".github/ISSUE_TEMPLATE/{name}.yml")
    assert {"name", "description", "body"} <= form.keys()
    assert any("doctor" in field["attributes"]["label"] for field in form["body"]) == (name == "wrong")


def test_the_wheel_is_tried_by_the_checks_that_take_longer():
    assert re.search(r'^step ".+" \.ci/wheel$', (ROOT / ".ci" / "full").read_text(), re.MULTILINE)
    assert os.access(ROOT / ".ci" / "wheel", os.X_OK)
