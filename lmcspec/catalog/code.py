"""What stands in ids for the code of a card that isn't built in: the version it declares, or a digest of its source.

lmcspec's own code is in ids by the versions of its kinds of task. A plug-in's is followed from the modules that its
card names through everything that they import from their own package, as text: nothing is imported to find out. A
comment is text as well; whoever doesn't want every edit to count declares a version.
"""

import ast
import hashlib
import importlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import decode_source, resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base.errors import LmcspecError, StoreError
from lmcspec.base.ids import digest
from lmcspec.catalog.card import Card, DatasetCard, ModelCard, OptimiserCard
from lmcspec.catalog.places import files_of, find, home

OWN = "lmcspec"
MOST_FILES, MOST_BYTES = 2_000, 64 * 2**20
"""Of a package that has to be taken whole."""

_BY_NAME = {"import_module", "__import__"}
_BEYOND_IMPORTS = {
    "__file__",
    "__path__",
    "__spec__",
    "__loader__",
    "exec",
    "eval",
    "spec_from_file_location",
    "get_data",
}
"""Names by which a module reaches files of its package that no import statement tells of."""
_READERS = ("importlib.resources", "importlib_resources", "pkg_resources", "pkgutil", "runpy")


class CodeError(LmcspecError):
    """The source of a card can't be found or followed, and it declares no version."""

    exit_code = 2


def code_of(card: Card) -> str | None:
    """What of a card's code enters ids: None for lmcspec's own, `version N` where one is declared, else a digest.

    The digest is over the text of all modules that the implementation rests on in its own package, by their names, and
    over what the card itself says of it. Raises CodeError.
    """
    return _code(_called(card), _references(card), _said(card), card.version)


def code_of_kind(name: str) -> str | None:
    """What of the code of a kind of task enters ids: None for a built-in one, else as of a card. Raises CodeError."""
    return _code(f"the kind of task `{name}`", (name,), {"implementation": [name]}) if ":" in name else None


def _called(card: Card) -> str:
    return f"{card.kind} `{card.name}`"


def _code(what: str, named: tuple[str, ...], said: dict[str, Any], version: int | str | None = None) -> str | None:
    foreign = tuple(implementation for implementation in named if _module(implementation).partition(".")[0] != OWN)
    if not foreign:
        return None
    if version is not None:
        code = f"version {version}"
    else:
        try:
            code = digest({"card": said, "modules": _followed(tuple(dict.fromkeys(map(_module, foreign))))})
        except CodeError as error:
            raise CodeError(f"the code of {what} can't stand in ids: {error}", help=error.help) from None
    _seen.setdefault(what, code)
    return code


_seen: dict[str, str] = {}
"""The code of each card and kind when this process first looked at it: what it has loaded can't be later than that."""


def look_again() -> None:
    """Read sources anew from now on: files may have been edited since the last look."""
    importlib.invalidate_caches()
    _followed.cache_clear()


def check_planned(card: Card, planned: str | None) -> None:
    """Raise StoreError unless this process would do what was planned: with that code, and with nothing older."""
    _check(_called(card), code_of(card), planned)


def check_planned_kind(name: str, planned: str | None) -> None:
    """As `check_planned`, of a kind of task."""
    _check(f"the kind of task `{name}`", code_of_kind(name), planned)


def _check(what: str, now: str | None, planned: str | None) -> None:
    if now != planned:
        message = f"the code of {what} is another than when this was planned"
        raise StoreError(message, help="give the same command again: it plans anew")
    if now is not None and _seen[what] != now:
        message = f"the code of {what} was edited after this process had begun to use it"
        raise StoreError(message, help="start Python anew (in a notebook, restart the kernel)")


def _references(card: Card) -> tuple[str, ...]:
    """The `package.module:attribute`s that make results."""
    more = card.facts if isinstance(card, DatasetCard) else None
    if isinstance(card, OptimiserCard):  # settings that compute what weight decay alone does
        more = f"{card.config.__module__}:{card.config.__qualname__}"
    return (card.implementation, more) if isinstance(more, str) else (card.implementation,)


def _module(reference: str) -> str:
    return reference.partition(":")[0]


def _said(card: Card) -> dict[str, Any]:
    """What a card says that changes results and stands nowhere else in an id."""
    said: dict[str, Any] = {"implementation": list(_references(card))}
    return said | {"classifier": card.classifier} if isinstance(card, ModelCard) else said


# ------------------------------------------------------------------ following imports


class _Source(NamedTuple):
    """One module: the digest of its text or bytes, what it may import, and whether it reads what no import tells of."""

    digest: str
    imports: tuple[str, ...] = ()
    beyond: bool = False


@cache
def _followed(modules: tuple[str, ...]) -> dict[str, str]:
    """Digests by name: of these modules and of all that they import from their own packages, transitively."""
    digests: dict[str, str] = {}
    tops = {name.partition(".")[0] for name in modules}
    homes = {folder for top in tops if (folder := home(top)) is not None}
    queue, looked_at, whole = list(modules), set(), set()
    while queue:
        name = queue.pop()
        if name in looked_at or not _is_own(name, tops, homes):
            continue
        looked_at.add(name)
        if name.endswith(".*"):
            package = name.removesuffix(".*")
            spec = find(package)
            if spec is not None and spec.submodule_search_locations is not None:
                whole.add(package.partition(".")[0])
            continue
        queue += [name.rpartition(".")[0]] if "." in name else []
        spec = find(name)
        if spec is None:
            if name in modules:
                raise CodeError(f"there is no module {name}", help=_DECLARE)
            continue  # an attribute of its package
        source = _read(name, spec)
        if source is None:
            continue
        digests[name] = source.digest
        queue += source.imports
        if source.beyond:
            whole.add(name.partition(".")[0])
    for top in sorted(whole):
        digests |= _whole(top, [name for name in digests if name.startswith(f"{top}.")])
    return digests


_DECLARE = "declare one in its card: version = 1, to be raised whenever results change"


def _is_own(name: str, tops: set[str], homes: set[str]) -> bool:
    """Whether a module is the plug-in's: of the same package, or lying in a folder of its own beside it."""
    top = name.partition(".")[0]
    if top in tops:
        return True
    if top in sys.stdlib_module_names or top == OWN or not homes:
        return False
    return home(top) in homes


def _read(name: str, spec: ModuleSpec) -> _Source | None:
    """A module's source; None for a folder of modules without a file of its own."""
    if spec.origin is None or (spec.loader is None and spec.submodule_search_locations is not None):
        return None
    if spec.origin.endswith(".pyc") or not hasattr(spec.loader, "get_data"):
        raise CodeError(f"no source of {name} can be found", help=_DECLARE)
    try:
        data = spec.loader.get_data(spec.origin)  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        if spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
            return _Source(hashlib.sha256(data).hexdigest())
        text = decode_source(data)
        package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
        return _parsed(text, package)
    except (OSError, ImportError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CodeError(f"the source of {name} can't be read: {error}", help=_DECLARE) from None


@cache
def _parsed(text: str, package: str) -> _Source:
    names: list[str] = []
    beyond = False
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom():
                base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
                names += [str(base), *(f"{base}.{alias.name}" for alias in node.names)]
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in _BY_NAME:
                literal = _literal(node, package)
                names += [literal] if literal else []
                beyond |= literal is None
            case ast.Name(id=used) | ast.Attribute(attr=used) if used in _BEYOND_IMPORTS:
                beyond = True
    beyond |= any(name == reader or name.startswith(f"{reader}.") for name in names for reader in _READERS)
    return _Source(hashlib.sha256(text.encode()).hexdigest(), tuple(dict.fromkeys(names)), beyond)


def _literal(call: ast.Call, package: str) -> str | None:
    """The module that a call imports by a name that is written there; None where it is worked out."""
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            return resolve_name(name, package)
        case _:
            return None


def _whole(top: str, names: Iterable[str]) -> dict[str, str]:
    """Digests by name of all files of a package, or of the modules in the folder of a single one."""
    digests: dict[str, str] = {}
    seen = 0
    for file, name in files_of(top, names):
        try:
            seen += os.path.getsize(file)
            if len(digests) >= MOST_FILES or seen > MOST_BYTES:
                message = (
                    f"it reads files of {top} that no import tells of, and all of that is more than "
                    f"{MOST_FILES:,} files or {MOST_BYTES >> 20} MiB"
                )
                raise CodeError(message, help=_DECLARE)
            digests[name] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        except OSError as error:
            raise CodeError(f"{file} can't be read: {error.strerror}", help=_DECLARE) from None
    return digests
