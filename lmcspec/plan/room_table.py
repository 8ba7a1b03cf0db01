"""The room of a store as people read it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.grid import Column, Grid
from lmcspec.plan.occupied import Occupied, Share
from lmcspec.plan.render import size

if TYPE_CHECKING:
    from rich.console import RenderableType


def room_table(
    path: Path, total: int, kinds: Mapping[str, Share], taken: Occupied | None
) -> Iterator["RenderableType"]:
    """What takes room by kind and by study, and what could go. Without `taken` only what is known without studies."""
    from rich.text import Text

    yield Text.assemble((f"\n{size(total)}", "bold"), f"  store {path}")
    yield _grid(
        ("kind", "results", "bytes"),
        [(kind, f"{share.results:,}", size(share.bytes)) for kind, share in kinds.items()]
        + ([] if taken is None else [(name, "", size(count)) for name, count in _beside(taken).items() if count]),
    )
    if taken is None:
        return
    if taken.studies:
        rows = [(study.study, f"{study.results:,}", size(study.bytes), size(study.alone)) for study in taken.studies]
        if taken.shared.results:
            rows.append(("shared by several", f"{taken.shared.results:,}", size(taken.shared.bytes), ""))
        yield Text()
        yield _grid(("study", "results", "bytes", "alone"), rows)
    yield Text()
    yield from map(Text, _closing(taken))


def _beside(taken: Occupied) -> dict[str, int]:
    return {"checkpoints": taken.checkpoints, "attempts": taken.attempts, **taken.others}


def _closing(taken: Occupied) -> Iterator[str]:
    if taken.forgotten:
        yield f"forgotten, and not deleted yet: {', '.join(taken.forgotten)}"
    if not taken.frees:
        yield "Kept studies need all of it." if taken.studies else "It holds no results."
        return
    results = f"{taken.unneeded.results:,} results" if taken.unneeded.results != 1 else "1 result"
    needs = f"{results} that no kept study needs" if taken.unneeded.results else "files that are used up, and leftovers"
    yield f"lmcspec gc would free {size(taken.frees)}: {needs}."


def _grid(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> Grid:
    return Grid([Column(name, right=bool(place), names=not place) for place, name in enumerate(headings)], rows)
