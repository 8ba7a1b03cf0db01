"""`lmcspec pack`: a study as one archive, for a paper, a colleague or another machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lmcspec.cli.options import (
    MaxTasksOption,
    SetOption,
    SpecArgument,
    StoreOption,
    needed_store,
    spelled,
    spelled_at,
)
from lmcspec.cli.output import Format, envelope, put, say


def pack(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write.", show_default="STUDY.zip")
    ] = None,
    objects: Annotated[
        Literal["none", "results", "all"],
        typer.Option("--objects", help="Stored results to pack: none, all without weights and masks, or all."),
    ] = "none",
    partial: Annotated[bool, typer.Option("--partial", help="Pack a study that is not finished.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print what was packed.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Pack a study into one archive, an RO-Crate: spec, plan, results, report, provenance, and objects if asked for.

    Where it is unpacked with its objects, `lmcspec run` finds nothing to do. Runs nothing.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.studies import read_study
    from lmcspec.plan.render import size
    from lmcspec.report.crate.pack import pack as write
    from lmcspec.report.pictures import file_name

    existing = needed_store(store)
    study = read_study(spec, sets, existing, max_tasks)
    output = study.output(spec, output or Path(f"{file_name(study.plan.study)}.zip"))
    if output.exists() and not force:
        raise UsageError(f"there is a file {output}", help="name another with -o, or replace it with --force")
    run = spelled_at("lmcspec run", [spec], sets, store)
    packed = write(study, existing, output, sets=sets, objects=objects, partial=partial, run=run)
    document = packed.document()
    if format is Format.json:
        put(envelope("pack", True, document))
        return
    put(output)
    held = f"{document['packed']:,} objects" if document["packed"] else "no objects (--objects all)"
    say(f"{packed.about['study']}: {document['files']:,} files, {size(document['bytes'])}, {held}")
    if not packed.about["finished"]:
        say(f"it is not finished: {packed.about['stored']:,} of {packed.about['tasks']:,} tasks have a result")
    say("there:", spelled("lmcspec unpack", [Path(output.name)], []))
