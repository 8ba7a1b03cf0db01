"""Curvature: the Hessian at the end of each level's own training."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import trained
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.hessian import Hessian


def targets(request: Request) -> list[Target]:
    """One target per cell."""
    emit, config = request.emit, request.config
    params = Hessian(
        model=emit.model,
        data=emit.data,
        batch=config.batch,
        batches=config.batches,
        probes=config.probes if config.diagonal == "estimated" else 0,
        eigenvalues=config.eigenvalues,
    )
    found = []
    for cell in request.cells():
        mask = emit.mask(*cell)
        inputs = {"state": trained(request, cell)} | ({"mask": mask} if mask else {})
        task = emit.graph.add("hessian", params, inputs, role=request.role(cell, request.name))
        found.append(request.target("hessian", cell, task))
    return found
