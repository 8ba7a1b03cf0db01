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
    """Compare every stored file with the digest in its COMMIT. Exits with 4 if anything is damaged.

    Damaged results count as missing from then on: the next run of a study makes those that it needs again.
    """
    from lmcspec.base.errors import StoreError
    from lmcspec.base.ids import short
    from lmcspec.cli.output import envelope, put_words
    from lmcspec.store import inspect

    existing = open_existing(store)
    if existing is None:
        raise StoreError(f"there is no store at {store_path(store)}", help="name one with --store or LMCSPEC_STORE")
    inspection = inspect(existing, full=not quick)
    damage = inspection.damage
    if format is Format.json:
        documents = [{"id": piece.id, "problem": piece.problem, "path": piece.path} for piece in damage]
        put(envelope("verify", not damage, documents))
    else:
        for piece in damage:
            put_words(f"{short(piece.id)}  {piece.problem}  {piece.path}")
        put_words(f"{inspection.objects:,} objects, {len({piece.id for piece in damage}):,} damaged")
        if inspection.stuck:
            put_words(
                "the store can't be written to, so that plans don't know of it: run a study with --force to mend it"
            )
        elif inspection.lost:
            put_words(
                "damaged results count as missing from now on: the next `lmcspec run` makes what it needs of them again"
            )
    if damage:
        raise typer.Exit(4)
