"""`lmcspec status`: how far a study is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.options import MaxTasksOption, SetOption, StoreOption, open_existing, read_plan, store_path
from lmcspec.cli.output import Format, console, envelope, put

if TYPE_CHECKING:
    from lmcspec.store import Store


def status(
    spec: Annotated[
        Path | None, typer.Argument(metavar="[SPEC]", help="A study; without it all that ran here.", show_default=False)
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Show what is done, running, failed and left to do. Writes nothing, and may be called while a study runs."""
    existing = open_existing(store)
    if spec is None:
        _all_studies(existing, store_path(store), format)
        return
    from lmcspec.plan.progress import standing
    from lmcspec.plan.render import duration

    view = standing(read_plan(spec, sets, max_tasks, existing), existing)
    if format is Format.json:
        put(envelope("status", True, view.document()))
        return
    screen = console()
    screen.print(f"{view.study}  store {store_path(store)}")
    screen.print("  ".join(f"{count:,} {word}" for word, count in view.counts.items() if count))
    for one in view.running:
        screen.print(f"  running  {one.label}  by process {one.pid} on {one.host}, for {duration(one.seconds)}")
    for one in view.failed:
        screen.print(f"  failed   {one.label}  {one.message}")
        screen.print(f"           {one.log}", style="dim")


def _all_studies(existing: "Store | None", path: Path, format: Format) -> None:
    from lmcspec.base.errors import StoreError
    from lmcspec.plan.document import from_document
    from lmcspec.plan.progress import standing
    from lmcspec.store import last_plan, recorded_studies

    names = recorded_studies(existing) if existing else []
    found, unread = [], []
    for name in names:
        document = last_plan(existing, name) if existing else None
        if document is not None:
            try:
                found.append(standing(from_document(document), existing))
            except StoreError as error:  # edited, or of another version: it can't be compared, only planned anew
                unread.append((name, error))
    if format is Format.json:
        put(envelope("status", True, [view.document() for view in found]))
        return
    screen = console()
    if not found and not unread:
        screen.print(f"no study has run in the store {path}")
    for view in found:
        counts = ", ".join(f"{count:,} {word}" for word, count in view.counts.items() if count)
        screen.print(f"{view.study}: {counts}")
    for name, error in unread:
        screen.print(f"{name}: its recorded plan can't be read: {error}", markup=False)
