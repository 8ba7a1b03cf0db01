"""Whatever a command prints passes through one module, and nothing is left in it that a terminal would obey."""

import ast
import json
import logging
from pathlib import Path

import pytest

import lmcspec.cli
from lmcspec.base.errors import StoreError
from lmcspec.cli.output import console, envelope, put, report_error, say, show_warnings

HOSTILE = "\x1b[31m[red]\x9b2J\u202egnp\r\a\ud800\x7f"


def is_harmless(text: str) -> bool:
    return not set(HOSTILE) - set("[31m[red]2Jgnp") & set(text) and "[red]" in text and r"\x1b[31m" in text


def test_lines_on_both_streams(capsys):
    put(HOSTILE)
    put(Path("a\x1b[31m[red]"))
    say(HOSTILE)
    out, err = capsys.readouterr()
    assert is_harmless(out) and is_harmless(err)


def test_tables_and_markup(capsys):
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column(Text(HOSTILE))
    table.add_row(Text(HOSTILE), style="bold")
    console().print(table)
    console().print(HOSTILE)
    console().print(Text(HOSTILE, style="red"))
    assert is_harmless(capsys.readouterr().out)


def test_colours_stay_where_there_are_any(capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console().print(HOSTILE, style="red")
    text = capsys.readouterr().out
    assert text.startswith("\x1b[31m") and text.count("\x1b") == 2 and r"\x1b[31m[red]" in text


def test_documents_say_the_same_to_programs(capsys):
    put(envelope("x", True, {HOSTILE: [HOSTILE]}))
    text = capsys.readouterr().out
    assert not set("\x1b\x9b\u202e\r\a\ud800\x7f") & set(text)
    assert json.loads(text)["data"] == {HOSTILE: [HOSTILE]}


@pytest.mark.parametrize("arguments", [[], ["--format", "json"]])
def test_errors(capsys, arguments):
    report_error(StoreError(HOSTILE, help=HOSTILE), arguments)
    out, err = capsys.readouterr()
    assert out or err
    assert not set("\x1b\x9b\u202e\r\a\ud800\x7f") & set(out + err)


def test_what_is_logged_in_passing(capsys):
    show_warnings()
    assert logging.lastResort is not None
    logging.lastResort.handle(logging.LogRecord("x", logging.WARNING, "", 0, "%s is odd", (HOSTILE,), None))
    assert is_harmless(capsys.readouterr().err)


def test_no_command_prints_by_itself():
    for path in Path(lmcspec.cli.__file__).parent.glob("*.py"):
        # What a shell is answered is no text for people; candidates that a terminal would obey are never offered.
        if path.name in ("output.py", "shells.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                # The version is ours, and the program that prints it has loaded nothing else yet.
                assert called not in ("print", "Console", "sys.stdout.write", "sys.stderr.write"), f"{path}: {called}"
                assert called != "typer.echo" or ast.unparse(node.args[0]) == "__version__", f"{path}: {called}"
