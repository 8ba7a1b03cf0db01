"""Text of others as a terminal may show it: what it would obey is spelled out instead."""

import json
import re
from typing import Any

_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: ESC, BEL, CR, and C1 with its one-byte CSI
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, or turning what follows
    "\ud800-\udfff"  # halves of surrogate pairs, which no encoding takes
    "\U000e0000-\U000e007f]"  # tags, a copy of ASCII that nobody sees
)
_INLINE = re.compile(f"[\t\n{_OBEYED.pattern[1:]}")


def visible(text: str) -> str:
    r"""The text with each character that a terminal obeys as its escape: ESC as \x1b, a reversal of text as \u202e.

    Line ends and tabs stay. What is left can be encoded; doing it twice changes nothing.
    """
    return _OBEYED.sub(_escaped, text)


def one_line(text: str) -> str:
    r"""As `visible`, with line ends and tabs spelled out too: for names, and whatever must not look like two lines."""
    return _INLINE.sub(_escaped, text)


def visible_json(document: Any, *, indent: int | None = None) -> str:
    """JSON in which the same characters are escaped the way JSON does it, so that programs read what was there."""
    return _OBEYED.sub(_escaped_in_json, json.dumps(document, indent=indent, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in "\t\n\r":
        return {"\t": r"\t", "\n": r"\n", "\r": r"\r"}[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escaped_in_json(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
