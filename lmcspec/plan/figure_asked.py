"""A figure that a case asks for, with what of its study it could be drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lmcspec.base.errors import Problem
from lmcspec.catalog import MeasureCard, Metric, PlotCard, get
from lmcspec.catalog.figure import Figure
from lmcspec.plan.graph import Plan, Target
from lmcspec.spec import Case


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure of the study that a figure can be drawn from."""

    name: str
    card: MeasureCard
    config: Any
    set_aside: bool
    """Whether there are validation images."""

    def has(self, metric: Metric) -> bool:
        """Whether its tasks look at the metric's images, under its policy for batch norm."""
        splits, policies = getattr(self.config, "split", ()), getattr(self.config, "bn", ())
        if metric.split == "validation" and not self.set_aside:
            return False
        several = isinstance(splits, tuple)  # of a training's own evaluation every split is kept
        return (not several or metric.split in ("", *splits)) and (
            not isinstance(policies, tuple) or metric.policy in ("", *policies)
        )


@dataclass(frozen=True)
class AskedFigure:
    """A figure of a case."""

    plan: Plan
    case: Case
    name: str
    targets: Sequence[Target]
    """All those of the case."""

    @cached_property
    def figure(self) -> Figure:
        """Its table."""
        return self.case.study.figures[self.name]

    @cached_property
    def plot(self) -> PlotCard:
        """Its plot."""
        card = get("plot", self.figure.plot)
        assert isinstance(card, PlotCard)
        return card

    @cached_property
    def known(self) -> Sequence[Measured]:
        """All measures of the study."""
        set_aside = self.case.study.dataset.split is not None
        return [_measured(name, config, set_aside) for name, config in self.case.study.measures.items()]

    @cached_property
    def fitting(self) -> Sequence[Measured]:
        """The measures from which its plot can be drawn; all where it needs none."""
        kinds = self.plot.measures
        return [measure for measure in self.known if not kinds or measure.card.name in kinds]

    @cached_property
    def measures(self) -> Sequence[Measured]:
        """Those of them that it is drawn from."""
        return [measure for measure in self.fitting if self.word("measure") in (None, measure.name)]

    @cached_property
    def of_measures(self) -> Sequence[Target]:
        """The targets of its measures."""
        names = {measure.name for measure in self.measures}
        return [target for target in self.targets if target.measure in names]

    @property
    def of_all_cases(self) -> bool:
        """Whether it is one of all cases of a sweep."""
        return self.plot.across == "always" or "case" in (self.says("panels"), self.says("series"))

    def says(self, key: str) -> Any:
        """What it says of a key; None also where its plot doesn't take that."""
        return getattr(self.figure, key, None)

    def word(self, key: str) -> str | None:
        """The same where it is a word: a package's plot may mean something else by a key."""
        return said if isinstance(said := self.says(key), str) else None

    def of_networks(self, targets: Sequence[Target]) -> list[Target]:
        """The targets of the networks that it asks for."""
        return [target for target in targets if target.network in (self.figure.networks or (target.network,))]

    def problem(
        self, code: str, message: str, key: str, *place: int | str, near: str | None = None, help: str = ""
    ) -> Problem:
        """A problem of one of its keys."""
        label = f"did you mean `{near}`?" if near else ""
        return self.case.origins.problem(code, message, ("figures", self.name, key, *place), label=label, help=help)


def _measured(name: str, config: Any, set_aside: bool) -> Measured:
    card = get("measure", getattr(config, "kind", name))
    assert isinstance(card, MeasureCard)
    return Measured(name, card, config, set_aside)
