"""docs/troubleshooting.md: what it quotes is what the code says, and what it tells people to type can be typed."""

import re

import pytest
from blocks_for_tests import ROOT, blocks, check, commands
from test_help_texts import STRINGS

from lmcspec.plan.reasons import REASONS

BLOCKS = blocks("docs/troubleshooting.md")
QUOTED = [line for block in BLOCKS if block.language == "text" for line in block.text.splitlines()]
APART = re.compile(r"…|: | \(|\)|^\w+ {2,}")
"""Where a line is put together of several pieces."""
SAID = [re.sub(r"\{\w+\}", "X", text) for _, text in STRINGS] + [f"{word}: {why}" for word, why in REASONS.items()]


def pieces(line: str) -> list[str]:
    """The parts of a quoted line that stand in the code as they are."""
    found = (piece.strip(" ,;:") for piece in APART.split(line))
    return [piece for piece in found if len(piece) > 3]


@pytest.mark.parametrize("line", QUOTED)
def test_what_it_quotes_is_said(line):
    assert pieces(line)
    assert is_said(line), pieces(line)


def is_said(line: str) -> bool:
    """Whether one text of the code has all pieces of a line, in their order."""
    in_order = re.compile(".*".join(map(re.escape, pieces(line))), re.DOTALL)
    return any(map(in_order.search, SAID))


def test_a_line_that_nobody_says_is_noticed():
    assert pieces("no room is left for the store …") == ["no room is left for the store"]
    assert not is_said("no room is left for the store …")
    first, second = next(
        (a, b) for a in QUOTED for b in QUOTED if len(pieces(a)) > 1 and not set(pieces(a)) & set(pieces(b))
    )
    assert is_said(first) and is_said(second)
    assert not is_said(f"{pieces(first)[0]}: {pieces(second)[-1]}"), "halves of two lines are none"


def test_what_it_tells_to_type_can_be_typed():
    typed = [(line, block.where) for block in BLOCKS if block.language == "sh" for line in commands(block)]
    assert sum(check(line, where) for line, where in typed) > 20


def test_every_entry_says_why():
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    entries = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    for entry in entries:
        prose = re.sub(r"^```.*?^```", "", entry, flags=re.MULTILINE | re.DOTALL)
        assert re.search(r"[\w)*][.:]$", prose, re.MULTILINE), entry
