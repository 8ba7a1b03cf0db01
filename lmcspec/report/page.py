"""What the page of a report says: plain values in the order in which they are read, without any HTML."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from lmcspec.plan import Plan
from lmcspec.plan.mask_cost import mask_costs
from lmcspec.report.difference_words import LEGEND
from lmcspec.report.noise import WORDS
from lmcspec.report.origin import NOTHING, Known, Origin, origin_of
from lmcspec.report.results_table import CaseTable, ResultsTable, case_table, results_table
from lmcspec.report.sources import Behind, NetworkSources, network_sources
from lmcspec.report.spending import Spent, by_kind
from lmcspec.report.summary import place_of
from lmcspec.report.text_table import TextCell, TextTable, results_on_page
from lmcspec.report.tidy import MISSING, Results, ResultsOf, Row, at_the_end
from lmcspec.report.undecided import Advice

NOT_ASKED = "The study asks for no verdict: the figures and tables below are its answer."


@dataclass(frozen=True, slots=True)
class CasePart:
    """What the page says of one case."""

    case: str
    verdicts: tuple[tuple[str, str], ...]
    unanswered: str
    """Why there is no verdict, where there is none."""
    gaps: tuple[str, ...]
    sparsest: TextTable
    """The last level of each network, for a glance."""
    results: TextTable
    common: tuple[tuple[str, Any], ...]
    """Settings that all networks share."""
    settings: TextTable
    """The settings in which they differ, a column a network."""


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page says of a study but figures."""

    study: str
    title: str
    source: str
    spec: str
    progress: str
    cases: tuple[CasePart, ...]
    sources: tuple[NetworkSources, ...]
    notes: tuple[str, ...]
    spent: TextTable
    masks: TextTable
    """What finding the last mask of each network took."""
    numerics: TextTable
    legend: str
    origin: Origin
    advice: Advice | None = None
    """What would decide the verdicts that are not."""
    prefix: str = ""
    """What all addresses begin with, where it is one of several studies on a page."""


def page(plan: Plan, rows: Sequence[Row], store: Results, runs: Mapping[str, str], known: Known = NOTHING) -> Page:
    """Everything from the plan, its rows, the store, task -> MLflow run, and what is known of the study besides."""
    store = ResultsOf(plan, store)
    names = list(dict.fromkeys(row.case for row in rows)) or [""]
    tables = {case: case_table(plan, rows, case) for case in names}
    results = [table.results for table in tables.values()]
    return Page(
        study=plan.study,
        title=known.title,
        source=known.source,
        spec=known.spec,
        progress=_progress(rows),
        cases=tuple(_case(plan, rows, case, table) for case, table in tables.items()),
        sources=network_sources(plan, store, results, Behind(runs, known.links, known.command)),
        notes=plan.notes,
        spent=_spent(by_kind(plan, store)),
        masks=_masks(plan, rows),
        numerics=_numerics(plan, store),
        legend=legend_of(results),
        origin=origin_of(plan, store, known),
    )


def legend_of(tables: Iterable[ResultsTable]) -> str:
    """What the numbers of these tables are."""
    return f"{LEGEND}; {WORDS}" if any(table.has_floors for table in tables) else LEGEND


def _progress(rows: Sequence[Row]) -> str:
    headlines = [row for row in rows if row.headline]
    # Of what lies on the way no metric is the headline: each place counts once.
    on_the_way = {(*place_of(row), row.replicate): row for row in rows if row.through is not None}
    wanted = [*headlines, *on_the_way.values()]
    if not wanted:
        return "nothing is measured"
    known = sum(row.whole for row in wanted)
    amiss = Counter(outcome for row in headlines for outcome in row.outcomes if outcome != MISSING)
    words = f"all {known:,} results are there" if known == len(wanted) else f"{known:,} of {len(wanted):,} results"
    return ", ".join([words, *(f"{count:,} {outcome}" for outcome, count in amiss.items())])


def _case(plan: Plan, rows: Sequence[Row], case: str, table: CaseTable) -> CasePart:
    common, settings = _settings(plan, case)
    ended = [row for row in at_the_end(rows) if row.case == case]
    last: dict[str, int] = {}
    for row in ended:
        last[row.network] = max(row.level, last.get(row.network, 0))
    sparsest = results_table([row for row in ended if row.level == last[row.network]])
    return CasePart(
        case=case,
        verdicts=table.verdicts,
        unanswered="" if table.verdicts else _unanswered(plan, ended, case),
        gaps=table.gaps,
        sparsest=results_on_page(sparsest),
        results=results_on_page(table.results),
        common=common,
        settings=settings,
    )


def _unanswered(plan: Plan, rows: Sequence[Row], case: str) -> str:
    if not rows:
        return "This study measures nothing yet."
    if not any(question.case == case for question in plan.verdicts):
        return NOT_ASKED
    if any(MISSING in row.outcomes for row in rows):
        return "No verdict yet: results are missing."
    return "No verdict: matching takes accuracies of the dense network and of sparser ones."


def _settings(plan: Plan, case: str) -> tuple[tuple[tuple[str, Any], ...], TextTable]:
    """The settings that all networks of a case share, and a table of the others."""
    series = [line for line in plan.series if line.case == case]
    keys = dict.fromkeys(key for line in series for key in line.params if key not in ("network", "case"))
    by_key = {key: [line.params.get(key) for line in series] for key in keys}
    common = tuple((key, values[0]) for key, values in by_key.items() if all(value == values[0] for value in values))
    lines = tuple(
        (TextCell(key), *(TextCell("" if value is None else str(value)) for value in values))
        for key, values in by_key.items()
        if any(value != values[0] for value in values)
    )
    return common, TextTable(("setting", *(line.network for line in series)), lines, names=len(series) + 1)


def _spent(kinds: Mapping[str, Spent]) -> TextTable:
    total = Spent(*(sum(getattr(spent, name) for spent in kinds.values()) for name in Spent.__slots__))
    lines = [(kind, spent) for kind, spent in kinds.items()] + [("all", total)]
    headings = ("kind of task", "tasks", "training images", "seconds of work", "missing", "skipped after a collapse")
    last = len(headings) if total.skipped else -1
    rows = (
        (
            kind,
            f"{spent.tasks:,}",
            _count(spent.images),
            f"{spent.seconds:,.1f}",
            _count(spent.missing),
            _count(spent.skipped),
        )
        for kind, spent in lines
    )
    return TextTable(headings[:last], tuple(tuple(map(TextCell, row[:last])) for row in rows))


def _masks(plan: Plan, rows: Sequence[Row]) -> TextTable:
    """A line for each network that has a mask, with its measured sparsity, or the plan's where nothing is there."""
    measured: dict[tuple[str, str, int], list[float]] = {}
    for row in rows:
        if row.sparsity is not None:
            measured.setdefault((row.case, row.network, row.level), []).append(row.sparsity)
    lines = []
    for cost in mask_costs(plan, last=True):
        there = measured.get((cost.case, cost.network, cost.level))
        sparsity = fmean(there) if there else cost.sparsity
        making = "unknown" if cost.seen.making is None else _count(cost.seen.making)
        counts = (cost.seen.unpacked, cost.seen.stored, cost.seen.updates)
        seen, stored, updates = (_with_files(count, cost.seen.files) for count in counts)
        images = (seen, stored, making, updates)
        lines.append(
            (cost.case, cost.network, str(cost.level), "?" if sparsity is None else f"{sparsity:.1%}", *images)
        )
    headings = ("case", "network", "level", "sparsity", "images", "as stored", "to make the set", "updates")
    first = 0 if any(line[0] for line in lines) else 1
    return TextTable(headings[first:], tuple(tuple(map(TextCell, line[first:])) for line in lines), names=2 - first)


def _with_files(number: int, files: Collection[str]) -> str:
    """A count without what a mask or weights from a file took."""
    return " + ".join(filter(None, (_count(number), "unknown"))) if files else _count(number)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


NUMERICS = ("device", "cpu", "threads", "torch", "deterministic", "python", "lmcspec")


def _numerics(plan: Plan, store: Results) -> TextTable:
    """On what results were computed, and how many tasks on each."""
    counts: Counter[tuple[str, ...]] = Counter()
    for task in plan.tasks:
        stored = store.find(task)
        if stored is not None:
            numerics = stored.record.get("numerics", {})
            counts[tuple(str(numerics.get(name, "")) for name in NUMERICS)] += 1
    lines = tuple((*map(TextCell, values), TextCell(f"{count:,}")) for values, count in counts.most_common())
    return TextTable((*NUMERICS, "tasks"), lines, names=len(NUMERICS))
