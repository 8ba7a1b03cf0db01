"""Slips of the pen in a TOML text that can't be read: where they are, and what was meant.

An edit is offered only if the text with it is read further than before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tomli

LONGEST = 60
"""Characters of an edit that is shown."""
_LARGEST = 200_000
"""Characters of a text in which edits are tried."""
UNSEEN = "[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff]"
"""Characters that look like a space or like nothing, and are no space to either language."""
_WORD = re.compile(r"[^\s,\]\}\[\{#=\"']+")
_DASH = re.compile(r"[-*][ \t]*(?=[{\[])|[-*][ \t]+(?=[\"']|[\w-]+[ \t]*=)")
_DASHED = re.compile(r"\{[^}\n]*\}|\[[^\]\n]*\]|[^,\]#\n]*")
_ITEM = re.compile(r"[\w.\"'-]+|[{\[]")
_YAML_PAIR = re.compile(r"(?P<key>[ \t]*[\w.-]+[ \t]*)(?P<colon>:)(?=\s)")
_YAML_LINE = re.compile(r"\s*(?:- .*|-|---.*|[\w.\"'-]+:(?:\s.*)?)")
_TOML_LINE = re.compile(r"\s*(?:\[\[?[^\]]+\]\]?|[\w.\"'-]+\s*=\s.*)")
_TRUTH = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_NOTHING = {"none", "null", "nil", "~"}
_NO_STATEMENT = re.compile(r"(?i)invalid statement|expected '=' after a key")
_CURLY = "\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a`"


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
        string = text[quote : _line_end(text, quote)]
        if _open_bracket(text, quote) is not None:
            string = re.split(r"[,\]}]", string)[0]
        message = "a quote is opened here and not closed" + ("" if len(sign) == 3 else " in its line")
        return Slip(quote, quote + len(sign), message, help=f"close it: `{_short(string.strip())}{sign}`")
    if re.compile(UNSEEN).match(text, position):
        return unseen(text, position)
    if re.compile(r",[ \t]*(#.*)?$", re.MULTILINE).match(text, position):
        return Slip(position, position + 1, "a comma ends the line of a key and its value", help="leave it out")
    word = _word_at(text, position)
    if word is not None and text[slice(*word)].lower() in _NOTHING:
        return Slip(*word, "TOML has no word for nothing", help="leave the key out: then its default holds")
    if len(text) <= _LARGEST:
        for edit in _edits(text, position):
            if _goes_further(text, edit):
                return Slip(edit.start, edit.end, label=f"did you mean `{_short(edit.shown)}`?", help=edit.help)
    if "unclosed" in error.msg.lower() and (opened := _open_bracket(text, position)) is not None:
        return Slip(opened, opened + 1, f"the `{text[opened]}` that opens here is not closed", help=_CLOSE)
    line_start, line_end = text.rfind("\n", 0, position) + 1, _line_end(text, position)
    if re.fullmatch(r"\s*[\w.-]+\s*=\s*(#.*)?", text[line_start:line_end]):
        return Slip(
            line_start,
            line_end,
            "the key has no value",
            help="write one, `[]` for an empty list, or `{}` for a table of defaults",
        )
    if line_start <= position and _NO_STATEMENT.search(error.msg) and not _open_bracket(text, position):
        begin = line_start + len(text[line_start:line_end]) - len(text[line_start:line_end].lstrip())
        message = "this line is neither a key with its value nor the name of a table"
        help = "write `KEY = VALUE`, or `[TABLE]`; what is no part of the spec stands behind a `#`"
        return Slip(begin, max(begin, line_end), message, help=help)
    return None


_CLOSE = "lists and tables in braces close in the same way as they open; a table in braces stands in one line"


def unseen(text: str, position: int) -> Slip:
    """A no-break space, say."""
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
        return isinstance(YAML(typ="safe", pure=True).compose(text[:_LARGEST]), MappingNode)
    except (YAMLError, ValueError, RecursionError):
        return True  # YAML with a mistake of its own: its lines say what it is


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    new: str
    shown: str
    help: str = ""
    in_line: bool = False
    """It counts where the text is read further in the same line, too."""


def _edits(text: str, position: int) -> Iterator[_Edit]:
    start, end = text.rfind("\n", 0, position) + 1, _line_end(text, position)
    line = text[start:end]
    if found := _DASH.match(text, position) or _DASH.match(text, start + len(line) - len(line.lstrip())):
        help = "TOML has no dashes before items or keys"
        item = _DASHED.match(text, found.end())
        shown = item[0].rstrip() if item else ""
        yield _Edit(found.start(), found.end() + len(shown), shown, shown, help, in_line=True)
    if found := _YAML_PAIR.match(text, _statement_start(text, position)):
        yield _Edit(found.start("colon"), found.end("colon"), " =", f"{found['key'].strip()} = …", "TOML writes `=`")
    if re.fullmatch(r"\s*[\w.-]+\s*(#.*)?", line):
        name = line.split("#")[0].strip()
        yield _Edit(start, start + len(line.split("#")[0].rstrip()), f"{name} = {{}}", f"{name} = {{}}")
    if (header := line.split("#")[0].strip()) and header.strip("[]") and "=" not in header:
        inner = header.strip("[] ")
        double = header.startswith("[[") or header.endswith("]]")
        fixed = f"[[{inner}]]" if double else f"[{inner}]"
        if header != fixed and (header[0] == "[" or header[-1] == "]"):
            at = start + line.index(header)
            yield _Edit(at, at + len(header), fixed, fixed)
    for found in re.finditer(r"\d+(?:,\d+)+", line):
        if start + found.start() <= position <= start + found.end() + 1:
            many = re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", found[0]) is not None
            number = found[0].replace(",", "" if many else ".")
            help = "" if many else "decimals have a point"
            yield _Edit(start + found.start(), start + found.end(), number, number, help, in_line=True)
    if text[position - 1 : position + 1] == "==":
        yield _Edit(position - 1, position + 1, "=", "=", in_line=True)
    if found := re.compile(r"\s*([\w-]+(?:[ \t]+[\w-]+)+)\s*=").match(text, _statement_start(text, position)):
        name = "_".join(found[1].split())
        yield _Edit(found.start(1), found.end(1), name, name, "a key is one word", in_line=True)
    for found in re.finditer(r'"([^"\']*\\[^"\']*)"', line):
        if start + found.start() < position <= start + found.end():
            new = f"'{found[1]}'"
            help = "between single quotes a backslash is a backslash"
            yield _Edit(start + found.start(), start + found.end(), new, new, help, in_line=True)
    opened = _open_bracket(text, position)
    if opened is not None and (next_one := _ITEM.match(text, position)):
        help = "a comma stands between two of them"
        yield _Edit(position, next_one.end(), f", {next_one[0]}", f", {next_one[0]}", help, in_line=True)
    if opened is not None and text[opened] == "[" and (closed := text.find("]", position)) > 0:
        inner = text[opened + 1 : closed].strip()
        yield _Edit(opened, closed + 1, f"[{{ {inner} }}]", f"[{{ {inner} }}]")
    if opened is not None and text[position : position + 1] == ";":
        yield _Edit(position, position + 1, ",", ",", in_line=True)
    for sign in ("//", ";", "--"):
        at = line.find(sign)
        if at >= 0:
            yield _Edit(start + at, start + at + len(sign), "#", "#", "comments begin with `#`")
    word = _word_at(text, position)
    if word is not None:
        for new in _values(text[slice(*word)]):
            yield _Edit(*word, new, new)
        rest = re.match(r"[^,\]\}#\n]*", text[word[0] : end])
        if rest and (quoted := rest[0].strip()):
            stripped = quoted.strip(_CURLY + " ").replace('"', "")
            yield _Edit(word[0], word[0] + len(quoted), f'"{stripped}"', f'"{stripped}"', "strings need quotes")


def _values(word: str) -> Iterator[str]:
    lower = word.lower()
    if lower in _TRUTH:
        yield _TRUTH[lower]
    if re.fullmatch(r"[\u2212\u2013\u2014][\d.e-]+", lower):
        yield f"-{word[1:]}"
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)%", word):
        yield repr(float(f"{float(word[:-1]) / 100:.12g}"))
    if (ratio := re.fullmatch(r"(\d+)/(\d+)", word)) and int(ratio[2]):
        yield repr(int(ratio[1]) / int(ratio[2]))
    if re.fullmatch(r"[-+]?(\d+\.|\.\d+)(e[-+]?\d+)?", lower) or re.fullmatch(r"[-+]?0\d+(\.\d*)?", word):
        number = float(word)
        yield str(int(number)) if re.fullmatch(r"[-+]?\d+", word) else repr(number)
    if re.fullmatch(r"\d+\.(e[-+]?\d+)", lower):
        yield lower.replace(".e", ".0e")


def _word_at(text: str, position: int) -> tuple[int, int] | None:
    """The bare value in which the position lies or before which it stands."""
    start = position
    while start > 0 and _WORD.fullmatch(text[start - 1]):
        start -= 1
    found = _WORD.match(text, start)
    return (found.start(), found.end()) if found and found.end() >= position else None


def _statement_start(text: str, position: int) -> int:
    """Where the key begins in whose statement the position lies: after the last line break, brace or comma."""
    return max(text.rfind(sign, 0, position) for sign in "\n{,") + 1


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _goes_further(text: str, edit: _Edit) -> bool:
    changed = text[: edit.start] + edit.new + text[edit.end :]
    if changed == text:
        return False
    try:
        tomli.loads(changed)
    except tomli.TOMLDecodeError as error:
        after = edit.start + len(edit.new)
        return error.pos > (after + 1 if edit.in_line else _line_end(changed, after))
    except (ValueError, RecursionError):
        return False
    return True


def unclosed_quote(text: str) -> int | None:
    """Where the first string opens that is not closed in its line; of strings of several lines, in the text."""
    index = 0
    while index < len(text):
        char = text[index]
        if char == "#":
            index = _line_end(text, index)
        elif char in "\"'":
            end = _string_end(text, index)
            if end is None:
                return index
            index = end
        else:
            index += 1
    return None


def _string_end(text: str, start: int) -> int | None:
    quote = text[start]
    long = text.startswith(quote * 3, start)
    index, limit = start + (3 if long else 1), len(text) if long else _line_end(text, start)
    while index < limit:
        if quote == '"' and text[index] == "\\":
            index += 2
        elif text.startswith(quote * 3 if long else quote, index):
            return index + (3 if long else 1)
        else:
            index += 1
    return None


def _open_bracket(text: str, position: int) -> int | None:
    """The innermost bracket of a value that is open at a position."""
    opened: list[int] = []
    index = 0
    value = False
    while index < position:
        char = text[index]
        if char == "#":
            index = _line_end(text, index)
            continue
        if char in "\"'":
            index = _string_end(text, index) or len(text)
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
