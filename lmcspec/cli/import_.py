"""`lmcspec import`: what a directory of OpenLTH holds, and files and a spec that go on from it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli.options import spelled
from lmcspec.cli.output import Format, console, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.base.grid import Grid
    from lmcspec.report.openlth.directory import Directory


def import_(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder lottery_HASH of OpenLTH's, or a replicate in it.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Folder for the files and the spec: a new one, or an empty one.",
            show_default="none: the levels are shown, nothing is written",
        ),
    ] = None,
    level: Annotated[
        int | None,
        typer.Option(
            "--level",
            help="OpenLTH's level from which the spec goes on.",
            show_default="the deepest that all replicates have",
            min=0,
        ),
    ] = None,
    branch: Annotated[
        str, typer.Option("--branch", help="The levels of a branch: the name of its folders.", show_default="main")
    ] = "",
    format: Annotated[Format, typer.Option("--format", help="How to print what there is.")] = Format.table,
) -> None:
    """Show the levels of an OpenLTH directory: sparsity, test accuracy, what there is of each.

    With -o write its states and masks as safetensors, and a spec that measures a level's stability and prunes on.
    """
    from lmcspec.base.file_names import possible
    from lmcspec.report.openlth.directory import MAIN, read_directory

    held = read_directory(possible(directory), branch or MAIN)
    brought = None
    if output is not None:
        from lmcspec.report.openlth.brought import bring

        brought = bring(held, possible(output), level)
    files = [] if brought is None else [str(file) for file in brought.files]
    if format is Format.json:
        from lmcspec.store import layout

        notes = [] if brought is None else list(brought.notes)
        document = {"levels": list(_rows(held)), "branches": list(held.branches), "files": files, "notes": notes}
        put(envelope("import", True, layout.spelled(document)))
        return
    console().print(_table(held))
    if brought is None:
        for name in held.branches:
            say(f"beside main there is the branch {name}")
        chosen = [*(["--branch", branch] if branch else []), *(["--level", str(level)] if level is not None else [])]
        command = spelled("lmcspec import", [directory], [], [*chosen, "-o", "FOLDER"])
        say("write them, and a spec that goes on:", command)
        return
    put(files[0])
    for note in brought.notes:
        say(f"note: {note}")
    say(f"{len(files) - 2:,} files of weights and masks beside it")
    say("next:", spelled("lmcspec plan", [Path(files[0])], []))


def _rows(held: "Directory") -> Iterator[dict[str, Any]]:
    """What there is of each level of each replicate."""
    for replicate, levels in held.replicates.items():
        for level, folder in levels.items():
            total, left = folder.weights or (0, 0)
            yield {
                "replicate": replicate,
                "level": level,
                "sparsity": 1 - left / total if total else None,
                "test_accuracy": folder.accuracy,
                "mask": folder.mask is not None,
                "checkpoints": [str(step) for step, _ in folder.models],
                "trained": folder.trained,
            }


def _table(held: "Directory") -> "Grid":
    from lmcspec.base.grid import Column, Grid

    names = Column("replicate", right=True, names=True), Column("level", right=True, names=True)
    values = Column("sparsity", right=True), Column("test accuracy", right=True), Column("mask"), Column("checkpoints")
    return Grid((*names, *values), [tuple(_words(row)) for row in _rows(held)])


def _words(row: dict[str, Any]) -> Iterator[str]:
    accuracy, sparsity = row["test_accuracy"], row["sparsity"]
    yield from (str(row["replicate"]), str(row["level"]))
    yield "?" if sparsity is None else f"{sparsity:.1%}"
    yield "" if accuracy is None else f"{accuracy:.2%}" if math.isfinite(accuracy) else "no number"
    yield "yes" if row["mask"] else "none"
    yield ", ".join(row["checkpoints"]) + ("" if row["trained"] else "  not finished")
