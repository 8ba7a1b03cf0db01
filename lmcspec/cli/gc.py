"""`lmcspec gc`: delete what no kept study needs."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import StoreOption, needed_store, spelled_at, store_path
from lmcspec.cli.output import Format, complain, console, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.base.grid import Grid
    from lmcspec.plan.collect import Sorting
    from lmcspec.plan.unneeded import Leaving, Wish

USED_UP = "files that were used"
WHAT = {"result": "", "files": USED_UP, "attempt": "logs of failures", "checkpoint": "checkpoints"}


def gc(
    store: StoreOption = None,
    study: Annotated[
        list[str],
        typer.Option(
            "--study",
            metavar="STUDY",
            help="Only what this study made or had asked for.",
            autocompletion=completion.studies,
        ),
    ] = [],  # noqa: B006 (typer copies it)
    keep: Annotated[
        list[str],
        typer.Option(
            "--keep",
            metavar="STUDY",
            help="Nothing that this study made or had asked for.",
            autocompletion=completion.studies,
        ),
    ] = [],  # noqa: B006
    older: Annotated[
        str | None, typer.Option("--older", metavar="AGE", help="Only what was written so long ago: 30d, 12h.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="SIZE", help="The oldest, until the store takes this: 50GB.")
    ] = None,
    checkpoints: Annotated[
        str | None,
        typer.Option("--checkpoints", metavar="AGE", help="Also checkpoints of kept studies that are so old: 90d."),
    ] = None,
    objects: Annotated[
        str | None,
        typer.Option("--objects", metavar="URL", help="Of this folder of objects, not of the store."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it; without this it is only shown.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Delete what no kept study needs. Without --yes it shows what would go, and deletes nothing.

    A study is kept from its first run on, with all of its last plan, until `lmcspec forget STUDY`.
    """
    from lmcspec.plan.collect import collect, sort
    from lmcspec.plan.unneeded import Wish
    from lmcspec.store.undisturbed import is_at_work

    wish = Wish(
        frozenset(study),
        frozenset(keep),
        _age("--older", older),
        _size(to),
        _age("--checkpoints", checkpoints),
    )
    existing = needed_store(store)
    path = store_path(store)
    meant = _chosen(study, keep, older, to, checkpoints)
    if objects is not None:
        from lmcspec.cli.gc_objects import collect_objects
        from lmcspec.store.remote import shown_url

        again = spelled_at("lmcspec gc", [], [], store, [*meant, "--objects", shown_url(objects), "--yes"])
        collect_objects(existing, objects, wish, yes, again, format)
        return
    if yes:
        collected = collect(existing, wish, say=say)
        sorting, gone = collected.sorting, collected.gone
        stuck = [{"id": left.piece.id, "what": left.piece.what, "why": left.why} for left in collected.stuck]
        busy = ""
    else:
        sorting, stuck, busy = sort(existing, wish), [], is_at_work(existing)
        gone = sorting.leaving
    if format is Format.json:
        put(envelope("gc", not stuck, _document(sorting, gone, yes, stuck, busy)))
    else:
        _show(sorting, gone, path, yes, wish)
        if busy:
            say(f"{busy}: nothing can be deleted until it ends")
        if gone and not yes:
            say("Nothing was deleted. To delete it:", spelled_at("lmcspec gc", [], [], store, [*meant, "--yes"]))
        for left in stuck:
            complain(f"could not be deleted: {left['what']} {left['id'][:12]}: {left['why']}")
    if stuck:
        raise typer.Exit(4)


def _age(option: str, text: str | None) -> float | None:
    from lmcspec.base.ages import read_age
    from lmcspec.base.errors import UsageError

    try:
        return None if text is None else read_age(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", help=f"such as {option} 30d") from None


def _size(text: str | None) -> int | None:
    from lmcspec.base.errors import UsageError
    from lmcspec.base.sizes import read_bytes

    try:
        return None if text is None else read_bytes(text)
    except ValueError as error:
        raise UsageError(f"--to: {error}", help="such as --to 50GB") from None


def _show(sorting: "Sorting", gone: "tuple[Leaving, ...]", path: Path, deleted: bool, wish: "Wish") -> None:
    from lmcspec.plan.render import size
    from lmcspec.plan.unneeded import unneeded

    screen = console()
    total, frees = sorting.room.bytes, sum(leaving.piece.bytes for leaving in gone)
    if gone:
        now = f"deleted; {size(total - frees)} are left" if deleted else f"of {size(total)} would go"
        screen.print(f"store {path}  {size(frees)} {now}")
        screen.print(_table(gone))
    elif rest := sum(leaving.piece.bytes for leaving in unneeded(sorting.room, sorting.needs)):
        screen.print(f"Nothing to delete: {size(rest)} of the store {path} are unneeded, and none of that is meant.")
    else:
        screen.print(f"Nothing to delete: {_all_needed(list(sorting.needs.kept), path)}, {size(total)}.")
    if wish.to is not None and total - frees > wish.to:
        screen.print(
            f"{size(total - frees)} stay, more than {size(wish.to)}: kept studies need them,{_spared_by(wish)} or they "
            "are journals, reports and MLflow's. `lmcspec status` shows what takes room; `lmcspec forget STUDY` gives "
            "a study up."
        )


def _all_needed(kept: list[str], path: Path) -> str:
    if not kept:
        return f"the store {path} holds no results"
    whose = f"{len(kept):,} kept studies need" if len(kept) > 1 else f"{kept[0]} needs"
    return f"{whose} everything in the store {path}"


def _spared_by(wish: "Wish") -> str:
    """What else of the command leaves things where they are, in words."""
    limits = {"--study": wish.studies, "--keep": wish.spared, "--older": wish.older is not None}
    named = [name for name, is_said in limits.items() if is_said]
    return f" {' and '.join(named)} {'spare' if len(named) > 1 else 'spares'} them," if named else ""


def _table(gone: "Iterable[Leaving]") -> "Grid":
    from lmcspec.base.grid import Column, Grid
    from lmcspec.plan.render import size
    from lmcspec.store.room import UNKNOWN

    counts: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for leaving in gone:
        row = whose(leaving), (WHAT[leaving.piece.what] and f"{WHAT[leaving.piece.what]}, ") + (leaving.kind or UNKNOWN)
        counts[row] += 1
        sizes[row] += leaving.piece.bytes
    of_study: Counter[str] = Counter()
    for (study, _), amount in sizes.items():
        of_study[study] += amount
    rows = [
        (study, kind, f"{counts[study, kind]:,}", size(sizes[study, kind]))
        for study, kind in sorted(sizes, key=lambda row: (-of_study[row[0]], row[0], -sizes[row], row[1]))
    ]
    names = Column("study", names=True), Column("kind", names=True)
    return Grid((*names, Column("pieces", right=True), Column("bytes", right=True)), rows)


def whose(leaving: "Leaving") -> str:
    """For whom something was made that goes, in words."""
    if not leaving.studies:
        return "of no known study"
    named = ", ".join(leaving.studies)
    if leaving.earlier:
        return f"{named}, earlier plans"
    return f"{named}, forgotten" if leaving.forgotten else named


def _document(
    sorting: "Sorting", gone: "tuple[Leaving, ...]", deleted: bool, stuck: list[dict[str, str]], busy: str
) -> dict[str, Any]:
    pieces = [
        {
            "what": leaving.piece.what,
            "id": leaving.piece.id,
            "kind": leaving.kind,
            "studies": list(leaving.studies),
            "bytes": leaving.piece.bytes,
            "written": leaving.piece.written,
        }
        for leaving in gone
    ]
    freed = sum(leaving.piece.bytes for leaving in gone)
    return {
        "deleted": deleted,
        "bytes": sorting.room.bytes,
        "freed": freed,
        "pieces": pieces,
        "stuck": stuck,
        "at_work": busy,
    }


def _chosen(study: list[str], keep: list[str], older: str | None, to: str | None, checkpoints: str | None) -> list[str]:
    """The options that say what is meant, as words of a command."""
    named = [
        word for name, values in (("--study", study), ("--keep", keep)) for value in values for word in (name, value)
    ]
    limits = {"--older": older, "--to": to, "--checkpoints": checkpoints}
    return [*named, *(word for name, value in limits.items() if value is not None for word in (name, value))]
