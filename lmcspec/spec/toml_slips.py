"""Slips of the pen in a TOML text that can't be read: where they are, and what was meant.

An edit is offered only if the text with it is read further than before.
"""

import re
from dataclasses import dataclass

import tomli

from lmcspec.spec.toml_edits import edits, goes_further
from lmcspec.spec.toml_scan import line_end, open_bracket, short, unclosed_quote, word_at

LARGEST = 200_000
"""Characters of a text in which edits are tried."""
LONGEST_LINE = 1_000
"""Characters of a line that somebody may have mistyped; a longer one was made by a program."""
_LOOKED_AT = 20_000
"""Characters in which YAML is looked for: reading it takes a second for a hundred thousand."""
UNSEEN = "[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff]"
"""Characters that look like a space or like nothing, and are no space to either language."""
_UNSEEN = re.compile(UNSEEN)
_LAST_COMMA = re.compile(r",[ \t]*(#.*)?$", re.MULTILINE)
_SEPARATOR = re.compile(r"[,\]}]")
_NO_VALUE = re.compile(r"\s*[\w.-]+\s*=\s*(#.*)?")
_YAML_LINE = re.compile(r"\s*+(?:- .*|-|---.*|[\w.\"'-]+:(?:\s.*)?)")
_TOML_LINE = re.compile(r"\s*+(?:\[\[?[^\]]+\]\]?|[\w.\"'-]+\s*=\s.*)")
_NOTHING = {"none", "null", "nil", "~"}
_NO_STATEMENT = re.compile(r"(?i)invalid statement|expected '=' after a key")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong from `start` to `end` of the text; empty words leave those of the parser."""

    start: int
    end: int
    message: str = ""
    label: str = ""
    help: str = ""


def slip(text: str, error: tomli.TOMLDecodeError, stem: str) -> Slip | None:
    """The slip behind an error, if it is one that people make. `stem` is the file's name without its ending."""
    if other := other_language(text):
        return Slip(0, min(1, len(text)), f"this is {other}", help=f"call the file `{stem}.yaml`: YAML is read as well")
    position = min(error.pos, len(text))
    quote = unclosed_quote(text)
    if quote is not None and quote < position:
        sign = text[quote] * 3 if text.startswith(text[quote] * 3, quote) else text[quote]
        string = text[quote : line_end(text, quote)]
        if open_bracket(text, quote) is not None:
            string = _SEPARATOR.split(string)[0]
        message = "a quote is opened here and not closed" + ("" if len(sign) == 3 else " in its line")
        return Slip(quote, quote + len(sign), message, help=f"close it: `{short(string.strip())}{sign}`")
    if _UNSEEN.match(text, position):
        return unseen(text, position)
    if _LAST_COMMA.match(text, position):
        return Slip(position, position + 1, "a comma ends the line of a key and its value", help="leave it out")
    word = word_at(text, position)
    if word is not None and text[slice(*word)].lower() in _NOTHING:
        return Slip(*word, "TOML has no word for nothing", help="leave the key out: then its default holds")
    start, end = text.rfind("\n", 0, position) + 1, line_end(text, position)
    if len(text) <= LARGEST and end - start <= LONGEST_LINE:
        for edit in edits(text, position):
            if goes_further(text, edit):
                return Slip(edit.start, edit.end, label=f"did you mean `{short(edit.shown)}`?", help=edit.help)
    if "unclosed" in error.msg.lower() and (opened := open_bracket(text, position)) is not None:
        return Slip(opened, opened + 1, f"the `{text[opened]}` that opens here is not closed", help=_CLOSE)
    if _NO_VALUE.fullmatch(text[start:end]):
        return Slip(
            start,
            end,
            "the key has no value",
            help="write one, `[]` for an empty list, or `{}` for a table of defaults",
        )
    if start <= position and _NO_STATEMENT.search(error.msg) and not open_bracket(text, position):
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        message = "this line is neither a key with its value nor the name of a table"
        help = "write `KEY = VALUE`, or `[TABLE]`; what is no part of the spec stands behind a `#`"
        return Slip(begin, max(begin, end), message, help=help)
    return None


_CLOSE = "lists and tables in braces close in the same way as they open; a table in braces stands in one line"


def unseen(text: str, position: int) -> Slip:
    """The slip of a character that isn't seen, such as a no-break space."""
    message = f"a character that isn't seen stands here: U+{ord(text[position]):04X}"
    return Slip(position, position + 1, message, help="put an ordinary space in its place")


def other_language(text: str) -> str:
    """`JSON` or `YAML` where a text is that and no TOML, else an empty string."""
    bare = text.lstrip()
    if bare.startswith("{"):
        return "JSON"
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    yaml = sum(1 for line in lines if _YAML_LINE.fullmatch(line) and not _TOML_LINE.fullmatch(line))
    toml = sum(1 for line in lines if _TOML_LINE.fullmatch(line))
    return "YAML" if yaml > 2 * toml and yaml >= 0.5 * len(lines) > 0 and _is_mapping(text) else ""


def _is_mapping(text: str) -> bool:
    """Whether YAML, too, takes it for a table."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode

    try:
        return isinstance(YAML(typ="safe", pure=True).compose(text[:_LOOKED_AT]), MappingNode)
    except (YAMLError, ValueError, RecursionError):
        return True  # YAML with a mistake of its own: its lines say what it is
