"""What a study leaves undecided, and how many replicates would decide it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lmcspec.base.members import family
from lmcspec.plan import Plan
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.offers import Typed, Wish, offers
from lmcspec.report.summary import place_of, summarise
from lmcspec.report.tidy import Row, at_the_end
from lmcspec.report.verdicts import UNDECIDED
from lmcspec.report.within import PlacesCompared
from lmcspec.report.words import answers

STAYS = "if means and spreads stay as they are (of new replicates, about as likely as not)"
"""What is assumed when replicates are counted."""


class Undecided(NamedTuple):
    """How much is undecided, and what of it some number of replicates would decide."""

    of: int
    wishes: tuple[Wish, ...]
    asks: str
    """In words what its intervals do with more replicates."""

    def __str__(self) -> str:
        return f"{self.of:,} undecided. With more replicates {self.asks}, {STAYS}:"


@dataclass(frozen=True, slots=True)
class Advice:
    """What more replicates would decide, for people."""

    head: str
    lines: tuple[tuple[str, str], ...]
    """(how many for what, and what they take; the command, empty where there is none)."""


def advice(study: PlannedStudy, undecided: Undecided, how: Typed) -> Advice | None:
    """What would decide it; None where nothing is undecided, or no number of replicates helps."""
    offered = offers(study, undecided.wishes, undecided.of, how)
    return Advice(str(undecided), tuple((str(offer), offer.command) for offer in offered)) if offered else None


def of_contrasts(compared: Iterable[PlacesCompared]) -> Undecided:
    """What is undecided between networks, without what is known to be less apart than the threshold of stability."""
    undecided = [
        contrast
        for places in compared
        for contrast in places.contrasts
        if contrast.verdict == UNDECIDED and not contrast.negligible
    ]
    wishes = (
        Wish(contrast.a.place.case, contrast.needed + contrast.lost, bool(contrast.under))
        for contrast in undecided
        if contrast.needed is not None
    )
    return Undecided(
        len(undecided), tuple(wishes), "intervals exclude 0, or are narrower than the threshold of stability"
    )


def of_verdicts(plan: Plan, rows: Iterable[Row]) -> Undecided:
    """The verdicts of a study that have too few replicates."""
    ended = at_the_end(rows)
    wishes: list[tuple[str, int | None]] = []
    for case in dict.fromkeys(row.case for row in ended) if plan.verdicts else ():
        of_case = [row for row in ended if row.case == case]
        questions = [question for question in plan.verdicts if question.case == case]
        single = _counted_once(of_case)
        for network, of_network in answers(of_case, summarise(of_case), questions).items():
            for answer in of_network:
                stays = network in single and answer.verdict.n == 1
                wishes += [(case, None if stays else count) for count in answer.needed]
    known = tuple(Wish(case, count) for case, count in wishes if count is not None)
    return Undecided(len(wishes), known, "there are verdicts, and their intervals lie on one side of the threshold")


def _counted_once(rows: Iterable[Row]) -> set[str]:
    """The networks of a case with a number that is one for all replicates, however many there are."""
    rows = list(rows)
    replicates: dict[tuple, set[int]] = {}
    for row in rows:
        replicates.setdefault(place_of(row), set()).add(row.replicate)
    several = len({row.replicate for row in rows}) > 1
    return {row.network for row in rows if several and len(replicates[place_of(row)]) == 1}


def targets_of(plan: Plan, names: Sequence[str], compared: Iterable[PlacesCompared]) -> tuple[str, ...]:
    """What `--target` takes for these networks: the names as given where it knows them; nothing for the whole study."""
    every = {(target.case, target.network) for target in plan.targets}
    places = dict.fromkeys(place for pair in compared for place in (pair.a, pair.b))
    if every <= places.keys():
        return ()
    known = {name for case, network in every for name in (case, network, family(network))}
    return tuple(dict.fromkeys(names if known.issuperset(names) else map(str, places)))
