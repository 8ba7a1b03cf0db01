"""`lmcspec explain`: who set a value, what a code means, what a task is, was or will be."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.options import MaxTasksOption, SetOption, StoreOption, open_existing, store_path
from lmcspec.cli.output import Format, console, envelope, put

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.plan.explain import TaskExplanation
    from lmcspec.spec.explain import Explanation
    from lmcspec.store import Store

_SPEC_OR_PLAN = (".toml", ".yaml", ".yml", ".json")
_DIGITS = re.compile(r"[0-9a-f]{4,64}")


def explain(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A spec, an error's code, a task's first digits or its label.")
    ],
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="In a spec: a value such as recipes.real.optimiser.lr, or a task such as imp/s0/l3/train.",
            show_default=False,
        ),
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    case: Annotated[str, typer.Option("--case", help="Of a sweep: which case.")] = "",
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Say who set a value of a spec (file, preset, --set or default), what a task of it does and whether it would run,
    what a code means, or what a stored task did.
    """
    if path is not None:
        _in_spec(Path(what), path, sets, case, store, max_tasks, format)
    elif re.fullmatch(r"[A-Z]\d{3}", what):
        _code(what, format)
    else:
        _task(what, store, format)


def _in_spec(
    spec: Path, path: str, sets: list[str], case: str, store: Path | None, max_tasks: int, format: Format
) -> None:
    """A value of the spec if there is one at that path, else a task of its plan."""
    from lmcspec.base.errors import UsageError
    from lmcspec.plan.planned_study import is_saved, plan_study, read_study
    from lmcspec.spec import load
    from lmcspec.spec.explain import case_called, explain_path

    if is_saved(spec):
        existing = open_existing(store)
        _planned(read_study(spec, sets, existing, max_tasks).plan, path, case, existing, format)
        return
    loaded = load(spec, sets)
    case_called(loaded, case)
    try:
        _say(explain_path(loaded, path, case), format)
    except UsageError as error:
        no_value = error
    else:
        return
    if "/" not in path and not _DIGITS.fullmatch(path):
        raise no_value
    existing = open_existing(store)
    try:
        _planned(plan_study(loaded, existing, max_tasks).plan, path, case, existing, format)
    except UsageError:
        # `networks.imp[recipe=a/b].rounds` has a "/" too, but begins with a key of the spec.
        if re.split(r"[.\[]", path, maxsplit=1)[0] in type(loaded.cases[0].study).model_fields:
            raise no_value from None
        raise


def _planned(plan: "Plan", name: str, case: str, existing: "Store | None", format: Format) -> None:
    from lmcspec.plan.explain import explain_task, task_called
    from lmcspec.plan.outlook import outlook

    task, label = task_called(plan, name, case)
    explanation = explain_task(outlook(plan, existing), task, label)
    runs = (
        _runs(existing, task, explanation.kept.passed_by)
        if existing is not None and explanation.kept is not None
        else {}
    )
    if format is Format.json:
        put(envelope("explain", True, {**explanation.document(), "mlflow_runs": runs}))
        return
    put(str(explanation))
    for line in _run_lines(runs):
        put(f"{'':8}{line}")


def _runs(store: "Store", task: str, passed_by: str) -> dict[str, str]:
    """Study -> run of MLflow that did a task, as far as this store knows."""
    from lmcspec.track import runs_of, tracking_uri

    return runs_of(task, store, tracking_uri(store, None), passed_by)


def _run_lines(runs: dict[str, str]) -> list[str]:
    return [f"MLflow run {run}, of the study {study}" for study, run in runs.items()]


def _code(code: str, format: Format) -> None:
    from dataclasses import asdict

    from lmcspec.spec.explain import explain_code

    explanation = explain_code(code)
    if format is Format.json:
        put(envelope("explain", True, asdict(explanation)))
    else:
        put(str(explanation))


def _task(name: str, store: Path | None, format: Format) -> None:
    """A task in the store, by its id; else one that a study plans, by id or label."""
    from lmcspec.base.errors import UsageError
    from lmcspec.plan.recorded import attempt_so_far, recorded_task

    if name.endswith(_SPEC_OR_PLAN):
        raise UsageError(
            f"what of {name}?", help=f"lmcspec explain {name} recipes.real.optimiser.lr, or the label of a task"
        )
    existing = open_existing(store)
    if existing is None:
        raise UsageError(
            f"{name!r} is no spec with a path, no code, and there is no store at {store_path(store)} to look in",
            help="lmcspec explain SPEC recipes.real.optimiser.lr",
        )
    if "/" not in name and existing.matching(name):
        _stored(existing, existing.resolve_prefix(name), format)
        return
    recorded = recorded_task(existing, name)
    if existing.present([recorded[0].id]):
        _stored(existing, recorded[0].id, format)
        return
    state, so_far = attempt_so_far(existing, recorded[0].id)
    if format is Format.json:
        nothing = dict.fromkeys(("task", "result", "record"))
        planned = [task.document() for task in recorded]
        document = {"id": recorded[0].id, **nothing, "state": state, "message": so_far, "planned": planned}
        put(envelope("explain", True, document))
        return
    put(f"{recorded[0].kind}  {recorded[0].label}\nid {recorded[0].id}")
    for task in recorded:
        put(f"planned in the study {task.study}, at {task.label}")
    put(so_far)
    put(f"lmcspec explain SPEC {recorded[0].label!r} says what it does, why and what it costs")


def _stored(existing: "Store", identifier: str, format: Format) -> None:
    import json

    from lmcspec.plan.explain import told
    from lmcspec.plan.render import duration, size
    from lmcspec.store import layout

    stored = existing.read(identifier)
    assert stored is not None
    if format is Format.json:
        document = {"id": identifier, "task": stored.task, "result": stored.result, "record": stored.record}
        document["mlflow_runs"] = _runs(existing, identifier, told(stored.record)[1])
        put(envelope("explain", True, layout.spelled(document)))
        return
    screen = console()
    record = stored.record
    screen.print(f"{record.get('kind')}  {record.get('label', '')}", style="bold", markup=False)
    screen.print(f"id {identifier}\nin {stored.path}", markup=False)
    if "seconds" in record:
        screen.print(f"took {duration(record['seconds'])}, keeps {size(stored.bytes)}, outcome {stored.outcome}")
    reason, passed_by = told(record)
    for line in [*[f"ran because {reason}"] * bool(reason), *_run_lines(_runs(existing, identifier, passed_by))]:
        screen.print(line, markup=False)
    screen.print_json(json.dumps({key: value for key, value in stored.task.items() if key != "kind"}))


def _say(explanation: "Explanation | TaskExplanation", format: Format) -> None:
    if format is Format.json:
        put(envelope("explain", True, explanation.document()))
    else:
        put(str(explanation))
