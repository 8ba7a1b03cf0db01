"""How a measure walks the straight path between two networks: what it says of points, images and batch norm."""

from lmcspec.plan.measures.request import Request
from lmcspec.tasks.path import Path


def path_of(request: Request) -> Path:
    """The parameters of the paths that a measure asks for, by its `points`, `split`, `images`, `bn` and `bn_images`."""
    config, emit = request.config, request.emit
    return Path(
        model=emit.model,
        data=emit.data,
        points=config.points,
        split=tuple(sorted(set(config.split))),
        images=0 if config.images == "all" else config.images,
        bn=tuple(sorted(set(config.bn))),
        bn_images=config.bn_images,
    )
