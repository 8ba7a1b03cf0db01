"""Landscapes: planes through copies that part at k, through networks of several kinds, or through aligned partners."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lmcspec.plan.alignments import Partners
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.copies import Branch, branches_of
from lmcspec.plan.measures.in_plane import InPlane, copy_in_plane, named_in_plane
from lmcspec.plan.measures.request import Request
from lmcspec.plan.trainings import Unsuited
from lmcspec.tasks.landscape import Landscape


def targets(request: Request) -> list[Target]:
    """One target per cell and k; of partners per pair, at the first one's replicate, and permutation of the plane."""
    config, asked = request.config, list[Target]()
    pairs = {pair.a: pair for pair in request.alignments.pairs}
    moves = any(anchor.moves for anchor in config.named)
    for branch in branches_of(request):
        if not config.of_partners:
            asked.append(_plane(branch, None, ""))
        elif branch.replicate in pairs:
            ways = request.alignments.under(config.under, branch.network) if moves else [""]
            asked += [_plane(branch, pairs[branch.replicate], under) for under in ways]
    return asked


def _plane(branch: Branch, pair: Partners | None, under: str) -> Target:
    request = branch.request
    config, emit = request.config, request.emit
    copies = [copy_in_plane(branch, number) for number in range(config.copies)]
    anchors = _named(branch, pair, "anchors", under, copies)
    _check_distinct(branch, anchors, under)
    projected = range(config.copies if config.shows_copies else 0)
    others = [copies[number] for number in projected if number not in config.anchors]
    others += _named(branch, pair, "project", under, copies)
    if config.of_partners:  # the first partner is a copy, too, and may be named in both ways
        others = [other for other in others if other.shown not in {anchor.shown for anchor in anchors}]
    inputs = dict(_inputs("anchor", anchors)) | dict(_inputs("other", others))
    # Other networks have masks of their own, and their states are zero there.
    alike = not config.named
    inputs |= {"mask": branch.mask} if branch.mask and alike else {}
    dropped = branch.dropped() if config.masks == "dropped" and branch.mask else None
    inputs |= {"start": dropped.start} if dropped else {}
    inputs |= {
        f"way-{place}-{number}": state
        for place, anchor in enumerate(anchors)
        for number, state in enumerate(anchor.way)
    }
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
    role = branch.role(request.name, every, None) + f" under {under}" * bool(under)
    target = branch.target("landscape", emit.graph.add("landscape", params, inputs, role=role), every, None)
    words = tuple(network.words for network in (*anchors, *others)) if config.named else ()
    return replace(target, under=under, looks_at=words)


def _named(branch: Branch, pair: Partners | None, key: str, under: str, copies: Sequence[InPlane]) -> list[InPlane]:
    """The networks that the measure names under `key`. Raises Unsuited with the place of what can't be shown."""
    networks = []
    for place, anchor in enumerate(getattr(branch.request.config, key)):
        try:
            shown = copies[anchor] if isinstance(anchor, int) else named_in_plane(branch, pair, anchor, under)
        except Unsuited as error:
            error.path = error.path or ("measures", branch.request.name, key, place)
            raise
        networks.append(shown)
    return networks


def _inputs(name: str, networks: Sequence[InPlane]) -> Iterator[tuple[str, str]]:
    for place, network in enumerate(networks):
        yield f"{name}-{place}", network.task
        if network.permutation is not None:
            yield f"permutation-{name}-{place}", network.permutation


def _check_distinct(branch: Branch, anchors: Sequence[InPlane], under: str) -> None:
    """Raises Unsuited where two anchors are one network."""
    if len({anchor.shown for anchor in anchors}) == len(anchors):
        return
    message = f"two anchors of the plane of {branch.network.name}, level {branch.level}, are one training"
    help = "name the networks to measure, without those that are anchors: networks = [ … ]"
    if under:
        message += f" under `{under}`"
        help = f"leave `{under}` out of `under`, or take an anchor that differs from the others there"
    raise Unsuited("E427", message, help)
