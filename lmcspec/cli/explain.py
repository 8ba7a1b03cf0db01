"""`lmcspec explain`: who set a value, what a code means, what a task is."""

import re
from pathlib import Path
from typing import Annotated

import typer

from lmcspec.cli.options import SetOption, StoreOption, open_existing, store_path
from lmcspec.cli.output import Format, console, envelope


def explain(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A spec, an error's code, or a task's first digits.")],
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="In a spec: recipes.real.optimiser.lr.", show_default=False)
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    case: Annotated[str, typer.Option("--case", help="Of a sweep: which case.")] = "",
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Say who set a value of a spec (file, preset, --set or default), what a code means, or what a stored task did."""
    if path is not None:
        _value(Path(what), path, sets, case, format)
    elif re.fullmatch(r"[A-Z]\d{3}", what):
        _code(what, format)
    else:
        _task(what, store, format)


def _value(spec: Path, path: str, sets: list[str], case: str, format: Format) -> None:
    from lmcspec.spec import explain_path, load

    found = explain_path(load(spec, sets), path, case=case)
    if format is Format.json:
        print(envelope("explain", True, found.document()))
    else:
        typer.echo(str(found))


def _code(code: str, format: Format) -> None:
    from dataclasses import asdict

    from lmcspec.spec import explain_code

    found = explain_code(code)
    if format is Format.json:
        print(envelope("explain", True, asdict(found)))
    else:
        typer.echo(str(found))


def _task(prefix: str, store: Path | None, format: Format) -> None:
    import json

    from lmcspec.base.errors import UsageError
    from lmcspec.plan.render import duration, size

    existing = open_existing(store)
    if existing is None:
        raise UsageError(
            f"{prefix!r} is no spec with a path, no code, and there is no store at {store_path(store)} to look in",
            help="lmcspec explain SPEC recipes.real.optimiser.lr",
        )
    identifier = existing.resolve_prefix(prefix)
    stored = existing.find(identifier)
    assert stored is not None
    if format is Format.json:
        document = {"id": identifier, "task": stored.task, "result": stored.result, "record": stored.record}
        print(envelope("explain", True, document))
        return
    screen = console()
    record = stored.record
    screen.print(f"{record.get('kind')}  {record.get('label', '')}", style="bold")
    screen.print(f"id {identifier}\nin {stored.path}")
    if "seconds" in record:
        screen.print(f"took {duration(record['seconds'])}, keeps {size(stored.bytes)}, outcome {stored.outcome}")
    screen.print_json(json.dumps({key: value for key, value in stored.task.items() if key != "kind"}))
