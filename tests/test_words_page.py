"""docs/words.md and docs/architecture.md name what is there: files, definitions, keys of a spec, columns of results."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from lmcspec.cli.app import build
from lmcspec.report.records import COLUMNS
from lmcspec.spec.json_schema import schema

ROOT = Path(__file__).parents[1]
PLACES = (ROOT, ROOT / "lmcspec")
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("words", "architecture")}
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGES["words"].splitlines()
    if line.startswith("| ") and not line.startswith(("| word |", "| name |"))
]
REQUIRED = (
    *("study", "case", "network", "stage", "level", "subnetwork", "replicate", "copy", "branch", "continuation"),
    *("recipe", "step", "measure", "metric", "target", "task", "kind", "object", "attempt", "lease", "by-product"),
    *("series", "slot", "card", "figure", "plot", "part", "plan", "diff", "outcome", "family", "member", "baseline"),
    *("mask", "density", "sparsity", "rewind point", "instability", "barrier", "midpoint barrier", "noise floor"),
    *("verdict", "distilled set", "ipc", "factor", "expert", "protocol", "space", "stream", "numerics", "journal"),
    *("ledger", "invocation", "input", "role", "subject", "failure", "distillation", "transform", "material", "cell"),
)
SEVERAL = PAGES["words"].partition("## One name, several meanings")[2]
FREE = {"lmcspec/", "runners/", "tests/", "docs/", "specs/", "--set", "run", "lr = 0.17", "mask.safetensors"}
"""What docs/architecture.md has in backticks besides."""
COMMAND = re.compile(r"(?:uv run )?(lmcspec|lint-imports) ?([a-z-]*)")
NAMED = re.compile(r"\b(keys?|columns?) ((?:`[^`]+`(?:, | and )?)+)")


@cache
def defined(file: Path) -> set[str]:
    """What a module defines: `name`, and `Class.name` of what stands in a class."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        for name in names_of(node):
            found |= {name, *(f"{name}.{own}" for inner in getattr(node, "body", ()) for own in names_of(inner))}
    return found


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement gives."""
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def is_there(token: str) -> bool:
    """Whether `folder/file.py:Name` or `folder/file.py` or `folder` exists."""
    path, _, name = token.partition(":")
    found = [place / path for place in PLACES if (place / path).exists()]
    return any(not name or (file.suffix == ".py" and name in defined(file)) for file in found)


@cache
def keys() -> frozenset[str]:
    """Every key that the JSON Schema knows, at any depth."""

    def walk(node):
        if isinstance(node, dict):
            properties = node.get("properties")
            yield from properties if isinstance(properties, dict) else ()
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    return frozenset(walk(schema()))


def said(text: str) -> list[tuple[str, str]]:
    """("key" or "column", name) of all that a text calls so."""
    return [(word.rstrip("s"), name) for word, names in NAMED.findall(text) for name in re.findall(r"`([^`]+)`", names)]


def is_known(what: str, name: str) -> bool:
    return name in (keys() if what == "key" else COLUMNS)


def tokens(page: str) -> list[str]:
    text = re.sub(r"^```.*?^```", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(re.findall(r"`([^`]+)`", text)))


PLACE = re.compile(r"[\w./]+(?:\.py(?::[\w.]+)?|/[\w/]+)")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_definition_exists(page):
    places = [token for token in tokens(page) if PLACE.fullmatch(token) and "/s0/" not in token]
    assert len(places) > 60, "the page is read"
    assert [token for token in places if not is_there(token)] == []


def test_architecture_has_nothing_else_in_backticks_that_could_be_wrong():
    words = [token for token in tokens("architecture") if not PLACE.fullmatch(token)]
    commands = {"", *(str(command.name) for command in build().registered_commands)}
    kinds = {path.stem for path in (ROOT / "lmcspec" / "tasks").glob("*.py") if "KIND" in defined(path)}
    known = keys() | set(COLUMNS) | kinds | FREE

    def is_right(token: str) -> bool:
        if command := COMMAND.fullmatch(token):
            return command[1] != "lmcspec" or command[2] in commands
        return token in known or is_there(token)

    assert [token for token in words if not is_right(token)] == []


@pytest.mark.parametrize("page", PAGES)
def test_keys_and_columns_are_some(page):
    found = said(PAGES[page])
    assert {what for what, _ in found} >= ({"key", "column"} if page == "words" else {"column"})
    assert [one for one in found if not is_known(*one)] == []


def test_every_column_has_its_word():
    there = {name for what, name in said(PAGES["words"]) if what == "column"}
    assert set(COLUMNS) - there == {"value"}


def test_every_word_has_an_entry():
    entries = {word for row in ROWS for word in row[0].split(", ")}
    assert [word for word in REQUIRED if word not in entries] == []


def test_a_name_of_several_meanings_has_them_all():
    named: dict[str, set[str]] = {}
    for place, name in re.findall(r"^\|[^|]*\| `([^`]+):(\w+)` \|", SEVERAL, re.MULTILINE):
        named.setdefault(name, set()).add(place)
    assert {"Overlap", "Recipe"} <= named.keys()
    there: dict[str, set[str]] = {name: set() for name in named}
    for path in (path for folder in ("lmcspec", "runners") for path in (ROOT / folder).rglob("*.py")):
        for name in named.keys() & set(re.findall(r"^class (\w+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)):
            there[name].add(path.relative_to(ROOT).as_posix())
    assert named == there


def test_these_checks_can_fail():
    assert is_there("lmcspec/tasks/kind.py:Kind")
    assert not is_there("lmcspec/tasks/kind.py:Sort")
    assert is_there("store/commit.py:Attempt.commit")
    assert not is_there("store/commit.py:Attempt.vanish")
    assert not is_there("store/vanished.py")
    assert said("key `rounds`; columns `k` and `level`") == [("key", "rounds"), ("column", "k"), ("column", "level")]
    assert is_known("key", "rewind_of") and not is_known("key", "companions")
    assert is_known("column", "floor") and not is_known("column", "partner")
