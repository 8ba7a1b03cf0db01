"""How many replicates would decide what is undecided: as commands print it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.cli.options import first_pace, slots
from lmcspec.cli.output import put, put_words, say

if TYPE_CHECKING:
    from lmcspec.plan.planned_study import PlannedStudy
    from lmcspec.report import Row
    from lmcspec.report.offers import Typed
    from lmcspec.report.undecided import Advice
    from lmcspec.store import Store


def typed(
    spec: Path,
    sets: Sequence[str],
    given: Path | None,
    store: "Store",
    max_tasks: int,
    targets: tuple[str, ...] = (),
) -> "Typed":
    """How the study was named; `given` is `--store`, which a command has to name again unless the environment does."""
    from lmcspec.report.offers import Typed

    named = given is not None and os.environ.get("LMCSPEC_STORE") != str(given)
    where = ("--store", str(given)) if named else ()
    return Typed(spec, sets, store, slots(None), first_pace(), max_tasks, targets, where)


def say_verdict_advice(study: "PlannedStudy", rows: "Sequence[Row]", how: "Typed") -> None:
    """Say what would decide the verdicts of a study; nothing where all are decided.

    It is talk: what it takes depends on the machine, and results are the same on any.
    """
    from lmcspec.report.undecided import advice, of_verdicts

    for words, command in _lines(advice(study, of_verdicts(study.plan, rows), how)):
        say(words, command)


def put_advice(given: "Advice | None") -> None:
    """Print what more replicates take, as a part of the answer."""
    for words, command in _lines(given):
        put(command) if command else put_words(words)


def _lines(given: "Advice | None") -> Iterator[tuple[str, str]]:
    """(words, "") for each number of replicates, and below it ("", command), whole, to be copied."""
    if given is None:
        return
    yield given.head, ""
    for words, command in given.lines:
        yield f"  {words}", ""
        if command:
            yield "", f"    {command}"
