"""The networks that a landscape shows: copies by number, other networks, and those of partners, with their ways."""

from typing import NamedTuple

from lmcspec.base.steps import Step
from lmcspec.catalog.measures.landscape import Anchor
from lmcspec.plan.alignments import Partners
from lmcspec.plan.measures.accuracy import before_the_end, recipe_of
from lmcspec.plan.measures.copies import Branch
from lmcspec.plan.measures.request import Cell
from lmcspec.plan.trainings import Unsuited
from lmcspec.spec.names import NONE


class InPlane(NamedTuple):
    """A network of a landscape."""

    task: str
    words: str
    """What it is, in the caption of a figure."""
    permutation: str | None = None
    """The task of the permutation under which it lies."""
    way: tuple[str, ...] = ()
    """The trainings of the states that it passed, where they are asked for."""

    @property
    def shown(self) -> tuple[str, str | None]:
        """What tells it from others."""
        return self.task, self.permutation


def copy_in_plane(branch: Branch, number: int) -> InPlane:
    """One of the copies that part at k, at its end."""
    return InPlane(branch.copy(number), f"copy {number}", way=_way(branch, number, None))


def named_in_plane(branch: Branch, pair: Partners | None, anchor: Anchor, under: str) -> InPlane:
    """Another network or one of a partner's; what lies under the permutation of the plane lies under that name.

    A copy of the network that is measured parts at the measure's k, one of a network that is named at its own rewind
    point.
    """
    request = branch.request
    replicate = branch.replicate if anchor.partner is None or pair is None else _replicate(pair, anchor)
    network = branch.network if anchor.network is None else request.other(anchor.network)
    level = branch.level if anchor.level == "same" else anchor.level
    if level >= len(network.levels):
        message = f"{network.name!r} has levels 0 to {len(network.levels) - 1}, not {level}"
        raise Unsuited("E403", message, "give one of these, or no `level` for that which is measured")
    name, k = branch.name, branch.k
    if anchor.network is not None or anchor.level != "same":
        name, k = recipe_of(request, network, level), request.emit.start(network, replicate, level).step
    training = Branch(request, network, replicate, level, name, k)
    until = _until(training, anchor)
    permutation = None
    if anchor.partner in ("second", "third"):
        assert pair is not None
        way = under if anchor.under is None else request.alignments.single(anchor.under, network)
        permutation = _permutation(branch, pair, anchor, way, level)
    return InPlane(
        _state(training, anchor.copy_, until), _words(anchor), permutation, _way(training, anchor.copy_, until)
    )


def _replicate(pair: Partners, anchor: Anchor) -> int:
    replicate = {"first": pair.a, "second": pair.b, "third": pair.third}[str(anchor.partner)]
    assert replicate is not None, "a study without triples has no third partner"
    return replicate


def _permutation(branch: Branch, pair: Partners, anchor: Anchor, under: str, level: int) -> str | None:
    """What aligns the second with the first; or the third with it, as if that were the second."""
    alignments = branch.request.alignments
    if anchor.partner == "third":
        if under != NONE and alignments.of(under).via is not None:
            message = f"`{under}` goes by way of the third partner, and that itself is to lie under it"
            raise Unsuited("E440", message, "take a permutation that aligns two directly")
        assert pair.third is not None
        pair = Partners(pair.a, pair.third)
    return alignments.permutation(under, pair, level)


def _until(branch: Branch, anchor: Anchor) -> int | None:
    """After how many updates it is looked at; None at its end."""
    if anchor.step == "end":
        return None
    until = branch.recipe.updates(anchor.step) if isinstance(anchor.step, Step) else branch.at
    if until < branch.at:
        message = f"an anchor of {branch.network.name}, level {branch.level}, begins at {branch.k}, after {anchor.step}"
        raise Unsuited("E405", message, "name a later step")
    if until > branch.recipe.recipe.length:
        message = f"step = {anchor.step} is update {until} of the recipe `{branch.name}`"
        raise Unsuited("E401", f"{message}, which ends after {branch.recipe.recipe.length}", "name an earlier step")
    return until if until < branch.recipe.recipe.length else None


def _state(branch: Branch, number: int, until: int | None) -> str:
    return branch.start if until == branch.at else branch.copy(number, until)


def _way(branch: Branch, number: int, until: int | None) -> tuple[str, ...]:
    """The states before that, from where the copies part on, which `through` asks for."""
    cell: Cell = branch.network, branch.replicate, branch.level
    last = branch.recipe.recipe.length if until is None else until
    passed = [updates for updates in before_the_end(branch.request, cell) if branch.at <= updates < last]
    return tuple(_state(branch, number, updates) for updates in passed)


def _words(anchor: Anchor) -> str:
    whose = [f"{anchor.partner} partner"] if anchor.partner else []
    words = "'s ".join([*whose, *([anchor.network] if anchor.network else [])])
    words += f", level {anchor.level}" * (anchor.level != "same")
    words += f", copy {anchor.copy_}" * (anchor.copy_ > 0)
    words += f", at {anchor.step}" * (anchor.step != "end")
    if anchor.under is not None:
        words += ", unpermuted" if anchor.under == NONE else f", under {anchor.under}"
    elif anchor.moves:
        words += ", permuted as the title says"
    return words.removeprefix(", ") or "copy 0"
