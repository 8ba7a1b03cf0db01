"""Where the numbers of a page come from: of each the tasks, with what is known of them."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lmcspec.base.word_lists import few
from lmcspec.plan import Plan, Target
from lmcspec.report.anchors import anchor_of
from lmcspec.report.results_table import ResultsTable
from lmcspec.report.sparkline import Sparkline, sparkline, sparkline_along
from lmcspec.report.tidy import MISSING, Results, measure_of
from lmcspec.report.words import form_of

MOST_CURVES = 1_000
"""Curves that a page draws; reading more takes longer than all the rest of it."""
MOST_NAMED = 4
"""Networks that the head of a number names."""


class Behind(NamedTuple):
    """What is known of tasks beside their results."""

    runs: Mapping[str, str]
    """Task -> run of MLflow."""
    links: Mapping[str, str]
    """Task -> the page of that run, where a server has it."""
    command: str
    """What runs the study; empty where nobody said."""


@dataclass(frozen=True, slots=True)
class NumberSource:
    """A task behind a number: the replicate and the copies that it is of, what it gave, where it lies."""

    id: str
    label: str
    replicate: int
    copies: str
    """`0`, or the pair `0-1`."""
    value: str
    outcome: str
    path: str
    run: str
    link: str
    curve: Sparkline | None
    first: bool
    """Whether no number before is of this task, which has its address here."""


@dataclass(frozen=True, slots=True)
class NumberSources:
    """A number of the tables, and the tasks that it is made of."""

    anchors: tuple[str, ...]
    """Its addresses: networks that share their tasks share their numbers. The first one stands in a table."""
    words: str
    """`accuracy of dense, imp at level 0`."""
    text: str
    """As the tables have it."""
    tasks: tuple[NumberSource, ...]
    again: str
    """What runs just these tasks again; empty where nobody said how the study is run."""


@dataclass(frozen=True, slots=True)
class NetworkSources:
    """The numbers of a network that none before it has."""

    network: str
    numbers: tuple[NumberSources, ...]


def network_sources(
    plan: Plan, store: Results, tables: Iterable[ResultsTable], behind: Behind
) -> tuple[NetworkSources, ...]:
    """Every number of the tables with its tasks, network by network in the order of the plan."""
    texts = {
        value.anchor: value.text
        for table in tables
        for line in table.lines
        for value in line.values
        if value is not None
    }
    curves = _curves(plan, store)
    seen: set[str] = set()
    by_network: dict[str, list[NumberSources]] = {}
    for targets in _numbers(plan):
        anchors = dict.fromkeys(anchor_of(target) for target in targets)
        shown = sorted(anchors, key=lambda anchor: anchor not in texts)
        sources = []
        for target in {target.task: target for target in reversed(targets)}.values():
            sources.append(_source(plan, store, target, behind, curves.get(target.task), target.task not in seen))
            seen.add(target.task)
        sources.sort(key=lambda source: (source.replicate, source.copies))
        number = NumberSources(
            tuple(shown), _words(targets), texts.get(shown[0], ""), tuple(sources), _again(sources, behind.command)
        )
        by_network.setdefault(_network(targets[0]), []).append(number)
    return tuple(NetworkSources(network, tuple(numbers)) for network, numbers in by_network.items())


def _numbers(plan: Plan) -> list[list[Target]]:
    """The targets of each number, those of the same tasks and measure together, in the order of the tables.

    Those of copies on their way come after all that the tables have.
    """
    networks = {
        key: place for place, key in enumerate(dict.fromkeys((target.case, target.network) for target in plan.targets))
    }

    def order(target: Target) -> tuple[bool, int, int, str, int, str, int, int]:
        at = target.level, target.measure, target.at_updates, target.under, target.through or 0, target.replicate
        return target.through is not None, networks[target.case, target.network], *at

    places: dict[str, list[Target]] = {}
    for target in sorted(plan.targets, key=order):
        places.setdefault(anchor_of(target), []).append(target)
    shared: dict[tuple[str, frozenset[str]], list[Target]] = {}
    for targets in places.values():
        tasks = frozenset(target.task for target in targets)
        shared.setdefault((targets[0].kind, tasks), []).extend(targets)
    return list(shared.values())


def _source(
    plan: Plan, store: Results, target: Target, behind: Behind, curve: Sparkline | None, first: bool
) -> NumberSource:
    task, stored = target.task, store.find(target.task)
    card = measure_of(target.kind)
    known_by = card.known_by(plan.tasks[task].params, target.split)
    value = card.values(stored.scalars).get(known_by) if stored else None
    scale = known_by.unit.scale
    return NumberSource(
        id=task,
        label=plan.tasks[task].label,
        replicate=target.replicate,
        copies="-".join(map(str, target.copies)),
        value="" if value is None else f"{scale * value:{form_of(scale * value, scale)}}",
        outcome=stored.outcome if stored else MISSING,
        path="/".join(stored.path.parts[-3:]) if stored else "",
        run=behind.runs.get(task, ""),
        link=behind.links.get(task, ""),
        curve=curve or (sparkline_along(stored.scalars, known_by) if stored else None),
        first=first,
    )


def _curves(plan: Plan, store: Results) -> dict[str, Sparkline]:
    """Those of the trainings behind numbers; none where there are too many to be read."""
    tasks = dict.fromkeys(target.task for target in plan.targets if target.through is None)
    trainings = [task for task in tasks if plan.tasks[task].trains]
    if len(trainings) > MOST_CURVES:
        return {}
    drawn = {task: sparkline(stored) for task in trainings if (stored := store.find(task)) is not None}
    return {task: curve for task, curve in drawn.items() if curve is not None}


def _words(targets: Sequence[Target]) -> str:
    """`accuracy of dense, imp at level 0`; those that call it otherwise, or have it elsewhere, after a semicolon."""
    networks: dict[tuple[str, int], dict[str, None]] = {}
    for target in targets:
        networks.setdefault((_measure(target), target.level), {})[_network(target)] = None
    told = {at: few(list(names), MOST_NAMED) for at, names in networks.items()}
    return "; ".join(f"{measure} of {names} at level {level}" for (measure, level), names in told.items())


def _measure(target: Target) -> str:
    k = f" k={'0' if not target.at_updates else target.at}" if target.at else ""
    after = "" if target.through is None else f" after {target.through:,} updates"
    return f"{target.measure}{k}{f' under {target.under}' if target.under else ''}{after}"


def _network(target: Target) -> str:
    return f"{target.case}/{target.network}" if target.case else target.network


def _again(sources: Sequence[NumberSource], command: str) -> str:
    words = (word for source in sources for word in ("--target", source.label, "--force", source.label))
    return f"{command} {shlex.join(words)}" if command else ""
