"""Problems of words that nobody knows: keys, names of cards, choices, and what can be no name at all."""

import re
from typing import Any

from pydantic import BaseModel

from lmcspec.base.errors import Problem
from lmcspec.catalog import built_in, nearest, plug_ins
from lmcspec.spec.keys import likely, of_the_study
from lmcspec.spec.labels import LONGEST_NAME
from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path
from lmcspec.spec.phrases import called, in_words, quoted
from lmcspec.spec.tree import short_key

MANY = 8
"""Lists of choices up to this length are printed whole."""
LONGEST_SLUG = 60

UNKNOWN = {
    "model": ("E201", "model", "model"),
    "dataset": ("E202", "data set", "dataset"),
    "optimiser": ("E214", "optimiser", "optimiser"),
    "schedule": ("E215", "schedule", "schedule"),
    "distilled": ("E203", "distillation method", "distiller"),
    "permutations": ("E216", "way to align networks", "matcher"),
    "criterion": ("E204", "criterion", "criterion"),
    "measures": ("E205", "kind of measure", "measure"),
    "figures": ("E213", "plot", "plot"),
}
"""Table or key of a spec -> the code of an unknown card there, what it is called, and its kind."""


def written(path: Path, origins: Origins) -> Path:
    """The path as the spec has it: `space` where `space = "zca"` stands for `space = { name = "zca" }`."""
    return path[:-1] if path and not origins.has(path) and short_key(path[:-1]) == path[-1] else path


def not_a_choice(path: Path, value: str, words: list[str], origins: Origins, expected: str = "") -> Problem:
    """The problem of a word that is none of those that may stand here."""
    path = written(path, origins)
    near = nearest(value, words)
    return origins.problem(
        "E106",
        f'{called(path)} can\'t be "{value}"',
        path,
        label=f'did you mean "{near}"?' if near else "",
        help=f"it takes {expected}" if expected else f"choices: {quoted(words)}",
    )


def unknown_key(path: Path, known: list[str], origins: Origins, model: type[BaseModel] | None = None) -> Problem:
    """The problem of a key that its table doesn't take, with the nearest that it, or a table in it, does."""
    name = str(path[-1])
    if "augment" in path:
        plug_ins("augmentation")  # says of packages' own that they are left out: nobody else looks at these
    near = _spaced(name, known) or (None if of_the_study(path) else likely(name, known, model))
    label = f"did you mean `{near}`?" if near else ""
    help = of_the_study(path) or ("" if near or not known else f"keys here: {', '.join(known)}")
    return origins.problem("E103", f"unknown key `{name}`", path, label=label, help=help, at="key")


_BY_PACKAGES = {what: kind for _, what, kind in UNKNOWN.values()}
_FROM_PACKAGES = "one of your own needs its package installed here, with an entry point in `lmcspec.cards`"


def there_are(kind: str) -> str:
    """Which cards of a kind can be named, families of variants by their own name, built-in ones first."""
    ours, others = sorted(built_in(kind)), sorted(plug_ins(kind))
    return f"there are: {', '.join(ours)}" + (f"; from packages: {', '.join(others)}" if others else "")


def unknown_name(code: str, what: str, name: Any, known: list[str], path: Path, origins: Origins) -> Problem:
    """The problem of a name that stands for nothing, with the nearest one that does."""
    if not isinstance(name, str):
        return origins.problem("E105", f"{called(path)} takes a name, not {in_words(name)}", path)
    near = nearest(name, known)
    help = ""
    if not near and what in _BY_PACKAGES:
        help = f"{there_are(_BY_PACKAGES[what])}; {_FROM_PACKAGES}"
        if what == "data set" and any(sign in name for sign in "/\\~"):
            help = f'a folder of images is `{{ name = "folder", root = "{name}" }}`'
    elif not near:
        help = f"there are: {', '.join(known)}" if 0 < len(known) <= MANY else "" if known else "none is defined"
    return origins.problem(
        code, f"there is no {what} `{name}`", path, label=f"did you mean `{near}`?" if near else "", help=help
    )


_PAIR = re.compile(r"([\w.-]+)\s*[:=]\s*+(.+)")


def _spaced(name: str, known: list[str]) -> str | None:
    """`lr: 0.1` for YAML's `lr:0.1` and `lr = 0.1`, which are keys without a value."""
    match = _PAIR.fullmatch(name)
    return f"{match[1]}: {match[2]}" if match and match[1] in known else None


def bad_name(path: Path, origins: Origins, value: Any = None) -> Problem:
    """The problem of a key, or of a value, that can be no name."""
    name = value if value is not None else path[-1]
    help = "names begin with a letter or digit and go on with letters, digits and _ . + -"
    if len(str(name)) > LONGEST_NAME:
        help = f"names have at most {LONGEST_NAME} characters"
        help += ", those of a family's members with all that varies in it" if "[" in str(name) else ""
    at = "key" if value is None else "value"
    slug = re.sub(r"[^A-Za-z0-9_.+-]+", "-", str(name).partition("[")[0])[:LONGEST_SLUG].strip("-_.+")
    label = f"did you mean `{slug}`?" if slug else ""
    return origins.problem("E109", f"`{name}` can't be a name", path, label=label, help=help, at=at)
