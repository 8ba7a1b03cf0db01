"""Masks: what each level's leaves of every layer, and what it shares with another network's."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Cell, NoSuchLevel, Request
from lmcspec.tasks.overlap import Overlap


def targets(request: Request) -> list[Target]:
    """One target per cell that has a mask."""
    return [_target(request, "masks", cell) for cell in request.cells() if request.emit.mask(*cell)]


def overlaps(request: Request) -> list[Target]:
    """One target per cell that has a mask; none of the other network with itself.

    Raises NoSuchLevel where the other network does not go so far.
    """
    against = request.other(request.config.against)
    asked = []
    for cell in request.cells():
        network, replicate, level = cell
        if network is against or request.emit.mask(*cell) is None:
            continue
        if level >= len(against.levels):
            message = f"{against.name!r}, with which they are compared, has levels 0 to {len(against.levels) - 1}"
            raise NoSuchLevel(None, f"{message}, and {network.name!r} is asked for at {level}")
        asked.append(_target(request, "overlap", cell, request.emit.mask(against, replicate, level)))
    return asked


def _target(request: Request, kind: str, cell: Cell, other: str | None = None) -> Target:
    mask = request.emit.mask(*cell)
    inputs = {name: task for name, task in (("mask", mask), ("other", other)) if task}
    task = request.emit.graph.add("overlap", Overlap(request.emit.model), inputs, role=request.role(cell, request.name))
    return request.target(kind, cell, task)
