"""-q leaves the answer and errors, -v adds starts, origins and times; every command has both, and none takes both."""

import json
import shutil
from pathlib import Path

import pytest
import typer.main

from lmcspec.base.loudness import Loudness
from lmcspec.cli.app import COMMANDS, build
from lmcspec.cli.output import loudness


@pytest.fixture
def ran(place, finished):
    """A folder with the study, which has run."""
    shutil.copytree(finished, place / ".lmcspec")
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_both(command, lmcspec):
    said = lmcspec(command, "--help")
    assert "-q, --quiet" in said.out and "-v, --verbose" in said.out


def test_names_of_commands_stay():
    group = typer.main.get_command(build())
    assert tuple(group.commands) == COMMANDS  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("options", [("-q", "-v"), ("--verbose", "--quiet"), ("-qv",)])
def test_not_both(ran, lmcspec, options):
    said = lmcspec("status", *options)
    assert said.code == 2 and not said.out
    assert "--quiet and --verbose can't both be had" in said.err


def test_loudness_ends_with_its_command(ran, lmcspec):
    lmcspec("status", "-q")
    assert loudness() is Loudness.QUIET
    lmcspec("status")
    assert loudness() is Loudness.USUAL


@pytest.mark.parametrize(
    "arguments",
    [
        *(["plan", "study.toml"], ["results", "study.toml"], ["run", "study.toml"], ["init"], ["specs", "lenet"]),
        *(["gc"], ["pack", "study.toml"], ["compare", "study.toml", "dense", "imp"], ["explain", "E103"]),
    ],
    ids=" ".join,
)
def test_quiet_is_the_answer_alone(ran, lmcspec, arguments):
    usual = lmcspec(*arguments)
    Path("tiny.zip").unlink(missing_ok=True)
    quiet = lmcspec(*arguments, "-q")
    assert quiet.err == "" and quiet.code == usual.code
    assert [line for line in quiet.out.splitlines() if "planned" not in line] == [
        line for line in usual.out.splitlines() if "planned" not in line
    ]


def test_quiet_still_says_what_is_wrong(ran, lmcspec):
    assert lmcspec("forget", "nothing", "-q").err.startswith("error: the store .lmcspec keeps no study")
    assert lmcspec("plan", "-q", "none.toml").err.startswith("error")


def test_verbose_says_where_results_come_from_and_how_long_it_took(ran, lmcspec):
    said = lmcspec("run", "study.toml", "-v")
    assert "read study.toml: " in said.err and "compared with the store: " in said.err
    assert "reused from tiny: 7 results, made 20" in said.err and " on cpu\n" in said.err
    assert said.err.rstrip().splitlines()[-1].startswith("lmcspec run: ")
    assert said.out == lmcspec("run", "study.toml").out, "the answer is the same"


def test_verbose_leaves_documents_alone(ran, lmcspec):
    assert json.loads(lmcspec("results", "study.toml", "--format", "json", "-v").out)["ok"]


def test_starts_and_failures(place, lmcspec):
    verbose = lmcspec("run", "study.toml", "--runner", "inline", "-v")
    assert "start     dense/s0/l0/train on slot 0" in verbose.err and "done      dense/s0/l0/train" in verbose.err
    shutil.rmtree(".lmcspec")
    quiet = lmcspec("run", "study.toml", "--runner", "inline", "-q")
    assert quiet.err == "" and quiet.out == verbose.out
