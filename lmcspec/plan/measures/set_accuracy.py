"""What a distilled set is worth: networks trained on it alone, from their rewind point under their mask."""

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.plan.trainings import Training


def targets(request: Request) -> list[Target]:
    """One target per cell and copy. The dense level, which all networks share, is measured with the first alone."""
    emit, config = request.emit, request.config
    recipe = emit.recipe(config.evaluate, config.set)
    asked = []
    for cell in request.cells():
        network, replicate, level = cell
        if level == 0 and network is not request.networks[0]:
            continue
        for copy in range(config.copies):
            what = f"train on {config.set} by {config.evaluate}" + (f" copy{copy}" if copy else "")
            training = Training(
                emit.start(network, replicate, level),
                emit.mask(network, replicate, level),
                recipe,
                emit.sets[config.set],
                SgdNoise(replicate, copy, level),
                begin=0,
            )
            task = emit.train(training, request.role(cell, what))
            asked.append(request.target("set-accuracy", cell, task, copies=(copy,), split=config.split))
    return asked
