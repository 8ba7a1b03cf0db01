"""`lmcspec verify`: are the stored results what was committed?"""

from typing import Annotated

import typer

from lmcspec.cli.options import StoreOption, open_existing, store_path
from lmcspec.cli.output import Format, put


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
    damage = check(existing, full=not quick)
    if format is Format.json:
        found = [{"id": one.id, "problem": one.problem, "path": one.path} for one in damage]
        put(envelope("verify", not damage, found))
    else:
        for one in damage:
            put(f"{short(one.id)}  {one.problem}  {one.path}")
        count = sum(1 for _ in existing.ids())
        put(f"{count:,} objects, {len({one.id for one in damage}):,} damaged")
        if damage:
            put("what a study needs of them is made again when it runs with --force")
    if damage:
        raise typer.Exit(4)
