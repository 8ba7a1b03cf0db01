"""Commands on a store in which something is not what it should be: an answer or a sentence, and nothing that a terminal obeys."""

import contextlib
import json
from pathlib import Path

import pytest
from readers_for_tests import READERS
from test_fuzz import ODD, SECONDS, deadline, replaced
from world_for_tests import copy

from lmcspec.cli import main

IN_STORE = [
    "store.json", "COMMIT", "task.json", "failure.json", "lease", "recorded plan", "calibration", "invocation.json",
    "journal", "plan of an invocation", "index",
]  # fmt: skip
COMMANDS = [("status",), ("plan", "study.toml"), ("results", "study.toml"), ("explain", "imp/s0/l1/mask")]
LONGER = [
    ("verify",),
    ("report", "study.toml", "-o", "page"),
    ("diff", "study.toml", "study.toml", "--results"),
    ("export", "study.toml", "imp", "out.pt"),
]
"""Each of these with one of the odd things in each place."""
DRAWN = ("COMMIT", "journal")
"""Places with which a page is made, which takes a second: of an object, and of what has run."""
ESCAPED = {"\x1b[31m[red]": "\x1b]0;x\x07"}


@pytest.fixture(scope="session")
def other(world, tmp_path_factory):
    """A world of these tests' own."""
    return copy(world, tmp_path_factory.mktemp("other") / "world")


def call(*arguments: str) -> int:
    """The command's exit code; any other exception goes through."""
    with deadline(4 * SECONDS), pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


THINGS = ("folder", "pipe", "nothing", "deep", "escapes")


def answers_beside(path: Path, odd: str, command: tuple[str, ...], capsys: pytest.CaptureFixture) -> None:
    """The command ends with an answer or a sentence where an odd thing has the place of a file."""
    with replaced(path):
        path.unlink()
        ODD[odd](path)
        code = call(*command, "--store", "store")
        with contextlib.suppress(OSError):
            for draft in path.glob("*"):
                draft.unlink()
    said = capsys.readouterr()
    assert code in (0, 2, 4, 5), f"{path.name}: {odd}: {command}: {said.err}"
    assert "\x1b" not in said.out + said.err, f"{path.name}: {odd}: {command}"
    assert "Traceback" not in said.err, f"{path.name}: {odd}: {command}"


@pytest.mark.parametrize("name", IN_STORE)
def test_a_store_in_which_a_file_is_another_thing(name, other, capsys, monkeypatch):
    monkeypatch.chdir(other.root)
    (reader,) = (one for one in READERS if one.name == name)
    path = reader.file(other)
    for odd in THINGS:
        for command in COMMANDS:
            answers_beside(path, odd, command, capsys)


@pytest.mark.parametrize("command", LONGER, ids=lambda command: command[0])
def test_a_longer_command_on_such_a_store(command, other, capsys, monkeypatch):
    monkeypatch.chdir(other.root)
    for number, name in enumerate(IN_STORE):
        if command[0] == "report" and name not in DRAWN:
            continue
        (reader,) = (one for one in READERS if one.name == name)
        path = reader.file(other)
        answers_beside(path, THINGS[(number + LONGER.index(command)) % len(THINGS)], command, capsys)


@pytest.mark.parametrize("name", ["COMMIT", "failure.json", "lease", "recorded plan", "invocation.json"])
def test_names_that_a_terminal_would_obey(name, other, capsys, monkeypatch):
    """Every text in a document of the store is one that would colour, retitle or reverse what follows."""

    def hostile(value):
        match value:
            case str() if len(value) < 32:
                return "\x1b[31m[red]\u202e\x9b2J"
            case dict():
                return {key: hostile(one) for key, one in value.items()}
            case list():
                return [hostile(one) for one in value]
        return value

    monkeypatch.chdir(other.root)
    (reader,) = (one for one in READERS if one.name == name)
    path = reader.file(other)
    for command in COMMANDS:
        with replaced(path):
            path.write_text(json.dumps(hostile(json.loads(path.read_bytes()))))
            code = call(*command, "--store", "store")
        said = capsys.readouterr()
        assert code in (0, 2, 4, 5)
        assert not set("\x1b\x9b\u202e") & set(said.out + said.err)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "a/" * 2500, "\x1b[31mx"])
@pytest.mark.parametrize(
    "command",
    [
        ("plan", "{}.toml"),
        ("plan", "{}.json"),
        ("plan", "study.toml", "--store", "{}"),
        ("plan", "study.toml", "-o", "{}.json"),
        ("run", "study.toml", "--no-tracking", "--store", "{}"),
        ("run", "{}.json", "--no-tracking"),
        ("report", "study.toml", "--store", "store", "-o", "{}"),
        ("status", "--store", "{}"),
        ("verify", "--store", "{}"),
        ("explain", "{}"),
        ("plan", "study.toml", "--set", 'dataset.root="{}"'),
    ],
    ids=" ".join,
)
def test_paths_that_no_file_has(command, path, other, capsys, monkeypatch):
    if command[0] == "run" and path == "\x1b[31mx" and command[1] == "study.toml":
        command = ("plan", *command[1:2], *command[3:])  # nothing is wrong with that path
    monkeypatch.chdir(other.root)
    code = call(*(word.format(path) for word in command))
    said = capsys.readouterr()
    assert code in (0, 2, 4, 5), said.err
    assert "\x1b" not in said.out + said.err
    assert len(said.err) < 20_000
    for made in other.root.glob("*x*"):
        if made.name.startswith("\x1b"):
            made.unlink() if made.is_file() else None
    assert Path("study.toml").is_file()
