"""The part of a page that compares networks of the study: what it says, and its figure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.contrast_table import contrasts_in_words, lacking, legend
from lmcspec.report.figures import files
from lmcspec.report.figures.differences import differences
from lmcspec.report.offers import Typed
from lmcspec.report.picture import Picture
from lmcspec.report.text_table import TextTable
from lmcspec.report.tidy import Row
from lmcspec.report.undecided import Advice, advice, of_contrasts, targets_of
from lmcspec.report.within import compare_within

FILE = "comparison"


@dataclass(frozen=True, slots=True)
class ComparisonPart:
    """Two networks, or one of two cases."""

    title: str
    table: TextTable
    lacking: tuple[str, ...]
    """What of either is left out, missing or collapsed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All pairs of networks that two names stand for."""

    title: str
    parts: tuple[ComparisonPart, ...]
    legend: str
    advice: Advice | None
    picture: Picture


def comparison(study: PlannedStudy, rows: Sequence[Row], names: tuple[str, str], how: Typed) -> Comparison:
    """What two names stand for, side by side. UsageError where they can't be compared."""
    compared = compare_within(study.plan, rows, *names)
    part = replace(how, targets=targets_of(study.plan, names, compared))
    drawing = differences(compared, FILE)
    return Comparison(
        title=f"{names[1]} (B) against {names[0]} (A)",
        parts=tuple(
            ComparisonPart(
                f"A {places.a}, B {places.b}" if len(compared) > 1 else "",
                contrasts_in_words(places.contrasts),
                tuple(lacking(places, rows)),
            )
            for places in compared
        ),
        legend=legend([contrast for places in compared for contrast in places.contrasts]),
        advice=advice(study, of_contrasts(compared), part),
        picture=Picture("", FILE, drawing, files(drawing)),
    )
