"""Edits of a TOML line that can't be read: what people mean by what they write, each tried before it is offered."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import tomli

from lmcspec.spec.toml_scan import line_end, open_bracket, statement_start, word_at

LONGEST_NUMBER = 40
"""Characters of a number that somebody may have mistyped."""
_DASH = re.compile(r"[-*][ \t]*(?=[{\[])|[-*][ \t]+(?=[\"']|[\w-]+[ \t]*=)")
_DASHED = re.compile(r"\{[^}\n]*\}|\[[^\]\n]*\]|[^,\]#\n]*")
_ITEM = re.compile(r"[\w.\"'-]+|[{\[]")
_YAML_PAIR = re.compile(r"(?P<key>[ \t]*[\w.-]+[ \t]*)(?P<colon>:)(?=\s)")
_LONE_KEY = re.compile(r"\s*[\w.-]+\s*(#.*)?")
_WITH_COMMAS = re.compile(r"(?<!\d)\d++(?:,\d++)+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
_WORDS_AS_KEY = re.compile(r"\s*+([\w-]++(?:[ \t]++[\w-]++)+)\s*=")
_QUOTED = re.compile(r'"([^"\']*)"')
_TO_THE_END = re.compile(r"[^,\]\}#\n]*")
_NUMERIC = re.compile(r"[-+]?\.?\d")
_OTHER_MINUS = re.compile(r"[\u2212\u2013\u2014][\d.e-]+")
_PERCENT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)%")
_RATIO = re.compile(r"(\d+)/(\d+)")
_HALF_DECIMAL = re.compile(r"[-+]?(\d+\.|\.\d+)(e[-+]?\d+)?")
_PADDED = re.compile(r"[-+]?0\d+(\.\d*)?")
_PADDED_INTEGER = re.compile(r"[-+]?0\d+")
_CLOSING = {"[": "]", "{": "}"}
_TRUTH = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_CURLY = "\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a`"


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in the place of what stands from `start` to `end`; `shown` is what is said of it."""

    start: int
    end: int
    new: str
    shown: str
    help: str = ""
    in_line: bool = False
    """It counts where the text is read further in the same line, too."""


def edits(text: str, position: int) -> Iterator[Edit]:
    """What may be meant in the line of a position, the likeliest first."""
    start, end = text.rfind("\n", 0, position) + 1, line_end(text, position)
    line = text[start:end]
    if match := _DASH.match(text, position) or _DASH.match(text, start + len(line) - len(line.lstrip())):
        help = "TOML has no dashes before items or keys"
        item = _DASHED.match(text, match.end())
        shown = item[0].rstrip() if item else ""
        yield Edit(match.start(), match.end() + len(shown), shown, shown, help, in_line=True)
    if match := _YAML_PAIR.match(text, statement_start(text, position)):
        yield Edit(match.start("colon"), match.end("colon"), " =", f"{match['key'].strip()} = …", "TOML writes `=`")
    if _LONE_KEY.fullmatch(line):
        name = line.split("#")[0].strip()
        yield Edit(start, start + len(line.split("#")[0].rstrip()), f"{name} = {{}}", f"{name} = {{}}")
    if (header := line.split("#")[0].strip()) and header.strip("[]") and "=" not in header:
        inner = header.strip("[] ")
        double = header.startswith("[[") or header.endswith("]]")
        is_list = inner == "sweep.cases" or (double and inner.startswith("networks."))  # or a network's stages
        fixed = f"[[{inner}]]" if is_list else f"[{inner}]"
        if header != fixed and (header[0] == "[" or header[-1] == "]"):
            at = start + line.index(header)
            yield Edit(at, at + len(header), fixed, fixed)
    for match in _WITH_COMMAS.finditer(line):
        if start + match.start() <= position <= start + match.end() + 1:
            many = _THOUSANDS.fullmatch(match[0]) is not None
            number = match[0].replace(",", "" if many else ".")
            help = "" if many else "decimals have a point"
            yield Edit(start + match.start(), start + match.end(), number, number, help, in_line=True)
    if text[position - 1 : position + 1] == "==":
        yield Edit(position - 1, position + 1, "=", "=", in_line=True)
    if match := _WORDS_AS_KEY.match(text, statement_start(text, position)):
        name = "_".join(match[1].split())
        yield Edit(match.start(1), match.end(1), name, name, "a key is one word", in_line=True)
    for match in _QUOTED.finditer(line):
        if "\\" in match[1] and start + match.start() < position <= start + match.end():
            new = f"'{match[1]}'"
            help = "between single quotes a backslash is a backslash"
            yield Edit(start + match.start(), start + match.end(), new, new, help, in_line=True)
    before, quote, rest = line.partition('"')
    inner, last, after = rest.rpartition('"')
    if quote and last and '"' in inner and "'" not in inner and before.rstrip().endswith("=") and not after.strip():
        at, new = start + len(before), f"'{inner}'"
        help = "between single quotes a double quote is a letter like others"
        yield Edit(at, at + len(inner) + 2, new, new, help)
    opened = open_bracket(text, position)
    if opened is not None and text[position : position + 1] == _CLOSING["{" if text[opened] == "[" else "["]:
        closing = _CLOSING[text[opened]]
        yield Edit(position, position + 1, closing, closing, f"that is what closes a `{text[opened]}`", in_line=True)
    if opened is not None and (next_one := _ITEM.match(text, position)):
        help = "a comma stands between two of them"
        yield Edit(position, next_one.end(), f", {next_one[0]}", f", {next_one[0]}", help, in_line=True)
    if opened is not None and text[opened] == "[" and (closed := text.find("]", position)) > 0:
        inner = text[opened + 1 : closed].strip()
        yield Edit(opened, closed + 1, f"[{{ {inner} }}]", f"[{{ {inner} }}]")
    if opened is not None and text[position : position + 1] == ";":
        yield Edit(position, position + 1, ",", ",", in_line=True)
    for sign in ("//", ";", "--"):
        at = line.find(sign)
        if at >= 0:
            yield Edit(start + at, start + at + len(sign), "#", "#", "comments begin with `#`")
    if (word := word_at(text, position)) is not None:
        yield from _values(text, word, end)


def _values(text: str, word: tuple[int, int], end: int) -> Iterator[Edit]:
    """A word that is no value of TOML, as one, and else what stands there up to `end` in quotes."""
    start, written = word[0], text[slice(*word)]
    if len(written) > LONGEST_NUMBER and _NUMERIC.match(written):
        return
    for new in _spellings(written):
        yield Edit(*word, new, new, in_line=True)
    rest = _TO_THE_END.match(text, start, end)
    if rest and (bare := rest[0].strip()):
        quoted = '"' + bare.strip(_CURLY + " ").replace('"', "") + '"'
        yield Edit(start, start + len(bare), quoted, quoted, "strings need quotes")


def _spellings(word: str) -> Iterator[str]:
    """Truths and numbers as TOML writes them."""
    lower = word.lower()
    if lower in _TRUTH:
        yield _TRUTH[lower]
    if _OTHER_MINUS.fullmatch(lower):
        yield f"-{word[1:]}"
    if _PADDED_INTEGER.fullmatch(word):
        yield str(int(word))
    if number := _decimal(word):
        yield number


def _decimal(word: str) -> str:
    """A number with a part after its point, an empty string for what is none or too large."""
    lower = word.lower()
    number = math.nan
    if _PERCENT.fullmatch(word):
        number = float(f"{float(word[:-1]) / 100:.12g}")
    elif (ratio := _RATIO.fullmatch(word)) and int(ratio[2]):
        number = int(ratio[1]) / int(ratio[2])
    elif _HALF_DECIMAL.fullmatch(lower) or (_PADDED.fullmatch(word) and not _PADDED_INTEGER.fullmatch(word)):
        number = float(word)
    return repr(number) if math.isfinite(number) else ""


def goes_further(text: str, edit: Edit) -> bool:
    """Whether the text with the edit is read, or at least past the line, and past the edit where that counts."""
    changed = text[: edit.start] + edit.new + text[edit.end :]
    if changed == text:
        return False
    try:
        tomli.loads(changed)
    except tomli.TOMLDecodeError as error:
        after = edit.start + len(edit.new)
        return error.pos > (after + 1 if edit.in_line else line_end(changed, after))
    except (ValueError, RecursionError):
        return False
    return True
