"""What messages tell people to type exists, and each thing has one name in all that is printed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from golden_for_tests import FOLDER

import lmcspec
from lmcspec.cli.app import COMMANDS, build

SOURCES = sorted(Path(lmcspec.__file__).parent.rglob("*.py"))
TOLD = re.compile(r"\blmcspec ([a-z]+)\b(?![.(])")


NOT_TYPED = {("unpack.py", "has"), ("json_schema.py", "study")}
"""A verb, and a title."""


def texts(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The strings of a module but docstrings, each with whether it is the help of an error: what follows is typed."""
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    helps = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "help"
        for part in ast.walk(node.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value, id(node) in helps


def test_every_command_that_a_message_names_exists():
    """`lmcspec WORD` in a help, behind a backquote, or as the whole of a text is a command to type."""
    named = set()
    for path in SOURCES:
        for text, is_help in texts(ast.parse(path.read_text())):
            typed = [text] if is_help or TOLD.fullmatch(text) else re.findall(r"`(lmcspec [^`]*)", text)
            named |= {(path.name, command) for line in typed for command in TOLD.findall(line)}
    assert {("store.py", "run"), ("stored.py", "verify"), ("pack.py", "unpack"), ("plan.py", "run")} <= named
    there = {command.name for command in build().registered_commands}
    assert there == set(COMMANDS)
    assert {(file, command) for file, command in named if command not in there} == NOT_TYPED


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
