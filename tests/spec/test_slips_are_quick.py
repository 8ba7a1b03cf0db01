"""No line, however long and odd, takes longer than reading it: every pattern is linear in what it is laid on."""

import re
import time
from importlib import import_module
from inspect import getsource
from pkgutil import iter_modules

import pytest
from small import text
from test_meant import YAML, problems

import lmcspec.base
import lmcspec.spec

MODULES = [
    import_module(f"{package.__name__}.{one.name}")
    for package in (lmcspec.base, lmcspec.spec)
    for one in iter_modules(package.__path__)
]
MANY = 60_000
SHORT, LONG = 1_500, 20_000
"""Characters of a line: steps that are squared take seconds for the long one, a linear pattern milliseconds."""
BEGINNINGS = ("", " ", '"', "'", "-", "- ", "[", "[[", "{", "a ", "a[", "a =", "a = x", "a:", "a: x", "1", "1,", '"x')
REPEATED = (
    " ",
    "\t",
    "1",
    "a",
    "1,",
    "1.",
    "\\",
    '"',
    "'",
    "-",
    "- ",
    "[",
    "{",
    "]",
    "=",
    ":",
    "a ",
    "a: ",
    "#",
    ",",
    "_1",
)
ENDS = ("", "!", "\v", "\n", " y")


LINES = [
    lambda many, begin=begin, one=one, end=end: begin + one * (many // len(one)) + end
    for begin in BEGINNINGS
    for one in REPEATED
    for end in ENDS
]


def seconds(way, line: str) -> float:
    start = time.process_time()
    way(line)
    return time.process_time() - start


def test_patterns_are_linear():
    lines = [(line(SHORT), line) for line in LINES]
    for module in MODULES:
        source = getsource(module)
        assert not re.findall(r"\bre\.(?:match|fullmatch|search|finditer|split)\(", source), module.__name__
        for name, pattern in vars(module).items():
            if not isinstance(pattern, re.Pattern):
                continue
            ways = [pattern.fullmatch]
            if any(f"{name}.{way}(" in source for way in ("search", "finditer", "sub", "split")):
                ways.append(lambda line, pattern=pattern: list(pattern.finditer(line)))
            for way in ways:
                slow = [line for short, line in lines if seconds(way, short) > 0.002]
                assert all(seconds(way, line(LONG)) < 0.4 for line in slow[:5]), (module.__name__, name)


@pytest.mark.parametrize(
    "line",
    ["a " + "1" * MANY, 'a b "' + "\\" * MANY, "a = [" + "- {" * MANY, "a = " + "1" * MANY + "%", 'a="' + "x" * MANY],
)
def test_a_long_line_is_told_at_once(line: str):
    assert seconds(lambda content: problems(content, "s.toml"), text() + line) < 1


@pytest.mark.parametrize(
    "line", ["a = x" + " " * MANY + "y", "a: " + ": " * MANY, "a: [" + "-{" * MANY, "a: b: " + "c" * MANY]
)
def test_a_long_line_of_yaml_is_told_at_once(line: str):
    assert seconds(lambda content: problems(content, "s.yaml"), YAML + line) < 1


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("1" + "0" * 400 + "/3", ""),
        ("1/3" + "3" * 5_000, ""),
        ("01" + "0" * 400, ""),
        ("9" * 400 + "%", ""),
        ("5.e999", '`"5.e999"`'),
        ("012345678901234567", "`12345678901234567`"),
        ("1/" + "3" * 30, "`3e-30`"),
        ("+07", "`7`"),
        ("00.50", "`0.5`"),
    ],
)
def test_numbers_are_offered_exactly_or_not_at_all(written: str, words: str):
    (problem,) = problems(text(optimiser=f'{{ name = "sgd", lr = {written} }}'), "s.toml")
    assert problem.code == "E101"
    assert words in problem.label if words else not problem.label
