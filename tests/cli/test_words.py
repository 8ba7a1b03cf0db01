"""What messages tell people to type exists."""

import re
from pathlib import Path

import lmcspec
from lmcspec.cli.app import build

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
