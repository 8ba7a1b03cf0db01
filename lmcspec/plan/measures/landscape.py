"""Landscapes: planes through copies that part at k, or through networks of several kinds."""

from lmcspec.catalog.measures.landscape import Anchor
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import trained
from lmcspec.plan.measures.copies import Branch, branches_of
from lmcspec.plan.measures.request import NoSuchLevel, Request
from lmcspec.plan.trainings import Unsuited
from lmcspec.tasks.landscape import Landscape


def targets(request: Request) -> list[Target]:
    """One target per cell and k."""
    config, emit = request.config, request.emit
    asked = []
    for branch in branches_of(request):
        copies = [branch.copy(number) for number in range(config.copies)]
        anchors = [
            copies[anchor] if isinstance(anchor, int) else _other(request, branch, anchor) for anchor in config.anchors
        ]
        if len(set(anchors)) < len(anchors):
            raise Unsuited(
                "E427",
                f"two anchors of the plane of {branch.network.name}, level {branch.level}, are one training",
                "name the networks to measure, without those that are anchors: networks = [ … ]",
            )
        others = [copy for number, copy in enumerate(copies) if number not in config.anchors]
        inputs = {f"anchor-{place}": task for place, task in enumerate(anchors)}
        inputs |= {f"other-{place}": task for place, task in enumerate(others)}
        # Other networks have masks of their own, and their states are zero there.
        alike = all(isinstance(anchor, int) for anchor in config.anchors)
        inputs |= {"mask": branch.mask} if branch.mask and alike else {}
        dropped = branch.dropped() if config.masks == "dropped" and branch.mask else None
        inputs |= {"start": dropped.start} if dropped else {}
        params = Landscape(
            model=emit.model,
            data=emit.data,
            grid=config.grid,
            margin=config.margin,
            split=tuple(sorted(set(config.split))),
            images=0 if config.images == "all" else config.images,
            bn=config.bn,
            bn_images=config.bn_images if config.bn == "recompute" else 0,
            plane=config.plane,
            decay=dropped.recipe if dropped else None,
            branches=dropped.branches if dropped else (),
        )
        every = tuple(range(config.copies))
        task = emit.graph.add("landscape", params, inputs, role=branch.role(request.name, every, None))
        asked.append(branch.target("landscape", task, every, None))
    return asked


def _other(request: Request, branch: Branch, anchor: Anchor) -> str:
    network = request.other(anchor.network)
    level = branch.level if anchor.level == "same" else anchor.level
    if level >= len(network.levels):
        raise NoSuchLevel(None, f"the anchor {network.name!r} has levels 0 to {len(network.levels) - 1}, not {level}")
    return trained(request, (network, branch.replicate, level), anchor.copy_)
