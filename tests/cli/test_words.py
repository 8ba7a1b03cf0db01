"""What messages tell people to type exists, and each thing has one name in all that is printed."""

import re
from pathlib import Path

import pytest
from golden_for_tests import FOLDER

import lmcspec
from lmcspec.cli.app import COMMANDS, build

SOURCES = sorted(Path(lmcspec.__file__).parent.rglob("*.py"))
DESIGNED = re.findall(
    "[a-z]+", "plan run status explain diff results report export sync gc verify schema init ui doctor"
)
"""Every command that there is or will be."""


def test_every_command_that_a_message_names_exists():
    named = {
        (path.name, command)
        for path in SOURCES
        for command in re.findall(r"\blmcspec ([a-z]+)\b", path.read_text())
        if command in DESIGNED
    }
    assert {("store.py", "run"), ("stored.py", "verify"), ("explain.py", "plan")} <= named, "the walk finds something"
    there = {command.name for command in build().registered_commands}
    assert {(file, command) for file, command in named if command not in there} == set()


OTHER_NAMES = {
    r"\biterations?\b": "updates",
    r"\b(?:random )?seeds?\b": "replicates",
    r"\bk ?= ?0(?:ep|it)\b": "k = 0: that step has no unit",
    r"(?<=\d)(?<!95) %": "83.4%: the sign stands next to a share of weights or images",
    r"\bsparsity (?:of )?0?\.\d": "sparsity in percent",
    r"\baccuracy (?:of )?0?\.\d": "accuracy in percent",
    r"\bpruning masks?\b|\bpruned masks?\b": "mask",
    r"\b[KM]iB\b|\b\d+(?:\.\d+)? (?:KB|kb)\b": "kB, of 1,000 bytes",
    r"\bbranch(?:es)? at\b": "k: the step at which copies part",
}
"""What docs/words.md calls otherwise, and how."""


def other_names(text: str) -> list[str]:
    return [f"{said[0]!r}: {name}" for pattern, name in OTHER_NAMES.items() for said in re.finditer(pattern, text)]


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.stem)
def test_each_thing_has_one_name_in_what_is_printed(file):
    assert other_names(file.read_text()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_and_in_help(command, lmcspec):
    assert other_names(lmcspec(command, "--help").out) == []


@pytest.mark.parametrize(
    "text",
    ["24 iterations", "seed 3", "k = 0ep", "83.4 % sparse", "sparsity 0.834", "accuracy .97", "1.2 KB", "pruned mask"],
)
def test_another_name_is_noticed(text):
    assert other_names(text)
