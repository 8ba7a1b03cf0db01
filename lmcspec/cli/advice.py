"""How many replicates would decide what is undecided: as commands print it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.cli.options import first_pace, slots
from lmcspec.cli.output import put, put_words, say
from lmcspec.cli.stores import store_words

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
    """How the study was named; `given` is `--store`."""
    from lmcspec.report.offers import Typed

    return Typed(spec, sets, store, slots(None), first_pace(), max_tasks, targets, tuple(store_words(given)))


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
