"""`lmcspec plan`: what would run, why, and what it costs."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from lmcspec.cli.options import (
    DevicesOption,
    ForceOption,
    MaxParallelOption,
    MaxTasksOption,
    SetOption,
    SpecArgument,
    StoreOption,
    WorkersOption,
    open_existing,
    slots,
    store_path,
)


def plan(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Literal["table", "tree", "json"], typer.Option("--format", help="How to show it.")] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Save it, for `lmcspec run FILE`.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="List every task under its reason.")] = False,
    workers: WorkersOption = None,
    devices: DevicesOption = "",
    max_parallel: MaxParallelOption = None,
    force: ForceOption = [],  # noqa: B006
    max_tasks: MaxTasksOption = 100_000,
    facts: Annotated[bool, typer.Option("--facts", help="Take the facts of models that are not known yet.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 3 if there is anything to run.")
    ] = False,
) -> None:
    """Show what would run, why, and what it costs. Runs nothing and writes nothing but -o."""
    from lmcspec.plan import render
    from lmcspec.plan.checks import refuse_empty
    from lmcspec.plan.outlook import outlook
    from lmcspec.plan.planned_study import read_study
    from lmcspec.plan.selected import selected

    begun = time.perf_counter()
    existing = open_existing(store)
    if facts:
        from lmcspec.cli.output import say
        from lmcspec.engine.model_facts import take_facts
        from lmcspec.spec import load
        from lmcspec.store import Store

        existing = Store.open(store_path(store))
        take_facts(load(spec, sets), existing, say=say)
    planned = read_study(spec, sets, existing, max_tasks).plan
    refuse_empty(planned)
    view = outlook(planned, existing, selected(planned, force))
    seconds = time.perf_counter() - begun
    if output is not None:
        from lmcspec.base.file_names import possible
        from lmcspec.plan.saved import save

        save(planned, possible(output))
    if format == "json":
        from lmcspec.cli.output import envelope, put

        put(envelope("plan", True, render.document(view, slots(workers, devices, max_parallel))))
    else:
        from lmcspec.cli.output import console

        screen = console()
        if format == "tree":
            screen.print(render.tree(view))
            screen.print(render.closing(view))
        else:
            where = f"store {store_path(store)}" + ("" if existing else " (empty)")
            source = f"{where}  planned {len(view.counted):,} tasks in {seconds:.2f} s"
            for part in render.table(view, slots(workers, devices, max_parallel), source, everything=everything):
                screen.print(part)
    if detailed_exitcode and not view.diff.nothing_to_do:
        raise typer.Exit(3)
