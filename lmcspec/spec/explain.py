"""Who set a value, and what a code means."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from lmcspec.base.codes import CODES, Code
from lmcspec.base.errors import Span, UsageError
from lmcspec.base.steps import Step
from lmcspec.base.word_lists import few
from lmcspec.catalog import Config, find, nearest
from lmcspec.spec.load import Case, Loaded
from lmcspec.spec.origins import Origin
from lmcspec.spec.paths import Path, dotted, parse_path
from lmcspec.spec.toml_text import inline
from lmcspec.spec.tree import at
from lmcspec.spec.unknown import MANY

if TYPE_CHECKING:
    from lmcspec.spec.key_words import KeyWords

NOT_SET = "not set"
NOBODY = "nobody"
"""Who sets a key of a table that isn't there."""


class NoSuchKey(UsageError):
    """A path that leads nowhere in a spec."""

    near: str = ""
    """What was most likely meant; empty where nothing is near."""


@dataclass(frozen=True, slots=True)
class Setter:
    """One who set a value: a place in a file, a preset, --set or a case; without a span, a default."""

    value: Any
    source: str
    span: Span | None = None

    def __str__(self) -> str:
        where = f" {self.span}" if self.span is not None and self.source != "default" else ""
        return f"{shown(self.value)} by {self.source}{where}"

    @property
    def place(self) -> str:
        """Who it was, in one or two words: `specs/quickstart.toml:22`, `preset presets/frankle.toml:6`, `--set`."""
        if self.span is None or self.source in ("default", "--set"):
            return self.source
        line = f"{self.span.file}:{self.span.line}"
        return line if self.source == "file" else f"{self.source} {line}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value inside a table that is no table itself; `path` starts at the table."""

    path: str
    setter: Setter


@dataclass(frozen=True, slots=True)
class Explanation:
    """A value of a resolved case, who set it, and what that overrode, latest first; of a table, who set each leaf."""

    path: str
    case: str
    value: Any
    setter: Setter
    overrode: tuple[Setter, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    """Of a family, what varies in it: a table for each member."""
    members: int = 0
    """How many a family has; its value is a table of them."""
    words: "tuple[KeyWords, ...]" = ()
    """What the key means, whoever set it."""

    def __str__(self) -> str:
        head = f"{self.path} = {shown(self.value)}" if self.value is not None else f"{self.path} is {NOT_SET}"
        head = f"{self.path} is a family of {self.members}" if self.members else head
        head += f"  (case {self.case})" if self.case else ""
        who = {"default": "set by default", NOBODY: "the spec has no table for it"}.get(
            self.setter.source, f"set by {self.setter.source} {self.setter.span}"
        )
        rows = [(leaf.path, shown(leaf.setter.value), leaf.setter.place) for leaf in self.leaves]
        return "\n".join([head, f"  {who}", *(f"  overrides {setter}" for setter in self.overrode), *aligned(rows)])

    def document(self) -> dict[str, Any]:
        """The explanation as JSON can hold it: dates and infinities, which a wrong value may have been, as text."""
        return _json(asdict(self) | {"words": [words._asdict() for words in self.words]})


def explain_path(loaded: Loaded, path: str, case: str = "") -> Explanation:
    """Who set `path` in a case; without a name, in the first. Raises UsageError where there is no such path or case."""
    chosen = case_called(loaded, case)
    try:
        parts: Path = tuple(part.name for part in parse_path(path))
    except ValueError as error:
        raise UsageError(f"`{path}` is no path: {error.args[0]}") from None
    if (family := _family(chosen, parts)) is not None:
        return family
    value, parts = _value(chosen, parts)
    return explained(parts, chosen.name, value, lambda inside: _origin(chosen, (*parts, *inside)))


def explained(path: Path, case: str, value: Any, origin_of: Callable[[Path], Origin]) -> Explanation:
    """Who set the value at a path, and each of what is inside it; `origin_of` knows who, by the path from there on."""
    origin = origin_of(())
    return Explanation(
        dotted(path),
        case,
        value,
        _setter(origin, value),
        tuple(_setter(earlier, earlier.value) for earlier in origin.earlier),
        tuple(Leaf(dotted(inside), _setter(origin_of(inside), leaf)) for inside, leaf in leaves(value) if inside),
    )


def _family(case: Case, path: Path) -> Explanation | None:
    """Of the name of a family the members; None for any other path."""
    families = {"networks": case.families, "permutations": case.ways.families}
    table, *name = path
    family = families.get(str(table), {}).get(str(name[0])) if len(name) == 1 else None
    if family is None:
        return None
    value, varying = {}, []
    for member in family.members:
        value[member.name], _ = _value(case, (table, member.name))
        varying.append(Leaf(member.name, _setter(_origin(case, (table, member.name)), dict(member.values))))
    return Explanation(
        dotted(path), case.name, value, replace(varying[0].setter, value=value), (), tuple(varying), len(varying)
    )


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What is no table inside a value, and no list that holds tables, with its path; the value itself if it is none."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def value_of(case: Case) -> dict[str, Any]:
    """The whole resolved study as plain data, with all defaults."""
    return _plain(case.study)


def setter_of(case: Case, path: Path, value: Any) -> Setter:
    """Who set the value at a path, which is `value`."""
    return _setter(_origin(case, path), value)


def shown(value: Any) -> str:
    """A value as TOML writes it, which has no word for nothing."""
    return NOT_SET if value is None else inline(value)


def aligned(rows: Sequence[tuple[str, ...]], margin: str = "  ", widest: int = 40) -> list[str]:
    """Lines in columns; a cell wider than `widest` pushes the rest of its own line only."""
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [max((len(cell) for cell in column if len(cell) <= widest), default=0) for column in columns]
    return [
        margin + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def explain_code(code: str) -> Code:
    """What a code means. Raises UsageError for one that doesn't exist."""
    known = CODES.get(code.upper())
    if known is None:
        raise UsageError(f"there is no code `{code}`; they go from {min(CODES)} to {max(CODES)}")
    return known


def case_called(loaded: Loaded, name: str) -> Case:
    """The case of that name, without a name the first. Raises UsageError with the nearest where there is none."""
    if not name:
        return loaded.cases[0]
    for case in loaded.cases:
        if case.name == name:
            return case
    near = nearest(name, [case.name for case in loaded.cases])
    raise UsageError(f"there is no case `{name}`" + (f"; did you mean `{near}`?" if near else ""))


def _value(case: Case, path: Path) -> tuple[Any, Path]:
    """The validated value, and the path with list indices as integers."""
    value: Any = case.study
    done: Path = ()
    for part in path:
        if isinstance(part, str) and part.isdecimal() and isinstance(value, tuple):
            part = int(part)
        known: list[str] = []
        match value:
            case Config():
                known = list(type(value).model_fields)
                inside = getattr(value, str(part), None) if part in known else None
                missing = part not in known
            case dict():
                known = list(value)
                inside, missing = value.get(part), part not in value
            case tuple():
                missing = not isinstance(part, int) or part >= len(value)
                inside = None if missing else value[int(part)]
            case _:
                inside, missing = None, True
        if missing:
            members = [name for name in known if name.startswith(f"{part}[")]
            near = nearest(str(part), known)
            where = f"`{dotted(done)}`" if done else "the spec"
            hint = f"; did you mean `{near}`?" if near else ""
            if known and not near:
                hint = f": it has {few(known, MANY)}"
            if members:
                hint = f": it is a family, `{members[0]}`" + (f" to `{members[-1]}`" if len(members) > 1 else "")
            error = NoSuchKey(f"{where} has no `{part}`{hint}")
            error.near = near or (members[0] if members else "")
            raise error
        value, done = inside, (*done, part)
    return _plain(value), done


def _plain(value: Any) -> Any:
    match value:
        case Config():
            return value.model_dump(mode="json")
        case Step():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


def _origin(case: Case, path: Path) -> Origin:
    """Who set a value. What a bare name stands for, `"convnet3"` for a depth of 3, is set where the name is."""
    origins, key = case.origins, path[-1]
    if origins.has(path):
        return origins.of(path)
    above = at(origins.root, path[:-1])
    named = above if above is None or isinstance(above.value, str) else above.get("name")
    if named is not None and isinstance(named.value, str) and (key == "name" or key in _variant(path, named.value)):
        return Origin(named.value, named.source, named.key, named.span)
    return origins.of(path)


def _variant(path: Path, name: str) -> Mapping[str, Any]:
    """The settings for which a name stands, of the thing that is described around `path`."""
    match path[:-1]:
        case ("model",) | ("dataset",):
            kind = str(path[0])
        case ("networks", _, int(), "criterion") | ("permutations", _, "prune", "criterion"):
            kind = "criterion"
        case _:
            return {}
    card = find(kind, name)
    return card.variants.get(name, {}) if card is not None else {}


def _json(value: Any) -> Any:
    match value:
        case dict():
            return {key: _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
        case date() | time():
            return value.isoformat()
        case _:
            return value


def _setter(origin: Origin, value: Any) -> Setter:
    return Setter(value, origin.source, origin.value_span or origin.key_span)
