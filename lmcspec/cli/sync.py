"""`lmcspec sync`: tell the tracking server what it doesn't know yet, or bring objects to a URL and from there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import StoreOption, name_file, needed_store
from lmcspec.cli.output import Format, complain, envelope, put, say
from lmcspec.cli.tracking import TrackingOption, track

if TYPE_CHECKING:
    from lmcspec.store import Store
    from lmcspec.store.remote_copies import Copies


def sync(
    spec: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC]",
            help="With --objects or --from: only what this study needs.",
            show_default=False,
            callback=name_file,
            autocompletion=completion.specs,
        ),
    ] = None,
    store: StoreOption = None,
    objects: Annotated[
        str | None,
        typer.Option("--objects", metavar="URL", help="Send finished objects to this folder (s3://bucket/folder, …)."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Fetch finished objects from this folder.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Send also what the URL has already.")] = False,
    tracking_uri: TrackingOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Send to MLflow what it doesn't know of this store: after an outage, a crash or a run without tracking.

    With --objects or --from, copy finished objects to or from a URL instead; both sides check every byte.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.track.troubles import UnreachableError

    if objects or source:
        _copy(spec, store, objects, source, anew, format)
        return
    if spec or anew:
        raise UsageError("SPEC and --anew are about objects", help="lmcspec sync --objects URL SPEC")
    existing = needed_store(store)
    tracker = track(existing, tracking_uri)
    new = tracker.sync()
    if tracker.untold:
        raise UnreachableError(f"not everything could be told: {tracker.untold}")
    if format is Format.json:
        put(envelope("sync", True, {"server": tracker.server, "sent": new, "deleted": sorted(tracker.left)}))
        return
    but = f" but {len(tracker.left):,} runs that were deleted there" if tracker.left else ""
    say(f"{tracker.server} knows all of {existing.root}{but}" + ("" if new else "; nothing was new"))
    for study in tracker.reopened:
        say(f"  {study}: what it took from other studies is told by its next lmcspec run")


def _copy(
    spec: Path | None, folder: Path | None, objects: str | None, source: str | None, anew: bool, format: Format
) -> None:
    from lmcspec.base.errors import StoreError
    from lmcspec.cli.options import store_path
    from lmcspec.store import Store
    from lmcspec.store.remote import Remote
    from lmcspec.store.remote_copies import Copies, fetch_all, send_all

    fetching, sending = Remote.at(source) if source else None, Remote.at(objects) if objects else None
    opened = Store.open(store_path(folder)) if fetching else needed_store(folder)
    wanted = _tasks(spec, opened) if spec else None
    fetched = fetch_all(opened, fetching, wanted) if fetching else Copies()
    sent = send_all(opened, sending, wanted, anew=anew) if sending else Copies()
    damaged = (*fetched.damaged, *sent.damaged)
    if format is Format.json:
        counts = {
            name: {key: len(value) if key != "damaged" else list(value) for key, value in copies._asdict().items()}
            for name, copies in (("fetched", fetched), ("sent", sent))
        }
        put(envelope("sync", not damaged, counts))
        if damaged:
            raise typer.Exit(4)
        return
    if fetching:
        say(_told(f"fetched from {fetching.url}", fetched, "are not there"))
    if sending:
        say(_told(f"sent to {sending.url}", sent, "are not in the store"))
    for line in damaged:
        complain(f"  {line}")
    if damaged:
        raise StoreError(
            f"{len(damaged):,} objects are not what was committed, and count as missing",
            help="what is damaged at a URL is sent again with `lmcspec sync --objects URL --anew` from a store that "
            "has it, or made again by the next `lmcspec run`",
        )


def _tasks(spec: Path, store: "Store") -> list[str]:
    """The tasks of a study."""
    from lmcspec.cli.studies import read_study

    plan = read_study(spec, [], store).plan
    return [task for task in plan.tasks if task not in plan.unknown]


def _told(what: str, copies: "Copies", missing: str) -> str:
    parts = [f"{len(copies.copied):,} objects {what}", f"{len(copies.there):,} were there"]
    if copies.other:
        parts.append(f"{len(copies.other):,} have another result there, which stays")
    if copies.missing:
        parts.append(f"{len(copies.missing):,} {missing}")
    return ", ".join(parts)
