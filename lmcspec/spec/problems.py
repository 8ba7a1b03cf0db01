"""pydantic's errors as problems: one per place, with its span, what was expected and the nearest name."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from lmcspec.base.errors import Problem, Span
from lmcspec.catalog import built_in, names, nearest
from lmcspec.spec import shape
from lmcspec.spec.keys import likely, of_the_study
from lmcspec.spec.levels import help_with
from lmcspec.spec.meant import meant
from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path
from lmcspec.spec.phrases import called, in_words, quoted
from lmcspec.spec.toml_text import inline
from lmcspec.spec.tree import TELLING, at, plain
from lmcspec.spec.unknown import UNKNOWN, bad_name, not_a_choice, there_are, unknown_key, unknown_name, written
from lmcspec.spec.yaml_text import flow

OFFERED = 20
"""Problems of one spec for which other spellings are tried; more than that nobody reads at a time."""
WIDEST = 60
"""Characters of a spelling that is offered."""

_TYPES = {
    "int_type",
    "int_from_float",
    "float_type",
    "string_type",
    "bool_type",
    "tuple_type",
    "list_type",
    "dict_type",
    "model_type",
    "model_attributes_type",
    "none_required",
    "union_tag_not_found",
}
_RANGES = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}

PATHS = ("root", "load")
"""Keys that name a file or folder."""


def from_validation(
    error: ValidationError,
    model: type[BaseModel],
    data: Any,
    origins: Origins,
    failed: Collection[Path] = (),
    sources: Mapping[str, str] | None = None,
) -> list[Problem]:
    """The problems of one failed validation. Places under a path in `failed` are left out: more is wrong there.

    `sources` are the texts to which spans point: values are offered as they were written.
    """
    problems: list[Problem] = []
    seen: set[Path] = set()
    faults = [(fault, shape.follow(model, fault["loc"])) for fault in error.errors(include_url=False)]
    for fault, place in faults:
        if any(place.path[: len(path)] == path for path in failed):
            continue
        if fault["type"] == "too_short" and any(_inside(other.path, place.path) for _, other in faults):
            continue  # pydantic doesn't count items that are wrong themselves
        if place.loose and place.path in seen:
            continue
        seen.add(place.path)
        problem = _problem(fault, place, data, origins)
        offered = len(problems) < OFFERED and fault["type"] not in _NO_VALUE and not place.of_key
        problems.append(_with_offer(problem, fault, place, origins, sources or {}) if offered else problem)
    return problems


_NO_VALUE = {"extra_forbidden", "missing"}


def _with_offer(
    problem: Problem, fault: Any, place: shape.Place, origins: Origins, sources: Mapping[str, str]
) -> Problem:
    """The problem with what was most likely meant beside the caret, where the key takes something like it."""
    annotation = place.outer if place.outer is not None else place.annotation
    value = fault.get("input")
    if annotation is None or (problem.label.startswith("did you mean") and not isinstance(value, dict | list)):
        return problem
    span = problem.span
    written = _cut(span, sources) if span is not None and not isinstance(value, dict | list) else ""
    kind = place.path[-1] if place.path[:1] == ("measures",) and len(place.path) == 2 else None

    def complete(table: Any) -> Any:
        return {"kind": kind, **table} if kind is not None and isinstance(table, dict) else table

    offer = meant(annotation, value, written, complete)
    if offer is None:
        return problem
    yaml = span is not None and span.file.lower().endswith((".yaml", ".yml"))
    key = str(place.path[-1])
    bare = value is None and span is not None and span == origins.span(place.path, "key")
    spell = (lambda candidate: f"{key}: {flow(candidate)}" if bare else flow(candidate)) if yaml else inline
    question = offer.question(spell)
    return replace(problem, label=question) if len(question) <= WIDEST + len("did you mean ``?") else problem


def _cut(span: Span, sources: Mapping[str, str]) -> str:
    text = sources.get(span.file)
    if text is None or span.line != span.end_line:
        return ""
    lines = text.split("\n", span.line)
    return lines[span.line - 1][span.column - 1 : span.end_column - 1] if len(lines) >= span.line else ""


def _inside(path: Path, around: Path) -> bool:
    return len(path) > len(around) and path[: len(around)] == around


def _problem(fault: Any, place: shape.Place, data: Any, origins: Origins) -> Problem:
    kind, context, path = fault["type"], fault.get("ctx") or {}, place.path
    value = fault.get("input")
    annotation = place.outer if place.outer is not None else place.annotation
    if place.of_key:
        return bad_name(path, origins)
    if kind == "extra_forbidden":
        return unknown_key(path, shape.keys(place.models[-1]) + _keys_of_language(path), origins, place.models[-1])
    if kind == "missing":
        return _missing(path, place, data, origins)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_member(kind, path, annotation, value, data, origins)
    if kind == "value_error":
        words = str(context.get("error"))
        code = "E108" if "is not a step" in words else "E106" if "is none of" in words else "E107"
        return origins.problem(code, words, path)
    if kind in _RANGES:
        words, key = _RANGES[kind]
        return origins.problem(
            "E107", f"{called(path)} must be {words} {_number(context[key])}, not {in_words(value)}", path
        )
    if kind in ("too_short", "too_long"):
        least = "at least" if kind == "too_short" else "at most"
        count = context.get("min_length") if kind == "too_short" else context.get("max_length")
        got = context.get("actual_length")
        what = f"{called(path)} takes {least} {count} {'item' if count == 1 else 'items'}, and has {got}"
        return origins.problem("E110", what, path)
    if kind in ("string_pattern_mismatch", "string_too_long") and path[-1] in PATHS:
        what = f"`{path[-1]}` is no path: it holds a NUL, or more than 4,000 characters"
        return origins.problem("E109", what, path)
    if kind in ("string_pattern_mismatch", "string_too_long"):
        return bad_name(path, origins, value)
    return _wrong_value(kind, path, annotation, value, origins)


def _wrong_value(kind: str, path: Path, annotation: Any, value: Any, origins: Origins) -> Problem:
    path = written(path, origins)
    words = shape.choices(annotation) if annotation is not None else []
    if isinstance(value, str) and words:
        return not_a_choice(path, value, words, origins, shape.expected(annotation))
    expected = shape.expected(annotation) if annotation is not None else ""
    code = "E105" if kind in _TYPES or kind == "literal_error" else "E107"
    name = called(path)
    message = f"{name} takes {expected}, not {in_words(value)}" if expected else f"{name} can't be {in_words(value)}"
    # In recipes and stages a list most likely means one value after the other.
    several = isinstance(value, list) and path[0] in ("recipes", "networks") and isinstance(path[-1], str)
    # Deeper tables have keys of these names themselves.
    help = of_the_study(path) if len(path) == 2 else f"`{path[-1]} = {{ each = […] }}` makes one of each" * several
    if "table" in expected and (level := help_with(path, value, origins)):
        help = level
    return origins.problem(code, message, path, label=f"expected {expected}" if expected else "", help=help)


def _keys_of_language(path: Path) -> list[str]:
    """Keys that are dealt with before the models see the spec."""
    match path:
        case (_,):
            return ["extends", "sweep"]
        case ("recipes", _, _):
            return ["extends"]
        case _:
            return []


def _missing(path: Path, place: shape.Place, data: Any, origins: Origins) -> Problem:
    *around, name = path
    table = f"`{around[-1]}`" if around and isinstance(around[-1], str) else "the table" if around else "the spec"
    expected = shape.expected(place.annotation) if place.annotation is not None else ""
    help = f"`{name}` takes {expected}" if expected and expected != "a table" else ""
    if expected.startswith("a name"):
        help = f"`{name}` takes {expected}; {there_are(str(name))}"
    help = _not_kept(tuple(around), str(name), origins) or help
    return origins.problem("E104", f"{table} lacks the key `{name}`", path, help=help, at="key")


def _not_kept(table: Path, name: str, origins: Origins) -> str:
    """That a table which this one replaced, being of another sort, had the key; "" where none had it."""
    node = at(origins.root, table)
    if node is None:
        return ""
    for below in node.earlier:
        told = next((key for key in TELLING if node.get(key) is not None and below.get(key) is not None), None)
        if told is not None and (old := below.get(name)) is not None:
            line = f"`{name} = {inline(plain(old))}`"
            return f"another `{told}` keeps nothing of the table at {below.key or below.span}: say {line} again"
    return ""


def _unknown_member(kind: str, path: Path, annotation: Any, value: Any, data: Any, origins: Origins) -> Problem:
    tags = [tag for tag, _ in shape.union_members(annotation)[0]]
    entry = UNKNOWN.get(str(path[-1] if path[-1] in ("criterion", "optimiser", "schedule") else path[0]))
    # Of a set, a measure or a figure itself; tables in it are told apart by `name`, as everywhere.
    told_by = {"distilled": "method", "permutations": "method", "measures": "kind", "figures": "plot"}
    key = told_by.get(str(path[0]), "name") if len(path) == 2 else "name"
    told = value.get(key) if isinstance(value, dict) else value
    place = (*path, key) if isinstance(value, dict) and key in value and origins.has((*path, key)) else path
    if not isinstance(value, dict | str):
        return _wrong_value("model_type", path, annotation, value, origins)
    if not isinstance(told, str):
        if isinstance(told, int | float | list | dict):
            return origins.problem("E105", f"`{key}` takes a string, not {in_words(told)}", place)
        return _untold(path, key, tags, entry, value, origins)
    if entry is None:
        return not_a_choice(place, told, tags, origins)
    code, what, card_kind = entry
    known = names(card_kind) if card_kind != "measure" else list(built_in("measure")) and names("measure")
    return unknown_name(code, what, told, known, place, origins)


def _untold(
    path: Path, key: str, tags: list[str], entry: tuple[str, str, str] | None, table: Any, origins: Origins
) -> Problem:
    if key == "kind":
        near = nearest(str(path[-1]), tags)
        return origins.problem(
            "E205",
            f"`{path[-1]}` is no kind of measure",
            path,
            label=f"did you mean `{near}`?" if near else "",
            help=f'use one of {", ".join(tags)}, or say which with `kind = "..."`',
            at="key",
        )
    near = next((name for name in table if name != key and likely(str(name), [key]) == key), None)
    if near is not None and origins.has((*path, near)):
        message = f"{called(path)} lacks the key `{key}`"
        return origins.problem("E104", message, (*path, near), label=f"did you mean `{key}`?", at="key")
    or_load = ", `load` or `dataset`" if (path[0], key) == ("distilled", "method") else ""
    choices = [tag for tag in tags if tag not in ("load", "dataset")]
    return origins.problem(
        "E104", f"{called(path)} lacks the key `{key}`{or_load}", path, help=f"choices: {quoted(choices)}", at="key"
    )


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
