"""What a TOML text has at a place, valid or not: its line, its words, strings that open and brackets that hold."""

import re

LONGEST = 60
"""Characters of an edit that is shown."""
_WORD = re.compile(r"[^\s,\]\}\[\{#=\"']+")


def word_at(text: str, position: int) -> tuple[int, int] | None:
    """The bare value in which the position lies or before which it stands."""
    start = position
    while start > 0 and _WORD.fullmatch(text[start - 1]):
        start -= 1
    match = _WORD.match(text, start)
    return (match.start(), match.end()) if match and match.end() >= position else None


def statement_start(text: str, position: int) -> int:
    """Where the key begins in whose statement the position lies: after the last line break, brace or comma."""
    return max(text.rfind(sign, 0, position) for sign in "\n{,") + 1


def line_end(text: str, position: int) -> int:
    """Where the line of a position ends."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def short(text: str) -> str:
    """What is shown of a long text."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def unclosed_quote(text: str) -> int | None:
    """Where the first string opens that is not closed in its line; of strings of several lines, in the text."""
    index = 0
    while index < len(text):
        char = text[index]
        if char == "#":
            index = line_end(text, index)
        elif char in "\"'":
            end = string_end(text, index)
            if end is None:
                return index
            index = end
        else:
            index += 1
    return None


def string_end(text: str, start: int) -> int | None:
    """Behind the quotes that close those at `start`; None where none do in their line, or in the text for three."""
    quote = text[start]
    long = text.startswith(quote * 3, start)
    index, limit = start + (3 if long else 1), len(text) if long else line_end(text, start)
    while index < limit:
        if quote == '"' and text[index] == "\\":
            index += 2
        elif text.startswith(quote * 3 if long else quote, index):
            return index + (3 if long else 1)
        else:
            index += 1
    return None


def open_bracket(text: str, position: int) -> int | None:
    """The innermost bracket of a value that is open at a position."""
    opened: list[int] = []
    index = 0
    value = False
    while index < position:
        char = text[index]
        if char == "#":
            index = line_end(text, index)
            continue
        if char in "\"'":
            index = string_end(text, index) or len(text)
            continue
        if char == "\n" and not opened:
            value = False
        elif char == "=":
            value = True
        elif char in "[{" and value:
            opened.append(index)
        elif char in "]}" and opened:
            opened.pop()
        index += 1
    return opened[-1] if opened else None
