"""`lmcspec unpack`: a packed study into a store, and its spec beside it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lmcspec.cli.options import MaxTasksOption, StoreOption, store_path
from lmcspec.cli.output import Format, envelope, put, say
from lmcspec.cli.stores import store_words


def unpack(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An archive that lmcspec has packed.", show_default=False)
    ],
    store: StoreOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the spec and the plan.", show_default="the archive's name"),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was unpacked.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Put what is in an archive into the store and a folder, after every byte of it was compared with its digest.

    Replaces no file. Nothing of an archive that is damaged is taken, whoever made it.
    """
    from lmcspec.base.file_names import possible
    from lmcspec.report.crate.unpack import standing
    from lmcspec.report.crate.unpack import unpack as take
    from lmcspec.store import Store

    folder = possible(output or Path(file.stem))
    unpacked = take(file, store_path(store), folder)
    now = standing(unpacked, Store.open(store_path(store)), max_tasks)
    command = " ".join([now.command, *map(shlex.quote, store_words(store))])
    if format is Format.json:
        document = {**unpacked.document(), "standing": now.words, "notes": list(now.notes), "command": command}
        put(envelope("unpack", True, document))
        return
    put(unpacked.spec)
    taken = unpacked.taken
    say(
        f"{unpacked.about['study']}: {len(taken.new):,} objects taken, {len(taken.there):,} were there"
        + (f", {len(taken.other):,} have another result here, which stays" if taken.other else "")
    )
    if not unpacked.about["finished"]:
        say("it was packed before it was finished")
    for note in now.notes:
        say(f"note: {note}")
    say(now.words)
    say("next:", command)
