"""What a distilled set is worth: networks trained on it alone, from their rewind point under their mask."""

from lmcspec.base.recipes import Noise
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request


def targets(request: Request) -> list[Target]:
    """One target per cell and copy. The dense level, which all networks share, is measured with the first alone."""
    emit, config = request.emit, request.config
    recipe = emit.recipe(config.evaluate, config.set)
    found = []
    for network, replicate, level in request.cells():
        if level == 0 and network is not request.networks[0]:
            continue
        mask = emit.mask(network, replicate, level)
        for copy in range(config.copies):
            what = f"train on {config.set} by {config.evaluate}" + (f" copy{copy}" if copy else "")
            task = emit.train(
                emit.start(network, replicate, level),
                mask,
                recipe,
                emit.sets[config.set],
                Noise(replicate, copy, level),
                role=f"{emit.prefix}{network.name}/s{replicate}/l{level}/{what}",
                begin=0,
            )
            target = Target(
                measure=request.name,
                kind="set-accuracy",
                case=request.case,
                network=network.name,
                replicate=replicate,
                level=level,
                task=task,
                mask=mask,
                copies=(copy,),
                split=config.split,
            )
            found.append(target)
    return found
