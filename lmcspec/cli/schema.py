"""`lmcspec schema`: the JSON Schema of a spec, printed, or put where editors find it."""

from pathlib import Path
from typing import Annotated

import typer

from lmcspec.base.errors import UsageError
from lmcspec.base.visible import visible_json
from lmcspec.cli.output import Format, complain, envelope, put, put_words

_INSTALL = """\
VS Code: the extensions `tamasfe.even-better-toml` and `redhat.vscode-yaml`
Neovim: taplo, built with its `lsp`, and yaml-language-server; others: docs/editors.md
without an editor: `uvx taplo check`"""


def schema(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPECS]...",
            help="With --write: which files are specs: folders, or patterns such as 'studies/**/*.toml'.",
            show_default=False,
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write it here, with settings by which editors find it for these files.")
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", help="With --write: how to print what was done.")
    ] = Format.table,
) -> None:
    """Print the JSON Schema of a spec, with the names of everything registered; or set an editor's folder up for it."""
    from lmcspec.spec.json_schema import schema as json_schema

    if write:
        _write(specs or [], visible_json(json_schema(), indent=1) + "\n", format)
        return
    if specs or format is not Format.table:
        raise UsageError(
            "without --write the JSON Schema is printed, which is of all specs", help="lmcspec schema --write specs"
        )
    put(visible_json(json_schema(), indent=2))


def _write(words: list[str], text: str, format: Format) -> None:
    from lmcspec.cli.workspace import MODELINES, SCHEMA, Change, Refused, changes, globs_of, known, write

    root = Path()
    if not words and not known(root):
        if not (root / "specs").is_dir():
            raise UsageError(
                "which files are specs? There is no folder `specs` here",
                help="lmcspec schema --write study.toml, or lmcspec schema --write 'studies/**/*.toml'",
            )
        words = ["specs"]
    globs = globs_of(root, words)
    done = list(changes(root, globs, text))
    for change in done:
        if isinstance(change, Change):
            write(change)
    refused = [change for change in done if isinstance(change, Refused)]
    if format is Format.json:
        files = [
            {"file": str(change.path), "state": change.said if isinstance(change, Change) else "refused"}
            | ({"why": change.why, "add": change.lines} if isinstance(change, Refused) else {})
            for change in done
        ]
        put(envelope("schema", not refused, {"files": files, "specs": globs, "schema": SCHEMA}))
    else:
        for change in done:
            if isinstance(change, Change):
                put_words(f"{change.path!s:<22}  {change.said}")
        put_words("A file elsewhere names the schema in its first line, by its path from there:")
        for language, line in MODELINES.items():
            put(f"  {language}  {line}")
        put_words(_INSTALL)
    for change in refused:
        complain(f"error: {change.path} {change.why}; it is left as it is\n  help: add to it\n{change.lines}")
    if refused:
        raise typer.Exit(2)
