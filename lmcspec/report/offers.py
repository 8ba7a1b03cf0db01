"""What more replicates would decide, what they cost, and what to type for them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.base.errors import LmcspecError, SpecError
from lmcspec.base.typed_words import study_words
from lmcspec.plan.chosen import Chosen
from lmcspec.plan.cost import Pace
from lmcspec.plan.outlook import Outlook, outlook
from lmcspec.plan.planned_study import PlannedStudy, read_study
from lmcspec.plan.render import duration
from lmcspec.plan.simulate import Slots

if TYPE_CHECKING:
    from lmcspec.store import Store

LISTED = 3
"""How many numbers of replicates are planned: the smallest, which cost the least."""
LARGE = 10_000
"""Tasks of a study from which on planning takes seconds, so that only the smallest number is planned."""
KEY = "replicates"


class Wish(NamedTuple):
    """Something undecided, and how many replicates of its case would decide it."""

    case: str
    replicates: int
    of_partners: bool = False
    """Whether these are partners that are taken together, and no single replicates."""


@dataclass(frozen=True, slots=True)
class Typed:
    """How a study was named on the command line, and on what it would run."""

    spec: Path
    sets: Sequence[str]
    store: "Store | None"
    slots: Slots
    pace: Pace
    max_tasks: int
    targets: tuple[str, ...] = ()
    """The part of the study that is asked for; all of it where nothing is named."""
    where: tuple[str, ...] = ()
    """The options that name the store."""

    def command(self, sets: Sequence[str]) -> str:
        """What runs it with these settings."""
        words = [*self._named(sets), *(word for target in self.targets for word in ("--target", target))]
        return f"lmcspec run {shlex.join([*words, *self.where])}"

    @property
    def words(self) -> str:
        """The study as a command names it."""
        return shlex.join(self._named(self.sets))

    def _named(self, sets: Sequence[str]) -> list[str]:
        return study_words([self.spec], sets)


@dataclass(frozen=True, slots=True)
class Offer:
    """So many replicates, the wishes that they fulfil, and what they take."""

    replicates: int
    fulfils: int
    of: int
    view: Outlook | None
    """The plan of so many, held against the store; None where there can't be one."""
    slots: Slots
    command: str
    trouble: str = ""
    """Why there can't be a plan."""

    @property
    def takes(self) -> str:
        """`93 tasks, 12 s on 2 slots (8 s to 20 s)`; or why it can't be."""
        if self.view is None or self.view.diff.blocked:
            return self.trouble if self.view is None else self.view.obstacles[0]
        count = len(self.view.diff.run)
        if not count:
            return "nothing is left to run"
        tasks = f"{count:,} {'task' if count == 1 else 'tasks'}"
        wall, low, high = self._walls()
        if wall is None:
            return f"{tasks}, of which some are of a kind that has never been timed"
        basis = ", by a first estimate" if self.view.guessed else ""
        return f"{tasks}, {duration(wall)} on {self.slots} ({duration(low or 0)} to {duration(high or 0)}){basis}"

    @property
    def over(self) -> bool:
        """Whether all of it is there."""
        return self.view is not None and not self.view.diff.blocked and not self.view.diff.run

    def __str__(self) -> str:
        return f"{self.replicates:,} replicates, enough for {self.fulfils:,} of {self.of:,}: {self.takes}"

    def _walls(self) -> list[float | None]:
        return [
            None if self.view is None else self.view.wall(self.slots, which) for which in ("seconds", "low", "high")
        ]

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "replicates": self.replicates,
            "fulfils": self.fulfils,
            "of": self.of,
            "tasks": None if self.view is None else len(self.view.diff.run),
            **dict(zip(("seconds", "low", "high"), self._walls(), strict=True)),
            "trouble": self.trouble or None,
            "command": self.command or None,
        }


def offers(study: PlannedStudy, wishes: Sequence[Wish], of: int, typed: Typed) -> list[Offer]:
    """The smallest numbers of replicates that fulfil some wishes, each planned and held against the store.

    `of` is how many there are, those that no number fulfils among them. A saved plan can't be made anew: no offers.
    """
    if study.loaded is None or not wishes:
        return []
    cases = {case.name: case.study for case in study.loaded.cases}
    numbers = sorted(_in_spec(wish, cases[wish.case].partners) for wish in wishes)
    there = min(cases[wish.case].replicates for wish in wishes)
    listed = list(dict.fromkeys(numbers))[: LISTED if len(study.plan.tasks) < LARGE else 1]
    offered = [_offer(count, sum(number <= count for number in numbers), of, count > there, typed) for count in listed]
    return [offer for offer in offered if offer.replicates > there or not offer.over]


def _in_spec(wish: Wish, partners: int) -> int:
    """The replicates that the spec has to say, where it takes some together as partners."""
    count = wish.replicates * partners if wish.of_partners else wish.replicates
    return -(-count // partners) * partners


def _offer(replicates: int, fulfils: int, of: int, more: bool, typed: Typed) -> Offer:
    """`more`: than the spec says. Else what is missing is enough."""
    sets = list(typed.sets)
    if more:
        sets = [setting for setting in sets if setting.partition("=")[0].strip() != KEY] + [f"{KEY}={replicates}"]
    chosen = Chosen(targets=typed.targets) if typed.targets else None
    try:
        plan = read_study(typed.spec, sets, typed.store, typed.max_tasks).plan
        view = outlook(plan, typed.store, chosen=chosen, pace=typed.pace)
    except LmcspecError as error:
        trouble = error.problems[0].message if isinstance(error, SpecError) else str(error)
        return Offer(replicates, fulfils, of, None, typed.slots, "", trouble)
    return Offer(replicates, fulfils, of, view, typed.slots, typed.command(sets))
