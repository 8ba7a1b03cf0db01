"""`lmcspec explain`: who set a value, what a code means, what a task is, was or will be."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.options import (
    MaxTasksOption,
    SetOption,
    StoreOption,
    name_file,
    open_existing,
    refuse_without_study,
    store_path,
)
from lmcspec.cli.output import Format, console, envelope, put, put_words

if TYPE_CHECKING:
    from lmcspec.plan.explain import TaskExplanation
    from lmcspec.store import Store

_SPEC_OR_PLAN = (".toml", ".yaml", ".yml", ".json")


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
    """Say what a key of a spec means and who set it (file, preset, --set or default), what a task does and whether it
    would run, what a code means, or what a stored task did.
    """
    if path is not None:
        name_file(Path(what))
        _in_spec(Path(what), path, sets, case, store, max_tasks, format)
        return
    refuse_without_study("explain SPEC PATH", set=sets, case=case)
    if re.fullmatch(r"[A-Z]\d{3}", what):
        _code(what, format)
    else:
        _task(what, store, format)


def _in_spec(
    spec: Path, path: str, sets: list[str], case: str, store: Path | None, max_tasks: int, format: Format
) -> None:
    """A value of the spec if there is one at that path, else a task of its plan."""
    from lmcspec.plan.explain import TaskExplanation
    from lmcspec.plan.named import explain_named
    from lmcspec.plan.unit_groups import groups_in_words

    explanation = explain_named(spec, path, sets, lambda: open_existing(store), case=case, max_tasks=max_tasks)
    of_task = isinstance(explanation, TaskExplanation)
    runs = _runs_of(explanation, open_existing(store)) if of_task else {}
    groups = [] if of_task else groups_in_words(spec, path, sets, case)
    if format is Format.json:
        more = {"mlflow_runs": runs} if of_task else {"groups": groups} if groups else {}
        put(envelope("explain", True, {**explanation.document(), **more}))
        return
    put_words(str(explanation))
    for words in [] if isinstance(explanation, TaskExplanation) else explanation.words:
        put_words(str(words))
    for line in groups:
        put_words(line)
    for line in _run_lines(runs):
        put_words(f"{'':8}{line}")


def _runs_of(explanation: "TaskExplanation", existing: "Store | None") -> dict[str, str]:
    if existing is None or explanation.kept is None or explanation.id is None:
        return {}
    return _runs(existing, explanation.id, explanation.kept.passed_by)


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
        put_words(str(explanation))


def _task(name: str, store: Path | None, format: Format) -> None:
    """A task in the store, by its id; else one that a study plans, by id or label."""
    from lmcspec.base.errors import UsageError
    from lmcspec.plan.recorded import attempt_so_far, find_task

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
    identifier, recorded = find_task(existing, name)
    if not recorded:
        _stored(existing, identifier, format)
        return
    state, so_far = attempt_so_far(existing, identifier)
    if format is Format.json:
        nothing = dict.fromkeys(("task", "result", "record"))
        planned = [task.document() for task in recorded]
        document = {"id": identifier, **nothing, "state": state, "message": so_far, "planned": planned}
        put(envelope("explain", True, document))
        return
    put(f"{recorded[0].kind}  {recorded[0].label}\nid {identifier}")
    for task in recorded:
        put_words(f"planned in the study {task.study}, at {task.label}")
    put_words(so_far)
    put_words(f"lmcspec explain SPEC {recorded[0].label!r} says what it does, why and what it costs")


def _stored(existing: "Store", identifier: str, format: Format) -> None:
    import json

    from lmcspec.plan.explain import how_it_ran
    from lmcspec.plan.render import duration, size
    from lmcspec.store import layout

    stored = existing.read(identifier)
    assert stored is not None
    if format is Format.json:
        document = {"id": identifier, "task": stored.task, "result": stored.result, "record": stored.record}
        document["mlflow_runs"] = _runs(existing, identifier, how_it_ran(stored.record)[1])
        put(envelope("explain", True, layout.spelled(document)))
        return
    screen = console()
    record = stored.record
    screen.print(f"{record.get('kind')}  {record.get('label', '')}", style="bold", markup=False)
    screen.print(f"id {identifier}\nin {stored.path}", markup=False)
    if "seconds" in record:
        screen.print(f"took {duration(record['seconds'])}, keeps {size(stored.bytes)}, outcome {stored.outcome}")
    reason, passed_by = how_it_ran(record)
    for line in [*[f"ran because {reason}"] * bool(reason), *_run_lines(_runs(existing, identifier, passed_by))]:
        screen.print(line, markup=False)
    screen.print_json(json.dumps({key: value for key, value in stored.task.items() if key != "kind"}))
