"""Blocks of code in the documents, with what each is marked as, and commands in them held against the command line."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import typer.main

from lmcspec.cli.app import build

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md"))
)
_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*) -->\n+)?(?P<fence>```+)(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of code of a page."""

    page: str
    line: int
    language: str
    mark: str
    """What stands above it in a comment that nobody sees, such as `run` or `parse: needs a cluster`."""
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """The blocks of a page, whose path is from the repository's root."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(
            page, text.count("\n", 0, block.start("fence")) + 1, block["language"], block["mark"] or "", block["text"]
        )
        for block in _BLOCK.finditer(text)
    ]


def commands(block: Block) -> Iterator[str]:
    """The commands in a block: of a session those behind `$ `, else every line, without comments."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.language == "console":
            if not line.startswith("$ "):
                continue
            line = line[2:]
        words = shlex.split(line, comments=True)
        if words:
            yield shlex.join(words)


@cache
def known() -> dict[str, click.Command]:
    return typer.main.get_command(build()).commands  # pyright: ignore[reportAttributeAccessIssue]


def check(line: str, where: str) -> bool:
    """Whether a command is lmcspec's own; if so its name, options and values are held against the command line."""
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    if "lmcspec" not in words or words[0] not in ("uv", "uvx", "lmcspec"):
        return False
    name, *rest = words[words.index("lmcspec") + 1 :]
    end = next((place for place, word in enumerate(rest) if word in ("|", "&&", ">", ";", "&")), len(rest))
    assert name in known(), f"{where}: `{line}` is no command"
    try:
        known()[name].make_context(name, rest[:end])
    except Exception as error:
        raise AssertionError(f"{where}: `{line}`: {error}") from error
    return True
