"""What messages tell people to type can be typed: commands parse, options are there, keys and their values are valid."""

import ast
import dataclasses
import re
import shlex
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import click
import pytest
import tomli
import typer.main
from pydantic import BaseModel, ValidationError, create_model

import lmcspec
import lmcspec_runners
from lmcspec.base.codes import CODES
from lmcspec.catalog import Config, names
from lmcspec.catalog.card import Card
from lmcspec.cli.app import build
from lmcspec.cli.run import RUNNERS
from lmcspec.spec import shape
from lmcspec.spec.study_model import study_model

ROOTS = [Path(lmcspec.__file__).parent, Path(lmcspec_runners.__file__).parent]
COMMAND = re.compile(
    r"(?<![\w./`])`?lmcspec ([a-z]+)((?: (?:--?[a-z][\w-]*(?:[ =][\w.=…]+)?|[A-Z_]+\b|E\d{3}|[\w./]+\.\w+))*)"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
PAIR = re.compile(
    r'(?<![\w.-])([a-z][a-z_.]*) = ("[^"]*"|\[[^\]]*\]|\{(?:[^{}`]|\{[^{}]*\})*\}|-?\d[\d.e-]*|true|false|N\b)'
)
OTHERS = {"--experiment-id", "--extra", "--install", "--keep", "--log-level", "--num-gpus", "--with"}
"""Options of other programs."""
NO_KEYS = {"x", "k", "t", "b", "n"}
"""Letters that stand for numbers."""


def strings() -> list[tuple[str, str]]:
    """Every string of the source that is no docstring, with where it stands; X for what is filled in."""
    found = []
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text())))
            passed = {id(one.value) for one in nodes if isinstance(one, ast.Expr)}  # docstrings
            passed |= {id(part) for one in nodes if isinstance(one, ast.JoinedStr) for part in ast.walk(one)}
            file = path.relative_to(root.parent)
            for node in nodes:
                if isinstance(node, ast.JoinedStr):
                    parts = [str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values]
                    found.append((f"{file}:{node.lineno}", "".join(parts)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
                    found.append((f"{file}:{node.lineno}", node.value))
    return found


STRINGS = strings()


@cache
def commands() -> dict[str, click.Command]:
    group = typer.main.get_command(build())
    return group.commands  # pyright: ignore[reportAttributeAccessIssue]


def typed() -> list[tuple[str, str]]:
    """The commands: all in backticks, and elsewhere what goes on like one."""
    found = [(place, one) for place, text in STRINGS if text != "lmcspec run" for one in COMMAND.finditer(text)]
    return [
        (place, one[0].strip("`")) for place, one in found if one[0].startswith("`") or one[2] or one[1] in commands()
    ]


def test_there_are_commands_in_messages():
    assert len(typed()) > 20
    assert any("lmcspec run SPEC --runner inline" in command for _, command in typed())


@pytest.mark.parametrize(("place", "command"), typed(), ids=lambda value: value)
def test_a_command_in_a_message_parses(place, command):
    _, name, *words = shlex.split(command.replace("…", "X"))
    assert name in commands(), place
    known = commands()[name]
    least = sum(1 for one in known.params if isinstance(one, click.Argument) and one.required)
    if not words:
        return  # a command that is named, as in "the next `lmcspec run`"
    assert len(words) >= least, f"{place}: `{command}` lacks SPEC"
    known.make_context(name, words)


def test_an_option_in_a_message_is_one():
    there = {
        name for command in commands().values() for one in command.params for name in (*one.opts, *one.secondary_opts)
    }
    for place, text in STRINGS:
        for option in OPTION.findall(text) if " " in text else ():  # a word alone is typed by lmcspec, not told
            if option not in OTHERS and "mlflow" not in text:
                assert option in there | {"--help", "--version"}, (place, option)


@cache
def fields() -> dict[str, list[Any]]:
    """The annotations that each key of a spec has, anywhere in it."""
    found: dict[str, list[Any]] = {"extends": [str], "each": [list[Any]], "case": [str]}
    # What the author of a card is told stands in the card, which is Python.
    found |= {one.name: [Any] for one in dataclasses.fields(Card)}
    seen: set[Any] = set()

    def visit(annotation: Any) -> None:
        inner = annotation
        while get_origin(inner) is not None and hasattr(inner, "__metadata__"):
            inner = get_args(inner)[0]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            if inner in seen:
                return
            seen.add(inner)
            for key, field in inner.model_fields.items():
                own = shape.annotation_of(field)
                found.setdefault(key, []).append(own)
                visit(own)
        else:
            for part in get_args(inner):
                if part is not NoneType and not isinstance(part, str | int):
                    visit(part)

    visit(study_model(plugged=False))
    from lmcspec.catalog import built_in

    for card in built_in("runner").values():
        visit(card.config)
    return found


def pairs() -> list[tuple[str, str, str]]:
    found_pairs = []
    for place, text in STRINGS:
        for found in PAIR.finditer(text):
            if found[1] not in NO_KEYS and "{name}" not in text:
                found_pairs.append((place, found[1], found[2]))
    return found_pairs


def test_there_are_keys_in_messages():
    assert len(pairs()) > 25


@pytest.mark.parametrize(("place", "key", "value"), pairs(), ids=lambda value: value)
def test_a_key_in_a_message_is_one_and_takes_the_value(place, key, value):
    *tables, last = key.split(".")
    names = {"networks", "measures", "recipes", "distilled", "figures"}
    free = tables and tables[-1] in names
    for table in tables:
        assert table in fields() or free or table in ("real", "imp", "X"), (place, key)
    if free or (last in ("name", "accuracy", "dense", "imp") and value in ("{}", "[]")):
        return
    assert last in fields(), (place, key)
    if value in ('"..."', "[...]", '"…"'):
        return
    for stand_in in ("…, ", ", …", "…"):
        value = value.replace(stand_in, "")
    value = {"N": "32"}.get(value, re.sub(r"\bN\b", "32", value))
    if "X" in value:
        return
    data = tomli.loads(f"value = {value}")["value"]
    if isinstance(data, dict):
        assert all(inner in fields() for inner in data), (place, key, value)
        return
    assert any(takes(annotation, data) for annotation in fields()[last]), (place, key, value)


def takes(annotation: Any, value: Any) -> bool:
    try:
        create_model("Wanted", __base__=Config, value=(annotation, ...)).model_validate({"value": value})
    except ValidationError:
        return False
    return True


def test_a_code_in_a_message_is_one():
    for place, text in STRINGS:
        for code in re.findall(r"\bE[0-4]\d\d\b", text):
            assert code in CODES or "codes.py" in place, (place, code)


def test_runners_of_the_help_are_those_with_cards():
    assert " or ".join(names("runner", plugged=False)) == RUNNERS
