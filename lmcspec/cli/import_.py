"""`lmcspec import`: what a directory of OpenLTH holds, and files and a spec that go on from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli.options import spelled
from lmcspec.cli.output import Format, console, envelope, put, say

if TYPE_CHECKING:
    from rich.table import Table

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
        notes = [] if brought is None else list(brought.notes)
        put(
            envelope(
                "import",
                True,
                {"levels": list(_rows(held)), "branches": list(held.branches), "files": files, "notes": notes},
            )
        )
        return
    console().print(_table(held))
    if brought is None:
        for name in held.branches:
            say(f"beside it the branch {name}")
        goes_on = spelled("lmcspec import", [directory], [], ["-o", "FOLDER"])
        say(f"write them, and a spec that goes on: {goes_on}")
        return
    put(files[0])
    for note in brought.notes:
        say(f"note: {note}")
    say(f"{len(files) - 2:,} files of weights and masks beside it")
    say(f"next: {spelled('lmcspec plan', [Path(files[0])], [])}")


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


def _table(held: "Directory") -> "Table":
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("replicate", "level", "sparsity", "test accuracy", "mask", "checkpoints"):
        grid.add_column(name, justify="left" if name in ("mask", "checkpoints") else "right")
    for row in _rows(held):
        accuracy, sparsity = row["test_accuracy"], row["sparsity"]
        grid.add_row(
            str(row["replicate"]),
            str(row["level"]),
            "?" if sparsity is None else f"{sparsity:.1%}",
            "" if accuracy is None else f"{accuracy:.2%}",
            "yes" if row["mask"] else "none",
            ", ".join(row["checkpoints"]) + ("" if row["trained"] else "  not finished"),
        )
    return grid
