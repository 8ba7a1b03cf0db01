"""What experiments and runs say of themselves: MLflow's descriptions, which are Markdown."""

import re
import shlex
from typing import TYPE_CHECKING

from lmcspec.base.visible import one_line
from lmcspec.catalog import get
from lmcspec.plan import Plan
from lmcspec.tasks import Task, kind
from lmcspec.track import view
from lmcspec.track.about import About
from lmcspec.track.reporter import REPORT

if TYPE_CHECKING:
    from lmcspec.track.wanted import SeriesRun

MOST = 8
"""Measures that are named one by one."""
TITLE = 500
"""Characters of a title, and of a source."""
COMMAND = 1500

_MARKS = re.compile(r"[\\`*{}\[\]@]|_(?![^\W_])|(?<![^\W_])_")
"""Not the `_` within a word, which is none, and which addresses have."""
_BEGINNING = re.compile(r"^(\d+(?=[.)])|(?=[#+=-]))")
"""Of a heading, an item of a list or a line beneath a heading."""
_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("~"): "&#126;", ord("|"): "&#124;"}
_TICKS = re.compile("`+")


def of_study(plan: Plan, said: About, experiment: str, report: str) -> str:
    """The note of an experiment; `report` is the page of the latest one, empty where there is none yet.

    Of the first line MLflow shows the beginning in lists, as it is written, and all above the charts, before it is
    unfolded.
    """
    links = [f"[charts by level]({view.charts(experiment)})", *([f"[report]({report})"] if report else [])]
    return _paragraphs(
        " · ".join([plain(said.title[:TITLE] or plan.study), *links]),
        f"From: {plain(said.source[:TITLE])}." if said.source else "",
        f"Measured: {_measured(plan)}.",
        "In a chart the level of pruning goes from left to right, 0 for the dense network. A line is a network in one "
        "replicate, in the colour that it has in the report; what is only dense is grey. A broken line is a noise "
        "floor, or the same number under another permutation.",
        _again(said.command),
    )


def of_series(run: "SeriesRun", experiment: str) -> str:
    """The note of a series."""
    case = f" of the case {plain(run.series.case)}" if run.series.case else ""
    return _paragraphs(
        f"The network **{plain(run.series.network)}**{case} in replicate {run.replicate}: a line of each of the "
        f"[charts]({view.charts(experiment)}).",
        "The step of a metric is the level of pruning, 0 for the dense network; `final/…` is the last level. In the "
        "table of runs the tasks that ran for it are beneath it, with losses and curves. The command that ran it is "
        f"its source; reports are with the [runs of the study]({view.invocations(experiment)}).",
    )


def of_task(task: Task, series: str, said: About, experiment: str) -> str:
    """The note of a task, which ran for a series."""
    reason = f" for the series {plain(series)}" if series else ""
    by_command = said.command.startswith("lmcspec run ")
    again = f"{said.command} --force {shlex.quote(task.label)}" if by_command else said.command
    return _paragraphs(
        f"The task {code(task.label)}{reason} · [charts]({view.charts(experiment)}) · "
        f"[reports]({view.invocations(experiment)})",
        plain(kind(task.kind).doc),
        _again(again),
    )


def of_invocation(plan: Plan, said: About, experiment: str) -> str:
    """The note of an invocation."""
    return _paragraphs(
        f"A run of the study **{plain(plan.study)}**, of {sum(1 for _ in plan.counted):,} tasks in all. "
        f"Its artifacts: the report with all figures ({code(REPORT)}), all numbers (`results.csv`), the plan, and the "
        f"spec with all defaults. [Charts of the study]({view.charts(experiment)}).",
        _again(said.command),
    )


def plain(text: str) -> str:
    r"""Text of others as Markdown in which nothing is markup.

    >>> plain("0 < *k* [1]")
    '0 &lt; \\*k\\* \\[1\\]'
    """
    marked = _MARKS.sub(r"\\\g<0>", one_line(text).strip().translate(_ENTITIES))
    return _BEGINNING.sub(r"\g<0>\\", marked)


def code(text: str) -> str:
    """Text of others as Markdown's code.

    >>> code("a`b")
    '`` a`b ``'
    """
    line = one_line(text)
    ticks = max(map(len, _TICKS.findall(line)), default=0)
    return f"{'`' * (ticks + 1)} {line} {'`' * (ticks + 1)}" if ticks else f"`{line}`"


def _measured(plan: Plan) -> str:
    kinds = dict.fromkeys((target.measure, target.kind) for target in plan.targets)
    named = [f"{plain(measure)} ({plain(get('measure', of_kind).doc)})" for measure, of_kind in kinds]
    more = len(named) - MOST
    return "; ".join([*named[:MOST], *([f"and {more} more"] if more > 0 else [])])


def _again(command: str) -> str:
    return f"To run it again: {code(command)}" if command and len(command) <= COMMAND else ""


def _paragraphs(*paragraphs: str) -> str:
    return "\n\n".join(filter(None, paragraphs))
