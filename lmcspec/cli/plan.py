"""`lmcspec plan`: what would run, why, and what it costs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lmcspec.cli.options import (
    DevicesOption,
    FailedOption,
    ForceOption,
    MaxParallelOption,
    MaxTasksOption,
    OnlyOption,
    SetOption,
    SpecsArgument,
    StoreOption,
    TargetOption,
    UntilOption,
    WorkersOption,
    chosen,
    figures,
    first_pace,
    open_existing,
    slots,
    store_path,
)

if TYPE_CHECKING:
    from lmcspec.plan.outlook import Outlook
    from lmcspec.store import Store


def plan(
    specs: SpecsArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[
        Literal["table", "tree", "json", "dot", "mermaid"], typer.Option("--format", help="How to show it.")
    ] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Save it, for `lmcspec run FILE`.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every task under its reason; draw a box for each.")
    ] = False,
    workers: WorkersOption = None,
    devices: DevicesOption = "",
    max_parallel: MaxParallelOption = None,
    force: ForceOption = [],  # noqa: B006
    targets: TargetOption = [],  # noqa: B006
    until: UntilOption = [],  # noqa: B006
    only: OnlyOption = [],  # noqa: B006
    failed: FailedOption = False,
    max_tasks: MaxTasksOption = 100_000,
    simulate: Annotated[
        str,
        typer.Option(
            "--simulate", metavar="DEVICES", help='What it would take on "8 x h200, 8 x cpu".', show_default=False
        ),
    ] = "",
    facts: Annotated[bool, typer.Option("--facts", help="Take the facts of models that are not known yet.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 3 if there is anything to run.")
    ] = False,
) -> None:
    """Show what would run, why, and what it costs. Runs no task, and makes no store unless --facts is to fill one.

    A study that was forgotten is kept again.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.output import phase
    from lmcspec.cli.reused import say_reused
    from lmcspec.cli.studies import read_study
    from lmcspec.plan import render
    from lmcspec.plan.checks import refuse_empty
    from lmcspec.plan.outlook import outlook
    from lmcspec.plan.planned_study import is_saved
    from lmcspec.plan.selected import selected
    from lmcspec.plan.together import together

    begun = time.perf_counter()
    if simulate and (devices or workers is not None):
        option = "--devices" if devices else "--workers"
        raise UsageError(f"{option} is about this machine, and --simulate names others", help=f"leave {option} out")
    shown = None if simulate else slots(workers, devices, max_parallel)
    if output is not None and (targets or until or only or failed or force):
        raise UsageError(
            "-o saves a whole plan, and no part of it",
            help="leave out what chooses a part or forces tasks, and say it to `lmcspec run FILE`",
        )
    if facts and (saved := next(filter(is_saved, specs), None)):
        raise UsageError(f"{saved} is a saved plan, which has the facts of its models", help="leave out --facts")
    existing = open_existing(store)
    if facts:
        from lmcspec.cli.output import say
        from lmcspec.engine.model_facts import take_facts
        from lmcspec.spec import load
        from lmcspec.store import Store

        existing = Store.open(store_path(store))
        for spec in specs:
            take_facts(load(spec, sets), existing, say=say)
    studies = [read_study(spec, sets, existing, max_tasks) for spec in specs]
    for spec, study in zip(specs, studies, strict=True):
        refuse_empty(study.plan)
        if output is not None:
            study.output(spec, output)
    planned = together([study.plan for study in studies])
    if output is not None and planned.parts:
        raise UsageError("-o saves the plan of one study", help="save them one by one; `lmcspec run` takes several")
    if existing is not None:
        for study in studies:
            _keep_again(existing, study.plan.study)
    part = chosen(targets, until, only, failed)
    named = figures(part, planned, [study.loaded for study in studies])
    forced = selected(planned, force)
    asked = None
    if simulate:
        from lmcspec.engine.simulated_plan import fleet

        asked = fleet(simulate)
    pace = asked.pace if asked else first_pace()
    with phase("compared with the store"):
        view = outlook(planned, existing, forced, chosen=part, figures=named, pace=pace)
    say_reused(existing, view.diff.reused)
    seconds = time.perf_counter() - begun
    if output is not None:
        from lmcspec.plan.saved import save

        save(planned, output)
    if format == "json":
        from lmcspec.cli.output import envelope, put

        document = render.document(view, shown)
        if asked is not None:
            from lmcspec.engine.simulated_plan import answer

            document["simulated"] = answer(view, asked, max_parallel).document()
        put(envelope("plan", True, document))
    elif format in ("dot", "mermaid"):
        _draw(view, format, everything)
    else:
        from lmcspec.cli.output import console

        screen = console()
        if format == "tree":
            screen.print(render.tree(view))
            screen.print(render.closing(view))
        else:
            where = f"store {store_path(store)}" + ("" if existing else " (empty)")
            source = f"{where}  planned {len(view.counted):,} tasks in {seconds:.2f} s"
            for part in render.table(view, shown, source, everything=everything):
                screen.print(part)
        if asked is not None:
            from lmcspec.engine.simulated_plan import answer, lines

            for line in lines(answer(view, asked, max_parallel)):
                screen.print(line)
    if detailed_exitcode and not view.diff.nothing_to_do:
        raise typer.Exit(3)


def _draw(view: "Outlook", format: Literal["dot", "mermaid"], everything: bool) -> None:
    from lmcspec.cli.output import put, say
    from lmcspec.plan.drawing import drawing
    from lmcspec.plan.graph_text import dot, mermaid

    drawn = drawing(view, everything=everything)
    put(dot(drawn) if format == "dot" else mermaid(drawn))
    if drawn.note:
        say(f"{drawn.note}; --all draws one for each task")


def _keep_again(store: "Store", study: str) -> None:
    """Undo `lmcspec forget`, if that was done."""
    from lmcspec.base.errors import StoreError
    from lmcspec.cli.output import say
    from lmcspec.store import driving, forgotten_studies, keep_again

    if study not in forgotten_studies(store):
        return
    try:
        with driving(store):
            again = keep_again(store, study)
    except StoreError as error:
        say(f"{study} was forgotten, and can't be kept again: {error}")
        return
    if again:
        say(f"{study} was forgotten, and is kept again")
