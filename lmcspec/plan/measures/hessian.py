"""Curvature: the Hessian at the end of each level's own training, or on the way there."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.on_the_way import points
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.hessian import Hessian


def targets(request: Request) -> list[Target]:
    """One target per cell and point."""
    emit, config = request.emit, request.config
    params = Hessian(
        model=emit.model,
        data=emit.data,
        batch=config.batch,
        batches=config.batches,
        probes=config.probes if config.diagonal == "estimated" else 0,
        eigenvalues=config.eigenvalues,
    )
    asked = []
    for cell in request.cells():
        mask = emit.mask(*cell)
        for point in points(request, cell):
            inputs = {"state": point.task} | ({"mask": mask} if mask else {})
            role = request.role(cell, f"{request.name} k={point.written}" if point.written else request.name)
            task = emit.graph.add("hessian", params, inputs, role=role)
            asked.append(request.target("hessian", cell, task, at=point.written, at_updates=point.updates))
    return asked
