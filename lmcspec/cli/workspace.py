"""The files that tell editors of a folder which of its files are specs, and where their JSON Schema lies."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lmcspec.base import jsonc
from lmcspec.base.documents import DocumentError, read_bytes
from lmcspec.base.drafts import drafted
from lmcspec.base.errors import UsageError
from lmcspec.base.file_names import possible, refuse_undecodable
from lmcspec.cli.options import spelled

SCHEMA = "lmcspec.schema.json"
_TAPLO = (".taplo.toml", "taplo.toml")
"""Where taplo looks for its settings, the first that is there."""
_CODE = Path(".vscode") / "settings.json"
_TABLE = "yaml.schemas"
_PLACE = f"./{SCHEMA}"
_YAML = (".yaml", ".yml")
_SUFFIXES = (".toml", *_YAML)
_SIGNS = set("*?[]{}!")
"""What editors' patterns are made of."""
MODELINES = {"TOML": f"#:schema {_PLACE}", "YAML": f"# yaml-language-server: $schema={_PLACE}"}
"""The first lines by which a single file names the schema, by its path from the file on."""


class Change(NamedTuple):
    """A file as it is to be."""

    path: Path
    before: str | None
    """None where there is no such file."""
    after: str

    @property
    def said(self) -> str:
        """What becomes of the file, in a word."""
        return "written" if self.before is None else "changed" if self.before != self.after else "as it was"


class Refused(NamedTuple):
    """A file that can't be added to, and what has to stand in it."""

    path: Path
    why: str
    lines: str


def globs_of(root: Path, words: Sequence[str]) -> list[str]:
    """The patterns that words mean: patterns, files, or folders with all specs in them. UsageError for another word."""
    globs: list[str] = []
    for word in words:
        inside = word.removeprefix("./").rstrip("/")
        if inside.startswith(("/", "../", "~")) or inside in ("", ".", ".."):
            raise UsageError(
                f"{word} is no folder in this one, and no pattern of files in it",
                help="lmcspec schema --write 'studies/**/*.toml', in the folder that the editor opens",
            )
        refuse_undecodable(word, "the name")
        possible(root / inside)
        if _SIGNS & set(inside) and (root / inside).exists():
            fitting = "".join("?" if sign in _SIGNS else sign for sign in inside)
            pattern = fitting if inside.endswith(_SUFFIXES) else f"{fitting}/**/*.toml"
            raise UsageError(
                f"editors take {word} for a pattern, and not for what is called so",
                help=spelled("lmcspec schema --write", [Path(pattern)], []),
            )
        if inside.endswith(_SUFFIXES):
            globs.append(inside)
        elif (root / inside).is_dir():
            globs += [f"{inside}/**/*{suffix}" for suffix in _SUFFIXES]
        else:
            raise UsageError(
                f"{word} is neither a folder nor a pattern of TOML or YAML files",
                help="lmcspec schema --write specs, or lmcspec schema --write 'studies/**/*.toml'",
            )
    return list(dict.fromkeys(globs))


def changes(root: Path, globs: Sequence[str], schema: str) -> Iterator[Change | Refused]:
    """The schema, and the settings of editors with these patterns added to those that they have."""
    yield Change(root / SCHEMA, _text(root / SCHEMA), schema)
    toml = [glob for glob in globs if glob.endswith(".toml")]
    yaml = [glob for glob in globs if glob.endswith(_YAML)]
    if toml:
        yield _taplo(next((root / name for name in _TAPLO if (root / name).exists()), root / _TAPLO[0]), toml)
    if yaml:
        yield _code(root / _CODE, yaml)


def known(root: Path) -> bool:
    """Whether some settings name the schema already, so that it can be made anew by itself."""
    return any(SCHEMA in (_text(root / name) or "") for name in (*_TAPLO, _CODE))


def write(change: Change) -> None:
    """Put a file in its place, whole, with the rights it has; a link stays one. UsageError where that can't be."""
    if change.before == change.after:
        return
    folder = Path(os.path.realpath(change.path)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"can't write {change.path}: {error.strerror}", help=f"move {folder} away") from None
    with drafted(change.path, f"let {folder} be written to, and call it again") as draft:
        draft.write_text(change.after, encoding="utf-8")


def _text(path: Path) -> str | None:
    try:
        return read_bytes(path, follow=True).decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8", help="move it away, or mend it") from None


def _taplo(path: Path, globs: Sequence[str]) -> Change | Refused:
    """A rule of taplo's is added at the end, so that nothing that stands there is touched."""
    import tomli

    before = _text(path)
    rule = _rule(globs)
    try:
        rules = tomli.loads(before or "").get("rule", [])
        ours = [rule for rule in rules if rule.get("schema", {}).get("path") in (SCHEMA, _PLACE)]
        named = {glob for rule in ours for glob in rule.get("include", [])}
        lacking = [glob for glob in globs if glob not in named]
        if not lacking:
            return Change(path, before, before or "")
        rule = _rule(lacking)
        after = rule if not (before or "").strip() else f"{(before or '').rstrip()}\n\n{rule}"
        if tomli.loads(after)["rule"][:-1] != rules:
            return Refused(path, "has rules of another form", rule)
    except (ValueError, RecursionError) as error:
        return Refused(path, f"can't be read or added to: {error}", rule)
    except (AttributeError, TypeError):
        return Refused(path, "has rules of another form", rule)
    return Change(path, before, after)


def _rule(globs: Sequence[str]) -> str:
    from lmcspec.spec.toml_text import inline

    return f"[[rule]]\ninclude = {inline([*globs])}\n\n[rule.schema]\npath = {inline(SCHEMA)}\n"


def _code(path: Path, globs: Sequence[str]) -> Change | Refused:
    before = _text(path)
    lines = f'"{_TABLE}": {{ "{_PLACE}": {json.dumps([*globs])} }}\n'
    try:
        document = jsonc.parse(before or "", str(path))
        table = document.get(_TABLE, {}) if isinstance(document, dict) else {}
        named = table.get(_PLACE, []) if isinstance(table, dict) else []
        named = [named] if isinstance(named, str) else named
        if not isinstance(named, list):
            return Refused(path, f"has neither a pattern nor a list of patterns at {_PLACE}", lines)
        every = [*named, *(glob for glob in globs if glob not in named)]
        if every == named:
            return Change(path, before, before or "")
        after = jsonc.with_value(before or "", str(path), _TABLE, _PLACE, every)
        if jsonc.parse(after, str(path)) != {**document, _TABLE: {**table, _PLACE: every}}:
            return Refused(path, "could not be added to without a change of what it holds", lines)
    except DocumentError as error:
        return Refused(path, error.problem, lines)
    return Change(path, before, after)
