"""Slips of the pen in a YAML text that can't be read: where they are, and what was meant.

An edit is offered only if the text with it is read further than before.
"""

import re
from typing import Any

import tomli
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from lmcspec.spec.toml_scan import line_end, short
from lmcspec.spec.toml_slips import LONGEST_LINE, UNSEEN, Slip, unseen

_TOML_PAIR = re.compile(r"(?P<before>[ \t]*)(?P<key>[\w.-]+)[ \t]*=[ \t]*(?P<value>\S.*)")
_TOML_HEADER = re.compile(r"\s*\[\[?[\w.\"'-]+\]\]?\s*")
_YAML_KEY = re.compile(r"\s*[\w.\"'-]+:(\s|$)")
_NAME = re.compile(r"[^\s,\]\}]+")
_DASH_BEFORE_BRACE = re.compile(r"(?<=[\[,:\s])-[ \t]*(?=[{\[])")
_TWO_COLONS = re.compile(r"(?P<key>\s*(?:- )?[\w.\"'-]+:\s++)(?P<value>[^\"'\[{|>&*!#].*:(?:\s.*|))", re.DOTALL)
_NO_SPACE = re.compile(r"(?P<before>\s*(?:- )?)(?P<key>[\w.-]+):(?P<value>[^\s:/\\].*)")
_LATE_KEY = re.compile(r"\S[ \t]+(?P<key>[\w.-]+)$")
_UNSEEN = re.compile(rf"(?:[ \t]*-?|[ \t]*(?:- )?[\w.-]+:[ \t]*){UNSEEN}")
_DASH: dict[str, Any] = {"message": "a dash begins an item of a list, and no space follows it", "help": "put one there"}
_SPACED = r"\g<before>\g<key>: \g<value>"
_NO_SPACE_AFTER_DASH = re.compile(r"(?P<before>\s*(?:- )*)-(?P<item>[^\s-].*)")
_LARGEST = 20_000
"""Characters of a text in which edits are tried: it is read once for each."""
_MOST = 12
"""Lines before the error in which a slip is looked for."""


def slip(text: str, error: MarkedYAMLError, stem: str) -> Slip | None:
    """The slip behind an error, if it is one that people make. `stem` is the file's name without its ending."""
    if toml := as_toml(text, stem):
        return toml
    mark, context = error.problem_mark, str(error.context or "")
    position = min(mark.index, len(text)) if mark is not None else 0
    if "'\\t'" in str(error.problem) and text[position : position + 1] == "\t":
        return Slip(
            position, position + 1, "a tab stands here", help="YAML is indented with spaces: put them in its place"
        )
    opened = error.context_mark.index if error.context_mark is not None else None
    if reference := _reference(text, position, str(error.problem)):
        return reference
    for start, line in _lines_before(text, position, most=3):
        if (place := unseen_in(line)) is not None:
            return unseen(text, start + place)
    if opened is not None and "quoted scalar" in context:
        line = text[opened : line_end(text, opened)].strip()
        return Slip(
            opened,
            opened + 1,
            "a quote is opened here and not closed",
            help=f"close it: `{short(line)}{text[opened]}`",
        )
    equals = _with_equals(text, position)
    if equals is not None:
        return equals
    if opened is not None and "flow" in context and line_end(text, opened) < position:
        sign = text[opened]
        return Slip(
            opened,
            opened + 1,
            f"the `{sign}` that opens here is not closed",
            help=f"close it with `{']' if sign == '[' else '}'}`",
        )
    if line_end(text, position) - text.rfind("\n", 0, position) > LONGEST_LINE:
        return None
    return (
        _sign(text, position, error)
        or _comma(text, position)
        or _inner_dash(text, position)
        or _colon(text, position)
        or _dash(text, position)
        or _among(text, position, error)
        or _no_space(text, position)
        or _indentation(text, position)
    )


def unseen_in(written: str) -> int | None:
    """Where a character that isn't seen stands in a line as if it were a space: before all else, or after a colon."""
    match = _UNSEEN.match(written)
    return match.end() - 1 if match else None


def glued_dash(text: str, start: int) -> Slip | None:
    """A key that begins with a dash and a bracket: to YAML, `-{a: 1}` is a table with the key `-{a`."""
    if text[start : start + 2] not in ("-{", "-["):
        return None
    end = line_end(text, start)
    new = f"- {text[start + 1 : end].rstrip()}"
    return Slip(start, start + 2, label=f"did you mean `{short(new)}`?", **_DASH)


def glued_dashes(text: str, start: int, end: int) -> Slip | None:
    """Lines that all begin with a dash and no space: to YAML one text, `-a -b`."""
    lines = [line.strip() for line in text[start:end].split("\n")]
    if len(lines) < 2 or not all(_NO_SPACE_AFTER_DASH.fullmatch(line) for line in lines):
        return None
    return Slip(start, start + len(lines[0]), label=f"did you mean `- {short(lines[0][1:])}`?", **_DASH)


def as_toml(text: str, stem: str) -> Slip | None:
    """Whether the text is TOML in a file that is called otherwise."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    toml = sum(1 for line in lines if _TOML_HEADER.fullmatch(line) or _TOML_PAIR.fullmatch(line))
    if not lines or toml < 0.5 * len(lines):
        return None
    try:
        tomli.loads(text)
    except (ValueError, RecursionError):
        if toml < 3 or any(_YAML_KEY.match(line) for line in lines):
            return None  # a stray `=` in a YAML file
    start = len(text) - len(text.lstrip())
    return Slip(
        start, min(start + 1, len(text)), "this is TOML", help=f"call the file `{stem}.toml`: TOML is read as well"
    )


def _with_equals(text: str, position: int) -> Slip | None:
    """A line of TOML among those of YAML."""
    for start, line in _lines_before(text, position):
        if (match := _TOML_PAIR.fullmatch(line)) and ": " not in line:
            new = f"{match['key']}: {match['value'].rstrip()}"
            at = start + len(match["before"])
            if _goes_further(text, at, start + len(line), new):
                return Slip(
                    at, start + len(line.rstrip()), label=f"did you mean `{short(new)}`?", help="YAML writes `:`"
                )
    return None


def _sign(text: str, position: int, error: MarkedYAMLError) -> Slip | None:
    """A value that begins with a sign that means something to YAML: it needs quotes."""
    value = text[position : line_end(text, position)].split(" #")[0].rstrip()
    new = '"' + value.strip("`").replace('"', "'") + '"'
    if "cannot start any token" not in str(error.problem) or not value:
        return None
    if not _goes_further(text, position, position + len(value), new):
        return None
    help = f"a value that begins with {value[0]} needs quotes"
    return Slip(position, position + len(value), label=f"did you mean `{short(new)}`?", help=help)


def _comma(text: str, position: int) -> Slip | None:
    """A key right behind a value in braces."""
    line = text.rfind("\n", 0, position) + 1
    if (match := _LATE_KEY.search(text[line:position])) is None:
        return None
    at = line + match.start("key")
    if not _goes_further(text, at, at, ", "):
        return None
    return Slip(at, position, label=f"did you mean `, {match['key']}`?", help="a comma stands between two of them")


def _colon(text: str, position: int) -> Slip | None:
    """A value that holds a colon: it needs quotes."""
    for start, line in _lines_before(text, position, most=2):
        if match := _TWO_COLONS.fullmatch(line.rstrip()):
            at, value = start + match.start("value"), match["value"]
            new = '"' + value.replace('"', "'") + '"'
            if _goes_further(text, at, at + len(value), new):
                return Slip(at, at + len(value), "a value with a colon needs quotes", f"did you mean `{short(new)}`?")
    return None


def _no_space(text: str, position: int) -> Slip | None:
    """A colon right before its value."""
    for start, line in _lines_before(text, position, most=3):
        if (match := _NO_SPACE.fullmatch(line)) and _goes_further(
            text, start, start + len(line), match.expand(_SPACED)
        ):
            new = f"{match['key']}: {match['value']}"
            span = (start + match.start("key"), start + len(line.rstrip()))
            return Slip(*span, label=f"did you mean `{short(new)}`?", help="a space follows the colon")
    return None


def _reference(text: str, position: int, problem: str) -> Slip | None:
    """A star or an ampersand that isn't quoted: an alias or an anchor, to YAML."""
    start = position - ("expected alphabetic or numeric" in problem)
    sign = text[start : start + 1]
    if start < 0 or sign not in ("*", "&") or not ("undefined alias" in problem or start < position):
        return None
    match = _NAME.match(text, start)
    word = match[0] if match else sign
    message = f"a lone `{sign}` stands here" if word == sign else f"`{short(word)}` names nothing that stands above"
    what = "an alias, the name of an earlier `&…`" if sign == "*" else "an anchor, a name for what follows"
    help = f"unquoted, `{sign}` begins {what}; as text, write `{short(chr(34) + word + chr(34))}`"
    return Slip(start, start + len(word), message, help=help)


def _inner_dash(text: str, position: int) -> Slip | None:
    """A dash before braces or brackets that begin in the middle of a line."""
    start, end = text.rfind("\n", 0, position) + 1, line_end(text, position)
    for match in _DASH_BEFORE_BRACE.finditer(text[start:end]):
        at, after = start + match.start(), start + match.end()
        if text[start:at].strip() and _goes_further(text, at, after, ""):
            return Slip(
                at, after, "a dash stands in the middle of a line", help="leave it out, or begin a line with it"
            )
    return None


def _dash(text: str, position: int) -> Slip | None:
    """A dash right before its item."""
    for start, line in _lines_before(text, position, most=3):
        if match := _NO_SPACE_AFTER_DASH.fullmatch(line):
            at, new = start + len(match["before"]), f"- {match['item']}"
            if _goes_further(text, at, start + len(line), new):
                return Slip(at, start + len(line.rstrip()), label=f"did you mean `{short(new.rstrip())}`?", **_DASH)
    return None


def _among(text: str, position: int, error: MarkedYAMLError) -> Slip | None:
    """An item among keys, or a key among items."""
    problem, context = str(error.problem), str(error.context)
    line = text[position : line_end(text, position)].split(" #")[0].rstrip()
    if "block mapping" in context and ("'-'" in problem or "block sequence" in problem):
        bare = line.removeprefix("-").strip()
        is_key = _YAML_KEY.match(bare) is not None
        help = f"leave the dash out: `{short(bare)}`" if is_key else "give it a key: `KEY: VALUE`"
        return Slip(position, position + 1, "an item of a list stands among the keys of a table", help=help)
    if "block collection" in context and "'?'" in problem and error.context_mark is not None:
        first = error.context_mark.line + 1
        help = f"begin it with a dash: `- {short(line)}`; or, for a table, leave out the dash in line {first}"
        return Slip(position, position + len(line), "a key stands among the items of a list", help=help)
    return None


def _indentation(text: str, position: int) -> Slip | None:
    """A line that is neither on a level with one above nor opened by it."""
    start, end = text.rfind("\n", 0, position) + 1, line_end(text, position)
    line = text[start:end]
    indent = len(line) - len(line.lstrip(" "))
    above = [other for other in text[:start].splitlines() if other.strip() and not other.lstrip().startswith("#")]
    if not above or not line.strip():
        return None
    wanted = len(above[-1]) - len(above[-1].lstrip(" "))
    if wanted == indent or not _goes_further(text, start, start + indent, " " * wanted):
        return None
    message = f"the line begins after {indent} spaces, the one above after {wanted}"
    return Slip(start + indent, start + len(line.rstrip()), message, help="keys of one table begin below each other")


def _lines_before(text: str, position: int, most: int = _MOST) -> list[tuple[int, str]]:
    """The line of a position and those before it, nearest first, each with where it begins; none that is too long."""
    lines: list[tuple[int, str]] = []
    end = line_end(text, position)
    while len(lines) < most:
        start = text.rfind("\n", 0, end) + 1
        lines.append((start, text[start:end]))
        if start == 0:
            break
        end = start - 1
    return [(start, line) for start, line in lines if len(line) <= LONGEST_LINE]


def _goes_further(text: str, start: int, end: int, new: str) -> bool:
    if len(text) > _LARGEST:
        return False
    changed = text[:start] + new + text[end:]
    failed = _fails_at(changed)
    return failed is None or failed > line_end(changed, start + len(new))


def _fails_at(text: str) -> int | None:
    try:
        YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        return mark.index if mark is not None else 0
    except (YAMLError, ValueError, RecursionError):
        return 0
    return None
