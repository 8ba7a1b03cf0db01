"""What a report has of one study: its page, its figures, and what it compares."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.comparison import Comparison, comparison
from lmcspec.report.offers import Typed
from lmcspec.report.origin import Known, commits_of
from lmcspec.report.page import Page, page
from lmcspec.report.picture import Picture
from lmcspec.report.pictures import file_name, pictures
from lmcspec.report.tidy import Row, tidy
from lmcspec.report.undecided import advice, of_verdicts
from lmcspec.store import Store


class Asked(NamedTuple):
    """A study that a report is to be of.

    What is undecided, and a comparison, take knowing `how` to run it: without it a page is the same on any machine.
    """

    study: PlannedStudy
    spec: str
    """The study as a command names it."""
    how: Typed | None = None
    runs: Mapping[str, str] = MappingProxyType({})
    """Task -> run of MLflow."""
    links: Mapping[str, str] = MappingProxyType({})
    """Task -> the page of that run, where a server has it."""
    against: tuple[str, str] | None = None
    """The names of what a part of the page compares."""
    command: str = ""
    """What makes the report."""


class StudyPart(NamedTuple):
    """All that a report has of a study."""

    page: Page
    pictures: tuple[Picture, ...]
    comparison: Comparison | None
    rows: tuple[Row, ...]

    @property
    def every_picture(self) -> tuple[Picture, ...]:
        """Those of the comparison first."""
        return (self.comparison.picture, *self.pictures) if self.comparison else self.pictures


def study_part(asked: Asked, store: Store, called: str = "") -> StudyPart:
    """What a report has of a study; beside others it is `called` by a name, with which addresses and files begin."""
    study, how = asked.study, asked.how
    plan, rows = study.plan, tidy(study.plan, store)
    compared = comparison(study, rows, asked.against, how) if how and asked.against else None
    prefix = f"{called}/" if called else ""
    text = replace(
        page(plan, rows, store, asked.runs, _known(asked, store)),
        advice=advice(study, of_verdicts(plan, rows), how) if how else None,
        prefix=prefix,
    )
    figures = {case.name: case.study.figures for case in study.loaded.cases} if study.loaded else {}
    taken = {compared.picture.file} if compared else set()
    drawn = tuple(pictures(plan, rows, store, figures, taken=taken, prefix=prefix))
    if called:
        drawn = tuple(replace(picture, file=f"{file_name(called)}-{picture.file}") for picture in drawn)
    return StudyPart(text, drawn, compared, tuple(rows))


def _known(asked: Asked, store: Store) -> Known:
    loaded, how = asked.study.loaded, asked.how
    first = loaded.cases[0].study if loaded else None
    title, source = (first.title, first.source) if first else ("", "")
    known = Known(title, source, asked.spec, loaded=loaded, links=asked.links)
    if how is None:
        return known
    commits = commits_of(store, asked.study.plan.study)
    shows = shlex.join(["lmcspec", "ui", *how.where]) if asked.runs and not asked.links else ""
    return known._replace(command=how.command(how.sets), page=asked.command, runs=shows, commits=commits)
