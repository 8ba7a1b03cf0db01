"""Where links of pages lead in the site: to other pages, and to pages made of files beside docs/ that they link to."""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = "docs"
README = "README.md"
PROJECT = "project"
"""The folder of the site for what lies beside docs/."""
FENCED = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
"""A block of code."""
CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
"""Code in a sentence."""
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_ELSEWHERE = re.compile(r"^[a-z]+:|^#")
"""Another site's address, and a place in the same page."""


class Link(NamedTuple):
    """A link of a page to something in the repository."""

    target: str
    """As it is written."""
    path: str
    """Where it leads, from the root of the repository."""
    anchor: str
    """`#place`, or nothing."""


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is code. Blocks go first: no backtick in one ends code of a sentence."""
    for piece, is_block in _split(FENCED, text):
        if is_block:
            yield piece, True
        else:
            yield from _split(CODE, piece)


def _split(code: re.Pattern[str], text: str) -> Iterator[tuple[str, bool]]:
    end = 0
    for match in code.finditer(text):
        yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    yield text[end:], False


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed that is no code."""
    return "".join(part if is_code else change(part) for part, is_code in parts(text))


def links(text: str, page: str) -> Iterator[Link]:
    """The links of a page, whose path is from the root of the repository."""
    prose = "".join(part for part, is_code in parts(text) if not is_code)
    for target in dict.fromkeys(_LINK.findall(prose)):
        if not _ELSEWHERE.match(target):
            path, mark, anchor = target.partition("#")
            yield Link(target, posixpath.normpath(posixpath.join(posixpath.dirname(page), path)), mark + anchor)


def place(path: str) -> str:
    """The path in the site of a file or folder of the repository; of a folder its README is the page."""
    if path == DOCS or path.startswith(f"{DOCS}/"):
        inside = posixpath.relpath(path, DOCS)
        return posixpath.normpath(f"{inside}/{README}") if (ROOT / path).is_dir() else inside
    if (ROOT / path).is_dir():
        return f"{PROJECT}/{path}/{README}"
    return f"{PROJECT}/{path}" if path.endswith(".md") else f"{PROJECT}/{path}.md"


def rewritten(text: str, page: str) -> str:
    """The text of a page with its links leading where they do in the site."""
    here = posixpath.dirname(place(page)) or "."
    to = {link.target: posixpath.relpath(place(link.path), here) + link.anchor for link in links(text, page)}
    return outside_code(text, lambda part: _LINK.sub(lambda link: f"]({to.get(link[1], link[1])})", part))
