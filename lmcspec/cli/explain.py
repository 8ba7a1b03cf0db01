"""`lmcspec explain`: who set a value, what a code means, what a task is, was or will be."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from lmcspec.cli.output import Format, console, envelope, put, put_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lmcspec.plan.explain import TaskExplanation
    from lmcspec.plan.needed_by import NeededBy
    from lmcspec.store import Store

_ENDINGS = (".toml", ".yaml", ".yml", ".json")


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A spec, an error's code, a task's first digits or its label.",
            autocompletion=completion.explainable,
        ),
    ],
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="In a spec: a value such as recipes.real.optimiser.lr, or a task such as imp/s0/l3/train.",
            show_default=False,
            autocompletion=completion.explained,
        ),
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    case: Annotated[str, typer.Option("--case", help="Of a sweep: which case.", autocompletion=completion.cases)] = "",
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Say a spec in words: what it trains, prunes, shares and measures, and what that costs here.

    Or say what a key of it means and who set it (file, preset, --set or default), what a task does, whether it would
    run and who needs it, what a stored task did, or what a code means.
    """
    if path is not None:
        name_file(Path(what))
        _in_spec(Path(what), path, sets, case, store, max_tasks, format)
        return
    if _is_spec(what):
        name_file(Path(what))
        _study(Path(what), sets, case, store, max_tasks, format)
        return
    refuse_without_study("explain SPEC PATH", set=sets, case=case)
    if re.fullmatch(r"[A-Z]\d{3}", what):
        _code(what, format)
    else:
        _task(what, store, format)


def _is_spec(what: str) -> bool:
    """Whether it is a file by its ending, or means one, or a spec that ships."""
    if what.endswith(_ENDINGS):
        return True
    from lmcspec.spec.located import located
    from lmcspec.spec.unreadable import Unreadable

    try:
        return located(Path(what)).path.suffix in _ENDINGS
    except Unreadable:
        return False


def _study(spec: Path, sets: list[str], case: str, store: Path | None, max_tasks: int, format: Format) -> None:
    """A study in words."""
    from lmcspec.base.errors import UsageError
    from lmcspec.plan.outlook import outlook
    from lmcspec.plan.planned_study import is_saved, plan_study
    from lmcspec.plan.study_words import study_words
    from lmcspec.spec import load
    from lmcspec.spec.explain import case_called

    if is_saved(spec):
        raise UsageError(
            f"{spec} is a saved plan, which holds no spec",
            help=spelled_at("lmcspec explain", [spec], [], store, ["TASK"]),
        )
    loaded = load(spec, sets)
    told = case_called(loaded, case)
    existing = open_existing(store)
    plan = plan_study(loaded, existing, max_tasks).plan
    words = study_words(loaded, told, outlook(plan, existing, pace=first_pace()), slots(None))
    if format is Format.json:
        put(envelope("explain", True, words.document()))
        return
    for heading, lines in words.parts(str(store_path(store))):
        if heading and lines:
            put(f"\n{heading}")
        margin = "  " if heading else ""
        for line in lines:
            put_words(f"{margin}{line}", hang=len(margin) + 2)


def _in_spec(
    spec: Path, path: str, sets: list[str], case: str, store: Path | None, max_tasks: int, format: Format
) -> None:
    """A value of the spec if there is one at that path, else a task of its plan."""
    from lmcspec.plan.explain import TaskExplanation
    from lmcspec.plan.named import explain_named
    from lmcspec.plan.unit_groups import groups_in_words

    explanation = explain_named(spec, path, sets, lambda: open_existing(store), case=case, max_tasks=max_tasks)
    if isinstance(explanation, TaskExplanation):
        _planned_task(explanation, open_existing(store), format)
        return
    groups = groups_in_words(spec, path, sets, case)
    if format is Format.json:
        put(envelope("explain", True, {**explanation.document(), **({"groups": groups} if groups else {})}))
        return
    put_words(str(explanation))
    for words in explanation.words:
        put_words(str(words))
    for line in groups:
        put_words(line)


def _planned_task(explanation: "TaskExplanation", existing: "Store | None", format: Format) -> None:
    """A task of a plan, with its runs in MLflow and with what other studies need it for."""
    runs = _runs_of(explanation, existing)
    others = _elsewhere(existing, explanation.id, explanation.needed.study if explanation.needed else "")
    if format is Format.json:
        from lmcspec.store import layout

        document = {**explanation.document(), "mlflow_runs": runs}
        document["needed_by"] += [need.document() for need in others]
        put(envelope("explain", True, layout.spelled(document)))
        return
    put_words(str(explanation))
    for line in (*_run_lines(runs), *_lines_of(others)):
        put_words(f"{'':8}{line}")


def _elsewhere(existing: "Store | None", task: str | None, but: str = "") -> "list[NeededBy]":
    """What the other studies of a store need a task for."""
    if existing is None or task is None:
        return []
    from lmcspec.plan.needed_by import needed_elsewhere

    return [need for _, need in needed_elsewhere(existing, task, but)]


def _lines_of(needs: "Sequence[NeededBy]") -> "Iterator[str]":
    for need in needs:
        yield f"needed by the study {need.study}, too:"
        yield from (f"  {line}" for line in need.lines())


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
    from lmcspec.plan.needed_by import needed_elsewhere
    from lmcspec.plan.render import duration, size
    from lmcspec.plan.task_numbers import number_lines, numerics_line
    from lmcspec.store import layout

    stored = existing.read(identifier)
    assert stored is not None
    needs = needed_elsewhere(existing, identifier)
    if format is Format.json:
        document = {"id": identifier, "task": stored.task, "result": stored.result, "record": stored.record}
        document["mlflow_runs"] = _runs(existing, identifier, how_it_ran(stored.record)[1])
        document["needed_by"] = [need.document() for _, need in needs]
        put(envelope("explain", True, layout.spelled(document)))
        return
    record = stored.record
    screen = console()
    screen.print(f"{record.get('kind')}  {record.get('label', '')}", style="bold", markup=False)
    put(f"id {identifier}\nin {stored.path}")
    if "seconds" in record:
        put(f"took {duration(record['seconds'])}, keeps {size(stored.bytes)}, outcome {stored.outcome}")
    reason, passed_by = how_it_ran(record)
    targets = [target for plan, _ in needs for target in plan.targets if target.task == identifier]
    lines = [
        numerics_line(record),
        f"ran because {reason}" if reason else "",
        *_run_lines(_runs(existing, identifier, passed_by)),
        *_headed("numbers", number_lines(stored.result.get("scalars", {}), targets)),
        *(line for _, need in needs for line in _headed(f"needed by the study {need.study}", [*need.lines()])),
        "" if needs else "no study of this store needs it: lmcspec gc would delete it",
        "recipe",
    ]
    for line in filter(None, lines):
        put_words(line)
    screen.print_json(json.dumps({key: value for key, value in stored.task.items() if key != "kind"}))


def _headed(name: str, lines: "Sequence[str]") -> list[str]:
    return [name, *(f"  {line}" for line in lines)] if lines else []
