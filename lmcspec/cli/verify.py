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
    from lmcspec.cli.output import envelope
    from lmcspec.store import layout
    from lmcspec.store import verify as check

    existing = open_existing(store)
    if existing is None:
        raise StoreError(f"there is no store at {store_path(store)}", help="name one with --store or LMCSPEC_STORE")
    if not quick:
        # A copy may have been put back since the damage was found.
        for identifier in layout.object_names(existing.root):
            existing.reconsider(identifier)
    count = sum(1 for _ in existing.ids())
    damage = check(existing, full=not quick)
    lost = sorted({one.id for one in damage if one.part == "result" and one.problem != "unreadable"})
    kept = [one for one in existing.present(lost) if not existing.take_out(one)]
    if format is Format.json:
        found = [{"id": one.id, "problem": one.problem, "path": one.path} for one in damage]
        put(envelope("verify", not damage, found))
    else:
        for one in damage:
            put(f"{short(one.id)}  {one.problem}  {one.path}")
        put(f"{count:,} objects, {len({one.id for one in damage}):,} damaged")
        if kept:
            put("the store can't be written to, so that plans don't know of it: run a study with --force to mend it")
        elif lost:
            put(
                "damaged results count as missing from now on: the next `lmcspec run` makes what it needs of them again"
            )
    if damage:
        raise typer.Exit(4)
