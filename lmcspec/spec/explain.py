"""Who set a value of a spec, and what a code means."""

from dataclasses import dataclass
from typing import Any

from lmcspec.base.codes import CODES, Code
from lmcspec.base.errors import Span, UsageError
from lmcspec.base.steps import Step
from lmcspec.catalog import Config, nearest
from lmcspec.spec.load import Case, Loaded
from lmcspec.spec.origins import Origin
from lmcspec.spec.paths import Path, dotted, parse_path


@dataclass(frozen=True, slots=True)
class Setter:
    """One who set a value: a place in a file, a preset, --set or a case; without a span, a default."""

    value: Any
    source: str
    span: Span | None = None

    def __str__(self) -> str:
        where = f" {self.span}" if self.span is not None and self.source != "default" else ""
        return f"{self.value!r} by {self.source}{where}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A value of a resolved case, who set it, and what that overrode, latest first."""

    path: str
    case: str
    value: Any
    setter: Setter
    overrode: tuple[Setter, ...] = ()

    def __str__(self) -> str:
        head = f"{self.path} = {self.value!r}" + (f"  (case {self.case})" if self.case else "")
        who = "set by default" if self.setter.source == "default" else f"set by {self.setter.source} {self.setter.span}"
        return "\n".join([head, f"  {who}", *(f"  overrides {one}" for one in self.overrode)])


def explain_path(loaded: Loaded, path: str, case: str = "") -> Explanation:
    """Who set `path` in a case; without a name, in the first. Raises UsageError where there is no such path or case."""
    found = _case(loaded, case)
    try:
        parts: Path = tuple(part.name for part in parse_path(path))
    except ValueError as error:
        raise UsageError(f"`{path}` is no path: {error.args[0]}") from None
    value, parts = _value(found, parts)
    origin = found.origins.of(parts)
    return Explanation(
        dotted(parts),
        found.name,
        value,
        _setter(origin, value),
        tuple(_setter(one, one.value) for one in origin.earlier),
    )


def explain_code(code: str) -> Code:
    """What a code means. Raises UsageError for one that doesn't exist."""
    found = CODES.get(code.upper())
    if found is None:
        raise UsageError(f"there is no code `{code}`; they go from {min(CODES)} to {max(CODES)}")
    return found


def _case(loaded: Loaded, name: str) -> Case:
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
            near = nearest(str(part), known)
            where = f"`{dotted(done)}`" if done else "the spec"
            raise UsageError(f"{where} has no `{part}`" + (f"; did you mean `{near}`?" if near else ""))
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


def _setter(origin: Origin, value: Any) -> Setter:
    return Setter(value, origin.source, origin.value_span or origin.key_span)
