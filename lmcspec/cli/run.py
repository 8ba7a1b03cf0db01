"""`lmcspec run`: carry a plan out."""

from collections.abc import Sequence
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

import typer

import lmcspec
from lmcspec.base.batching import Batching
from lmcspec.cli.advice import say_verdict_advice, typed
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
    TrustOption,
    UntilOption,
    WorkersOption,
    spelled,
    spelled_at,
    store_path,
)
from lmcspec.cli.output import (
    Format,
    as_documents,
    complain,
    console,
    envelope,
    loudness,
    phase,
    put,
    say,
)
from lmcspec.cli.reused import say_reused
from lmcspec.cli.tracking import NO_TRACKING, TrackingOption, refuse_untold, tracking_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmcspec.engine import Summary
    from lmcspec.plan import Plan
    from lmcspec.plan.outlook import Outlook
    from lmcspec.plan.planned_study import PlannedStudy
    from lmcspec.report.offers import Typed
    from lmcspec.running import Ended, Run
    from lmcspec.store import Store

RUNNERS = " or ".join(module.name for module in iter_modules([f"{lmcspec.__path__[0]}/catalog/runners"]))
"""By the names of their modules: a list of commands is printed without importing any card."""


def run(
    context: typer.Context,
    specs: SpecsArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the results.")] = Format.table,
    runner: Annotated[str, typer.Option("--runner", help=f"Where tasks run: {RUNNERS}.")] = "local",
    workers: WorkersOption = None,
    devices: DevicesOption = "",
    max_parallel: MaxParallelOption = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Ray cluster: auto, HOST:PORT, or local for one of its own.")
    ] = None,
    objects: Annotated[
        str | None,
        typer.Option(
            "--objects", metavar="URL", help="Workers have stores of their own; results come and go by this folder."
        ),
    ] = None,
    node_store: Annotated[
        str | None,
        typer.Option("--node-store", metavar="FOLDER", help="With --objects: that store on a node of Ray's."),
    ] = None,
    allow_skew: Annotated[
        bool, typer.Option("--allow-skew", help="Let nodes of a cluster differ in versions and processors.")
    ] = False,
    force: ForceOption = [],  # noqa: B006
    trust: TrustOption = False,
    targets: TargetOption = [],  # noqa: B006
    until: UntilOption = [],  # noqa: B006
    only: OnlyOption = [],  # noqa: B006
    failed: FailedOption = False,
    batching: Annotated[
        Batching,
        typer.Option(
            "--batching",
            help="auto: trainings that differ in draws, start and mask only run as one program where that is measured "
            "to be quicker; their results are the same to rounding.",
        ),
    ] = "off",
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first task that fails.")] = False,
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            min=0.0,
            metavar="MINUTES",
            show_default=False,
            help="How long a task may say nothing before its worker is ended: 30, or ten times what it should take, if "
            "that is longer. 0: for ever.",
        ),
    ] = None,
    max_tasks: MaxTasksOption = 100_000,
    tracking_uri: TrackingOption = None,
    no_tracking: Annotated[
        bool, typer.Option("--no-tracking", envvar=NO_TRACKING, help="Leave MLflow to `lmcspec sync`.")
    ] = False,
    require_tracking: Annotated[
        bool, typer.Option("--require-tracking", help="Fail where the tracking server can't be told everything.")
    ] = False,
) -> None:
    """Run what of a study is not in the store yet, then print its results. The same command goes on after any stop.

    Several studies run at once, in fair shares; what they have in common runs once.
    """
    from lmcspec.base.errors import BlockedError, LmcspecError
    from lmcspec.plan.render import nothing_to_do
    from lmcspec.running import Asked, Options, Talk, prepared
    from lmcspec.store import Store

    refuse_untold(context)
    options = Options(
        runner=runner,
        workers=workers,
        devices=devices,
        max_parallel=max_parallel,
        address=address,
        objects=objects,
        node_store=node_store,
        allow_skew=allow_skew,
        force=force,
        targets=targets,
        until=until,
        only=only,
        failed=failed,
        batching=batching,
        fail_fast=fail_fast,
        patience=patience,
        tracking_uri=tracking_uri,
        track=not no_tracking,
        require_tracking=require_tracking,
    )
    options.check()
    opened = Store.open(store_path(store), trusted=trust)
    asked = [Asked(_planned(spec, sets, opened, max_tasks), spec) for spec in specs]
    server = tracking_words(tracking_uri)
    talk = Talk(say, complain, phase, later=spelled_at("lmcspec sync", [], [], store, server))
    ready = prepared(asked, opened, options, spelled("lmcspec run", specs, sets), talk)
    view, summary, document = ready.view, None, None
    try:
        with ready.telling():
            say(_standing(view, opened) if view.diff.run else nothing_to_do(view, "reused"))
            say_reused(opened, view.diff.reused)
            ended = _carried_out(ready)
            summary = ended.summary
            hows = {study.plan.study: (study, typed(spec, sets, store, opened, max_tasks)) for study, spec in asked}
            document = _results(view.plan, opened, format, summary, hows)
        ready.check_recorded(ended)
        any_failed = summary is not None and bool(summary.failed)
        if view.diff.blocked and not any_failed:
            raise BlockedError(view.obstacles[0])
    except LmcspecError as error:
        if document is None:
            raise
        # One answer holds both what there is and what went wrong.
        put(envelope("run", False, document, as_documents(error)))
        raise typer.Exit(error.exit_code) from None
    if document is not None:
        put(envelope("run", not any_failed, document))
    if summary is not None and summary.failed:
        stopped = f", and {len(summary.left):,} more were not tried (--fail-fast)" if summary.left else ""
        complain(f"{len(summary.failed):,} tasks failed{stopped}; the same command tries them again")
        raise typer.Exit(1)
    if summary is not None:
        say("a page with figures:", spelled_at("lmcspec report", specs, sets, store))
        if ready.tracker is not None and not ready.tracker.trouble:
            away = ready.tracker.server.startswith(("http://", "https://"))
            pages = ready.tracker.server if away else spelled_at("lmcspec ui", [], [], store, server)
            say("these runs in MLflow:", pages)


def _planned(spec: Path, sets: Sequence[str], store: "Store", max_tasks: int) -> "PlannedStudy":
    """A spec or saved plan, read and planned, once its model's shapes are known where it hangs on them."""
    from lmcspec.cli.studies import read_study
    from lmcspec.engine.model_facts import check_saved, take_facts
    from lmcspec.plan.checks import refuse_empty
    from lmcspec.plan.planned_study import is_saved, plan_study
    from lmcspec.spec import load

    if is_saved(spec):
        study = read_study(spec, sets, store, max_tasks)
        check_saved(study.plan, store, say)
    else:
        with phase(f"read {spec}"):
            loaded = load(spec, sets)
        take_facts(loaded, store, everything=False, say=say)
        with phase(f"planned {spec}"):
            study = plan_study(loaded, store, max_tasks)
    refuse_empty(study.plan)
    return study


def _standing(view: "Outlook", store: "Store") -> str:
    """How many tasks there are, and how many of them are done already."""
    there = sum(task.id in view.diff.reused for task in view.counted)
    reused = f"{there:,} of them are" if there else "none of them is"
    return f"{view.plan.study}: {len(view.counted):,} tasks, {reused} in the store {store.root}"


def _carried_out(ready: "Run") -> "Ended":
    """Run what is to run, and show how it goes; exits after Ctrl-C."""
    from lmcspec.engine import RunInterrupted
    from lmcspec.engine.show import show

    try:
        return ready.carry_out(show(loudness=loudness()))
    except RunInterrupted as interruption:
        done = len(interruption.summary.done)
        complain(f"interrupted: {done:,} tasks are done; the same command goes on from here")
        raise typer.Exit(130) from None


def _results(
    plan: "Plan",
    store: "Store",
    format: Format,
    summary: "Summary | None",
    hows: "Mapping[str, tuple[PlannedStudy, Typed]]",
) -> dict[str, Any] | None:
    """Print the results as tables; or return them, for the one answer in JSON. `hows` are by study."""
    from lmcspec.report import tidy
    from lmcspec.report.table import table
    from lmcspec.store import layout

    rows = {part.study: tidy(part, store) for part in plan.each}
    if format is Format.json:
        counts = {} if summary is None else {"done": len(summary.done), "failed": len(summary.failed)}
        results = [{"study": study, **row.document()} for study, of_study in rows.items() for row in of_study]
        return layout.spelled({"tasks": counts, "results": results})
    screen = console()
    for number, part in enumerate(plan.each):
        if number:
            screen.print()
        for printed in table(part, rows[part.study]):
            screen.print(printed)
        study, how = hows[part.study]
        say_verdict_advice(study, rows[part.study], how)
    return None
