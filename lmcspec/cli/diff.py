"""`lmcspec diff`: what two specs say differently, what that means in tasks, and in results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import (
    MaxTasksOption,
    StoreOption,
    name_file,
    needed_store,
    open_existing,
    spelled_at,
    store_path,
)
from lmcspec.cli.output import Format, console, envelope, put

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lmcspec.plan.planned_study import PlannedStudy
    from lmcspec.plan.shared_tasks import SharedTasks
    from lmcspec.report.compare import Comparison
    from lmcspec.spec.differences import Differences
    from lmcspec.store import Store

WIDEST = 40
"""Characters of a value that still fits into a column; a longer one gets lines of its own."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A or B: how it is called, its spec or saved plan, and where its results are."""

    name: str
    study: "PlannedStudy"
    store: "Store | None"


def diff(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            help="A study, or a saved plan.",
            show_default=False,
            callback=name_file,
            autocompletion=completion.specs,
        ),
    ],
    b: Annotated[
        Path | None,
        typer.Argument(
            metavar="[B]",
            help="What it is compared with; A again by default.",
            callback=name_file,
            autocompletion=completion.specs,
        ),
    ] = None,
    sets: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Override a value of B: recipes.real.batch=64.",
            autocompletion=completion.settings,
        ),
    ] = [],  # noqa: B006 (typer copies it)
    results: Annotated[bool, typer.Option("--results", help="Compare results, too.")] = False,
    store: StoreOption = None,
    store_b: Annotated[
        Path | None, typer.Option("--store-b", help="Folder of B's results.", show_default="that of A")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Compare two specs: the settings that differ and who set them, and how many tasks they share.

    With --results also the means of what both measure, with the 95 % interval of their difference. Runs nothing.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.studies import read_study
    from lmcspec.plan.shared_tasks import shared_tasks

    if b == a:
        b = None
    if b is None and not sets and (store_b is None or store_path(store_b) == store_path(store)):
        other = spelled_at("lmcspec diff", [a], [], store, ["OTHER"])
        raise UsageError("there is nothing to compare with", help=f"{other}, or --set PATH=VALUE for another {a}")
    open_ = needed_store if results else open_existing
    first = open_(store)
    second = first if store_b is None else open_(store_b)
    left = _Side(str(a), read_study(a, [], first, max_tasks), first)
    called = str(b) if b is not None else _called(sets, store_path(store_b))
    right = _Side(called, read_study(b or a, sets, second, max_tasks), second)
    settings = _settings(left, right)
    tasks = shared_tasks(left.study.plan, right.study.plan)
    compared = _compared(left, right) if results else None
    if format is Format.json:
        put(envelope("diff", True, _document(left, right, settings, tasks, compared)))
        return
    screen = console()
    for part in (*_settings_parts(left, right, settings), "", _task_part(tasks)):
        screen.print(part)
    if compared is not None:
        _print_results(compared)


def _called(sets: Sequence[str], store: Path) -> str:
    """How A is called when it is B, too: by what is set, else by where its results are."""
    return " ".join(f"--set {setting}" for setting in sets) if sets else f"in {store}"


def _settings(left: _Side, right: _Side) -> "Differences | None":
    """What differs between two specs; None where one side is a saved plan, which has none."""
    from lmcspec.spec.differences import differences

    specs = left.study.loaded, right.study.loaded
    return None if specs[0] is None or specs[1] is None else differences(specs[0], specs[1])


def _compared(left: _Side, right: _Side) -> "Comparison":
    from lmcspec.report import tidy
    from lmcspec.report.compare import compare

    assert left.store is not None and right.store is not None
    rows = [tidy(side.study.plan, side.store) for side in (left, right) if side.store is not None]
    return compare(*rows, one_store=left.store.id == right.store.id)


def _document(
    left: _Side, right: _Side, settings: "Differences | None", tasks: "SharedTasks", compared: "Comparison | None"
) -> dict[str, Any]:
    from lmcspec.store import layout

    document: dict[str, Any] = {"a": left.name, "b": right.name, "tasks": tasks.document()}
    document["settings"] = None if settings is None else [difference.document() for difference in settings.differing]
    document["cases"] = None if settings is None else {"only_a": list(settings.only_a), "only_b": list(settings.only_b)}
    if compared is not None:
        document["results"] = {
            "found": [pair.document() for pair in compared.both],
            "only_a": compared.only_a,
            "only_b": compared.only_b,
        }
    return layout.spelled(document)


def _settings_parts(left: _Side, right: _Side, settings: "Differences | None") -> "list[RenderableType]":
    from lmcspec.base.grid import Column, Grid

    heads = [f"A  {left.name}", f"B  {right.name}"]
    if settings is None:
        return [*heads, "", "a saved plan holds no spec: settings are not compared"]
    parts: list[RenderableType] = [*heads, ""]
    rows = [(*difference.cells, _in_cases(difference.cases, settings.of)) for difference in settings.differing]
    narrow = [row for row in rows if max(map(len, row)) <= WIDEST]
    if narrow:
        names = ("setting", "in A", "set by", "in B", "set by", "where")
        columns = [Column(name, names=not place) for place, name in enumerate(names)]
        parts.append(Grid(columns[: 6 if any(row[5] for row in narrow) else 5], narrow))
    for path, *sides, where in (row for row in rows if row not in narrow):
        parts.append(f"{path}  {where}".rstrip())
        parts += [f"  {name}  {sides[at]}  {sides[at + 1]}".rstrip() for name, at in (("A", 0), ("B", 2))]
    if not rows:
        parts.append("no setting differs")
    for name, cases in (("A", settings.only_a), ("B", settings.only_b)):
        if cases:
            parts.append(f"only {name} has the {'case' if len(cases) == 1 else 'cases'} {', '.join(cases)}")
    return parts


def _in_cases(cases: Sequence[str], of: int) -> str:
    if len(cases) == of or not cases:
        return ""
    return f"in {cases[0]}" if len(cases) == 1 else f"in {len(cases)} of {of} cases"


def _task_part(tasks: "SharedTasks") -> "RenderableType":
    from lmcspec.base.grid import Column, Grid

    only_a, only_b, shared = tasks.total
    if not only_a and not only_b:
        return f"tasks: all {shared:,} are the same"
    rows = [(kind, *map("{:,}".format, counts)) for kind, counts in (*tasks.kinds.items(), ("all", tasks.total))]
    numbers = [Column(name, right=True) for name in ("only in A", "only in B", "in both")]
    return Grid([Column("tasks", names=True), *numbers], rows)


def _print_results(compared: "Comparison") -> None:
    from lmcspec.report.side_by_side import table

    screen = console()
    screen.print()
    for part in table(compared):
        screen.print(part)
