"""`lmcspec specs`: the specs that come with lmcspec, what they show and what they cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.output import Format, console, envelope, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmcspec.base.grid import Grid
    from lmcspec.spec.shipped_specs import ShippedSpec

NO_PAPER = "Studies of no one paper"
"""The heading of those; the first of them is the one to begin with."""


def specs(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[WORD]...", help="Only those that speak of all these words.", show_default=False),
    ] = [],  # noqa: B006 (typer copies it)
    format: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.table,
) -> None:
    """List the specs that come with lmcspec: name, trainings, images that these see, and what it shows, paper by paper.

    Each is called by its name, from anywhere: `lmcspec run NAME`.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.spec.shipped_specs import shipped_specs

    listed = [_with_images(spec) for spec in shipped_specs() if spec.has(words)]
    if not listed:
        raise UsageError(f"no spec that ships speaks of {' and '.join(words)}", help="`lmcspec specs` lists them all")
    if format is Format.json:
        put(envelope("specs", True, {"specs": [spec.document() for spec in listed]}))
        return
    screen = console()
    for number, (source, group) in enumerate(_by_source(listed).items()):
        screen.print(*[""] * bool(number), source)
        screen.print(_table(group, max(len(spec.name) for spec in listed)))
    say('`lmcspec plan NAME` says what one would run, and `extends = "NAME"` makes it the base of another')


def _with_images(spec: "ShippedSpec") -> "ShippedSpec":
    """The spec with the images that its plan counts, where its header tells none."""
    if spec.images:
        return spec
    from lmcspec.plan.outlook import images_to_see, outlook
    from lmcspec.plan.planned_study import read_study

    return spec._replace(images=images_to_see(outlook(read_study(spec.path, [], None).plan, None)))


def _by_source(listed: "Sequence[ShippedSpec]") -> "dict[str, list[ShippedSpec]]":
    """Those of each paper; of no one paper come first."""
    by_source: dict[str, list[ShippedSpec]] = {NO_PAPER: []}
    for spec in listed:
        by_source.setdefault(spec.source or NO_PAPER, []).append(spec)
    return {source: group for source, group in by_source.items() if group}


def _table(group: "Sequence[ShippedSpec]", width: int) -> "Grid":
    """A line for each spec; names are padded to one `width`, so that the tables of all papers look alike."""
    from lmcspec.base.grid import Column, Grid

    rows = [
        (
            f"  {spec.name:{width}}",
            f"{spec.trainings:>5,} trainings  {_rounded(spec.images):>7} images",
            spec.title,
        )
        for spec in group
    ]
    return Grid((Column("", names=True), Column(""), Column("")), rows)


def _rounded(count: int) -> str:
    """Three digits of a number: 2.59 M, 158 M, 3.01 G."""
    from lmcspec.base.sizes import in_thousands

    return in_thousands(count, ("", "k", "M", "G"))
