"""`lmcspec status`: how far a study is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import (
    MaxTasksOption,
    SetOption,
    StoreOption,
    first_pace,
    name_file,
    open_existing,
    refuse_without_study,
    slots,
    spelled_at,
    store_path,
)
from lmcspec.cli.output import Format, console, envelope, put

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.store import Store


def status(
    spec: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC]",
            help="A study; without it all that ran here.",
            show_default=False,
            callback=name_file,
            autocompletion=completion.specs,
        ),
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
    objects: Annotated[
        str | None,
        typer.Option("--objects", metavar="URL", help="Say also how much of SPEC this folder of objects has."),
    ] = None,
) -> None:
    """Show what is done, running, failed and left to do. Writes nothing, and may be called while a study runs."""
    existing = open_existing(store)
    if spec is None:
        refuse_without_study("status SPEC", set=sets, objects=objects)
        _all_studies(existing, store_path(store), format)
        return
    from lmcspec.cli.studies import read_study
    from lmcspec.plan.standing_table import count_line, standing_lines
    from lmcspec.plan.study_standing import study_standing

    plan = read_study(spec, sets, existing, max_tasks).plan
    study = study_standing(plan, existing, slots(None), pace=first_pace(), families=format is Format.table)
    there = _at_url(objects, plan, existing) if objects is not None else None
    if format is Format.json:
        put(envelope("status", True, {**study.document(), **({"objects": there} if there else {})}))
        return
    screen = console()
    screen.print(f"{plan.study}  store {store_path(store)}")
    screen.print(count_line(study.tasks))
    if there:
        only = f"{there['only_there']:,}" if there["only_there"] else "none"
        screen.print(
            f"at {there['url']}: {there['there']:,} of {there['tasks']:,} tasks, {only} of them missing here",
            markup=False,
        )
    for part in standing_lines(study):
        screen.print(part)
    if study.tasks.failed or not (study.is_over or study.tasks.running):
        # What failed is tried again as well, and with --failed nothing else would be: not even what it waits for.
        put(f"next: {spelled_at('lmcspec run', [spec], sets, store)}")


def _at_url(url: str, plan: "Plan", existing: "Store | None") -> dict[str, Any]:
    """How many tasks of a plan, by-products left out, the URL lists, and how many of these the store has not."""
    from lmcspec.store.remote import Remote
    from lmcspec.store.remote_objects import remote_ids

    remote = Remote.at(url)
    tasks = {task.id for task in plan.counted} - plan.unknown
    there = tasks & set(remote_ids(remote))
    only = there - existing.present(there) if existing is not None else there
    return {"url": remote.url, "tasks": len(tasks), "there": len(there), "only_there": len(only)}


def _all_studies(existing: "Store | None", path: Path, format: Format) -> None:
    from lmcspec.base.errors import StoreError
    from lmcspec.plan.needs import read_needs
    from lmcspec.plan.occupied import by_kind, occupied
    from lmcspec.plan.progress import standings
    from lmcspec.plan.room_table import room_table
    from lmcspec.store.room import room

    views, unread = standings(existing)
    held = room(existing) if existing is not None else None
    taken, trouble = None, ""
    if existing is not None and held is not None:
        try:
            taken = occupied(held, read_needs(existing))
        except StoreError as error:
            trouble = f"{error}; {error.help}"
    if format is Format.json:
        document = {
            "studies": [view.document() for view in views],
            "unread": {study: str(error) for study, error in unread.items()},
            "room": taken and taken.document(),
            "trouble": trouble,
        }
        put(envelope("status", True, document))
        return
    screen = console()
    if not views and not unread:
        screen.print(f"no study has run in the store {path}")
    for view in views:
        counts = ", ".join(f"{count:,} {word}" for word, count in view.counts.items() if count)
        screen.print(f"{view.study}: {counts}")
    for study, error in unread.items():
        screen.print(f"{study}: its recorded plan can't be read: {error}", markup=False)
    if held is not None:
        for part in room_table(path, held.bytes, by_kind(held), taken):
            screen.print(part)
    if trouble:
        screen.print(f"what could go is not known: {trouble}", style="yellow")
