"""Lines that fit a terminal: broken between words, and never within a number and its unit."""

import re
import unicodedata

_TOGETHER = re.compile(
    r"(?<=[=±]) (?! )"  # k = 3, 97.4 ± 0.6
    r"| (?=[=±%])"  # 95 %
    r"|(?<=\d,) (?=[-+]?[\d.]+[])])"  # [0.31, 0.90]
    r"|(?<=\w) (?=- \w)|(?<=\w -) (?=\w)"  # B - A
    r"|(?<=\d) (?=\(\d|(?:s|min|h|d|B|kB|MB|GB|TB|points)\b)"  # 97.36 ± 0.59 (3); 4 min
)
"""Blanks at which no line is broken."""
_CODE = re.compile(r"`[^`\n]+`")
_GAP = re.compile(r"(?<=[^ ]) +(?=[^ ])")
_LABEL = re.compile(r" *[^ ]+(?: [^ ]+)* {2,}(?=[^ ])")
"""What a line begins with that goes on beneath its second column."""


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def spans(text: str, width: int, hang: int = 0) -> list[tuple[int, int]]:
    """(start, end) of what stands on each line; all but the first are to be indented by `hang`.

    A word that fits no line stays whole: a terminal folds it, and what is copied from there is one word again.
    """
    lines, begun, used, before = [], 0, 0, 0
    for start, end in _words(text):
        word = cells(text[start:end])
        used += cells(text[before:start]) + word
        if start > begun and used > width and word <= width - hang:
            lines.append((begun, before))
            begun, used = start, hang + word
        before = end
    return [*lines, (begun, before)]


def longest_word(text: str) -> int:
    """The columns that a text takes at least, however many lines it has."""
    return max(cells(text[start:end]) for start, end in _words(text))


def _words(text: str) -> list[tuple[int, int]]:
    """(start, end) of what is never broken."""
    marked = _TOGETHER.sub("\xa0", _CODE.sub(lambda code: code[0].replace(" ", "\xa0"), text))
    gaps = [gap.span() for gap in _GAP.finditer(marked)]
    return list(zip([0, *(end for _, end in gaps)], [*(start for start, _ in gaps), len(text)], strict=True))


def hang_of(text: str, width: int) -> int:
    """By how much a line that goes on is indented: to its second column, if that is on the left, else by two more."""
    label = _LABEL.match(text)
    if label is not None and cells(label[0]) <= width // 3:
        return cells(label[0])
    return len(text) - len(text.lstrip(" ")) + 2


def fitted(text: str, width: int | None, hang: int | None = None) -> str:
    """Each line of a text broken so that it fits; None for a width that has no end."""
    if width is None:
        return text
    return "\n".join(_broken(line, width, hang) for line in text.split("\n"))


def _broken(line: str, width: int, hang: int | None) -> str:
    if cells(line) <= width:
        return line
    indent = hang_of(line, width) if hang is None else hang
    first, *others = [line[start:end] for start, end in spans(line, width, indent)]
    return "\n".join([first, *(" " * indent + other for other in others)])
