"""`lmcspec verify`: are the stored results what was committed?"""

from typing import Annotated

import typer

from lmcspec.cli.options import StoreOption, open_existing, store_path
from lmcspec.cli.output import Format


def verify(
    store: StoreOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Compare sizes only; read nothing.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Compare every stored file with the digest in its COMMIT. Exits with 4 if anything is damaged."""
    from lmcspec.base.errors import StoreError
    from lmcspec.base.ids import short
    from lmcspec.cli.output import envelope
    from lmcspec.store import verify as check

    existing = open_existing(store)
    if existing is None:
        raise StoreError(f"there is no store at {store_path(store)}", help="name one with --store or LMCSPEC_STORE")
    damage = list(check(existing, full=not quick))
    if format is Format.json:
        print(envelope("verify", not damage, [{"id": one.id, "problem": one.problem, "file": one.file} for one in damage]))
    else:
        for one in damage:
            typer.echo(f"{short(one.id)}  {one.problem}  {one.file}")
        count = sum(1 for _ in existing.ids())
        typer.echo(f"{count:,} objects, {len(damage):,} damaged" + (": run the study again to mend them" if damage else ""))
    if damage:
        raise typer.Exit(4)
