"""What commands print fits the terminal, loses nothing there, and is neither broken nor padded in a pipe."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openlth_for_tests import Lenet, write_lottery
from profiles import examples

from lmcspec.base.fitted import cells, longest_word

NUMBER = re.compile(r"\d+\.\d+|\d+")
COMMANDS = [
    ["plan", "study.toml"],
    ["plan", "study.toml", "--set", "recipes.real.batch=128"],
    ["plan", "study.toml", "--format", "tree"],
    ["results", "study.toml"],
    ["compare", "study.toml", "dense", "imp"],
    ["diff", "study.toml", "--set", "recipes.real.batch=128", "--results"],
    ["status"],
    ["status", "study.toml"],
    ["explain", "study.toml", "recipes.real.batch"],
    ["explain", "study.toml", "imp/s0/l1/mask"],
    ["explain", "E103"],
    ["plan", "bad.toml"],
    ["gc"],
    ["gc", "--to", "1B"],
    ["specs"],
    ["verify"],
    ["forget", "nothing"],
    ["import", "lottery_abc"],
    ["init"],
    ["init", "lottery", "new.toml"],
    *([command, "--help"] for command in ("plan", "run", "export")),
    ["--help"],
]


@pytest.fixture
def here(place, finished):
    """A folder with the study, which has run, one that is not as it should be, and a lottery of OpenLTH's."""
    shutil.copytree(finished, place / ".lmcspec")
    write_lottery(Path("lottery_abc"), [Lenet(64, (16,))], levels=1)
    Path("bad.toml").write_text(Path("study.toml").read_text().replace("batch", "bacth"))
    return place


def of_line(line: str) -> str:
    """What of a line has to fit: all but a command or a path to be copied, which stays whole."""
    return "" if re.match(r" *(lmcspec |uv |/)", line) else line


def misfits(text: str, width: int) -> list[str]:
    """Lines that are wider than the terminal, and not for a word that no line holds."""
    return [line for line in map(of_line, text.splitlines()) if cells(line) > max(width, longest_word(line) + 12)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_lines_fit_and_numbers_stay(here, lmcspec, monkeypatch, arguments):
    monkeypatch.delenv("COLUMNS", raising=False)
    whole = lmcspec(*arguments)
    said = {}
    for width in (40, 80, 200):
        Path("new.toml").unlink(missing_ok=True)
        monkeypatch.setenv("COLUMNS", str(width))
        narrow = lmcspec(*arguments)
        assert narrow.code == whole.code
        said[width] = narrow.out + narrow.err
        assert misfits(said[width], width) == []
        assert not re.search(r"[ \t]\n", narrow.out + narrow.err), "padded"
    if "--help" in arguments:
        return
    # Times differ from call to call.
    timeless = [re.sub(r"\S+ s\b", "", text) for text in (whole.out + whole.err, *said.values())]
    numbers = [set(NUMBER.findall(text)) for text in timeless]
    assert all(numbers[0] <= seen for seen in numbers[1:])


@pytest.mark.parametrize(
    "arguments", [["results", "study.toml"], ["compare", "study.toml", "dense", "imp"]], ids=" ".join
)
@settings(max_examples=examples(0.2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=st.integers(40, 200))
def test_at_any_width(here, lmcspec, arguments, width):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        whole = lmcspec(*arguments).out
        patch.setenv("COLUMNS", str(width))
        text = lmcspec(*arguments).out
    assert misfits(text, width) == []
    assert sorted(set(NUMBER.findall(text))) == sorted(set(NUMBER.findall(whole)))
    assert "…" not in text


def test_a_pipe_gets_whole_lines_without_blanks_behind_them(here, lmcspec, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    out = lmcspec("results", "study.toml").out
    assert not re.search(r"[ \t]\n", out)
    assert max(map(len, out.splitlines())) > 100, "the legend in one line"


def in_terminal(width: int, *arguments: str) -> str:
    """What the command prints on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "lmcspec", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "dumb", "NO_COLOR": "1"},
    )
    os.close(slave)
    said = b""
    try:
        while chunk := os.read(master, 65536):
            said += chunk
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    return said.decode().replace("\r\n", "\n")


def test_a_real_terminal(here, lmcspec, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    expected = lmcspec("results", "study.toml").out
    text = in_terminal(40, "results", "study.toml", "-q")
    assert text == expected
    assert "imp  level 1  sparsity 50.0%\n" in text
