"""Verdicts and gaps of a study as lines of words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lmcspec.base.word_lists import few
from lmcspec.catalog.metric import NUMBER, Unit
from lmcspec.plan.graph import Question
from lmcspec.report.compare import Interval
from lmcspec.report.emptied import emptied
from lmcspec.report.replicates import FEWEST
from lmcspec.report.summary import Cell, Key, key_of
from lmcspec.report.tidy import MISSING, Row, tasks_of
from lmcspec.report.verdicts import UNDECIDED, MatchingGaps, Verdict, matching_gaps, matching_level, stable

PARTLY = "partly"
"""A result of which some copies are missing, and others there."""
OUTCOMES = {"chance": "no better than chance", "dead-layer": "with a dead layer", PARTLY: "without all of their copies"}
"""What `missing` and `diverged` say by themselves."""
FINEST = 6
"""Decimals of a number; smaller ones have an exponent."""
LARGEST = 7
"""Digits before the point beyond the third; larger ones have an exponent."""

MOST_NAMED = 5
"""Layers in one line."""


class Answer(NamedTuple):
    """A verdict in words, with the places to which it applies."""

    verdict: Verdict
    text: str
    needed: tuple[int | None, ...]
    """At each place where it is undecided how many replicates it takes; None where no number up to a thousand does."""
    partly: bool = False
    """Whether it is undecided at some places only, and says what it is at others."""


def verdicts(rows: Sequence[Row], cells: Mapping[Key, Cell], questions: Iterable[Question]) -> list[tuple[str, str]]:
    """(network, its verdicts, each with its n); one line for all where there are too few replicates for any."""
    answered = answers(rows, cells, questions)
    everything = [answer for of_network in answered.values() for answer in of_network]
    ns = {answer.verdict.n for answer in everything}
    undecided = (answer.verdict.word == UNDECIDED and not answer.partly for answer in everything)
    if everything and len(ns) == 1 and all(undecided):
        return [("", f"verdicts undecided (n = {ns.pop()}): they need {FEWEST} replicates")]
    return [
        (network, "; ".join(answer.text for answer in of_network))
        for network, of_network in answered.items()
        if of_network
    ]


def answers(rows: Sequence[Row], cells: Mapping[Key, Cell], questions: Iterable[Question]) -> dict[str, list[Answer]]:
    """The answers to a case's questions by network."""
    questions = list(questions)
    several = sum(question.kind == "stability" for question in questions) > 1
    lines: dict[str, list[Answer]] = {}
    for network in dict.fromkeys(row.network for row in rows):
        headlines = [row for row in rows if row.network == network and row.headline]
        for question in questions:
            if network not in question.networks:
                continue
            if question.kind == "stability":
                of_question = _stabilities(headlines, cells, question, f"{question.measure}: " if several else "")
            else:
                of_question = _matching(headlines, rows, cells, question)
            lines.setdefault(network, []).extend(of_question)
    return lines


def _stabilities(headlines: Sequence[Row], cells: Mapping[Key, Cell], question: Question, prefix: str) -> list[Answer]:
    """Each verdict with the levels from each k to which it applies, steps with the same levels together."""
    alike: dict[str, list[tuple[Row, Verdict]]] = {}
    for row in sorted({key_of(row): row for row in headlines}.values(), key=lambda row: (row.at_updates, row.level)):
        if row.measure == question.measure and key_of(row) in cells:
            verdict = stable(cells[key_of(row)], question.threshold)
            # By its words: what noise would make of a number is another number for each.
            alike.setdefault(str(verdict), []).append((row, verdict))
    lines = []
    for words, judged in alike.items():
        levels_from: dict[str, list[int]] = {}
        for row, _ in judged:
            levels_from.setdefault(row.k, []).append(row.level)
        steps: dict[tuple[int, ...], list[str]] = {}
        for k, levels in levels_from.items():
            steps.setdefault(tuple(levels), []).append(k)
        places = [f"{at_levels(levels)} from k = {', '.join(ks)}" for levels, ks in steps.items()]
        verdicts_alike = [verdict for _, verdict in judged]
        word = f"stability {words}" if verdicts_alike[0].word == UNDECIDED else words
        intervals = [verdict.interval for verdict in verdicts_alike if verdict.interval]
        text = f"{prefix}{word} {' and '.join(places)}{_surely(intervals)}"
        needed = (verdict.needed for verdict in verdicts_alike if verdict.word == UNDECIDED)
        lines.append(Answer(verdicts_alike[0], text, tuple(needed)))
    return lines


def _surely(intervals: Sequence[Interval]) -> str:
    """`, 95 % t-interval [0.31, 0.90]`; of several what they span."""
    if not intervals:
        return ""
    low, high = (
        100 * edge
        for edge in (min(interval.low for interval in intervals), max(interval.high for interval in intervals))
    )
    if len(intervals) == 1:
        return f", 95 % t-interval [{low:z.2f}, {high:z.2f}]"
    return f", 95 % t-intervals within [{low:z.2f}, {high:z.2f}]"


def _matching(
    headlines: Sequence[Row], rows: Sequence[Row], cells: Mapping[Key, Cell], question: Question
) -> list[Answer]:
    accuracies = {
        row.level: cells[key_of(row)] for row in headlines if row.measure == question.reads and key_of(row) in cells
    }
    dense = accuracies.get(0) or _dense(rows, cells, question)
    if dense is None or not any(accuracies):
        return []
    level, verdict = matching_level(accuracies, dense)
    around = matching_gaps(accuracies, dense, level)
    needed = tuple(of_level.needed for of_level in around.undecided.values())
    if level is None:
        return [Answer(verdict, _no_match(verdict, around), needed, partly=bool(around.unlike))]
    sparsities = [row.sparsity for row in headlines if row.level == level and row.sparsity is not None]
    sparse = f", {sum(sparsities) / len(sparsities):.1%} sparse" if sparsities else ""
    up_to_it = around.whole and not around.unlike and not any(measured < level for measured in around.undecided)
    text = f"matches dense up to level {level}" if up_to_it else f"sparsest match: level {level}"
    text += f"{sparse} (n = {verdict.n})"
    if verdict.difference is not None:
        text += f", off dense by {100 * verdict.difference:+z.2f}"
    if verdict.interval is not None:
        low, high = 100 * verdict.interval.low, 100 * verdict.interval.high
        text += f" [{low:+z.2f}, {high:+z.2f}] ({'paired ' * bool(verdict.pairs)}95 % t-interval)"
    return [Answer(verdict, ", ".join([text, *_unmatched(around)]), needed)]


def _no_match(verdict: Verdict, around: MatchingGaps) -> str:
    """`no level matches (n = 3)`; `matching undecided at level 3 (n = 2), no match at levels 1, 2`."""
    if verdict.word == "no level matches":
        return str(verdict)
    if verdict.word != UNDECIDED or not (around.unlike and around.undecided):
        return f"matching {verdict}"
    *unlike, undecided = _unmatched(around)
    return ", ".join([f"matching {undecided}", *unlike])


def _unmatched(around: MatchingGaps) -> list[str]:
    """`no match at level 2`, `undecided at levels 3, 4 (n = 1–2)`."""
    words = [f"no match {at_levels(around.unlike)}"] if around.unlike else []
    if around.undecided:
        ns = sorted({verdict.n for verdict in around.undecided.values()})
        words.append(f"{UNDECIDED} {at_levels(around.undecided)} (n = {'–'.join(map(str, ns[:: len(ns) - 1 or 1]))})")
    return words


def _dense(rows: Sequence[Row], cells: Mapping[Key, Cell], question: Question) -> Cell | None:
    """The dense network's accuracy, for a network whose own level 0 is not measured; None where there are several."""
    dense = [row for row in rows if row.measure == question.reads and row.headline and row.level == 0]
    tasks: dict[Key, set[str]] = {}
    for row in dense:
        tasks.setdefault(key_of(row), set()).update(tasks_of([row]))
    if len({frozenset(of_key) for of_key in tasks.values()}) != 1:
        return None
    return cells.get(key_of(dense[0]))


def in_its_unit(cell: Cell | None, unit: Unit = NUMBER, *, floor: bool = False, of: str | None = "") -> str:
    """`97.36 ± 0.59 (2)` in percent or points, with how many are missing and what collapsed; `missing` for none.

    With `floor` what noise alone would make of it stands after it, where that is known. `of` says what n counts, if not
    replicates; None where nothing is counted.
    """
    scale = unit.scale
    if cell is None:
        return "missing"
    if not cell.n:
        return cell.note or "missing"
    mean = scale * cell.mean
    form = form_of(mean, scale)
    spread = "" if cell.std is None else f" ± {scale * cell.std:{form}}"
    asked = f" of {cell.asked}" if cell.asked > cell.n else ""
    counted = "" if of is None else f" ({cell.n}{asked}{f' {of}' * bool(of)})"
    note = f" {cell.note}" if cell.note else ""
    noise = f" floor {scale * cell.floor.high:{form}}" if floor and cell.floor is not None else ""
    return f"{mean:{form}}{spread}{counted}{note}{noise}"


def form_of(value: float, scale: float) -> str:
    """How a number is written: shares to a hundredth of a point, others to three digits and two decimals at least.

    What rounds to nothing has no sign.
    """
    if not value or not math.isfinite(value) or scale != 1:
        return "z.2f"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return "z.2e" if decimals > FINEST or -decimals > LARGEST else f"z.{max(2, decimals)}f"


def gaps(rows: Iterable[Row]) -> list[str]:
    """What is not there, or ended otherwise than well; then layers of which nothing is left."""
    rows = list(rows)
    levels_at: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        # What became of a training is told of its end, once; that a result is not there is a gap anywhere.
        on_the_way = row.through is not None and row.value is None
        outcomes = row.outcomes if row.headline else (MISSING,) if on_the_way and MISSING in row.outcomes else ()
        partly = row.value is not None and not row.whole
        for outcome in (PARTLY if partly and outcome == MISSING else outcome for outcome in outcomes):
            levels_at.setdefault((row.network, row.measure, outcome), []).append(row.level)
    alike: dict[tuple[str, str, str, tuple[int, ...]], list[str]] = {}
    for (network, measure, outcome), levels in levels_at.items():
        alike.setdefault((network.partition("[")[0], measure, outcome, tuple(levels)), []).append(network)
    lines = []
    for (_, measure, outcome, levels), networks in alike.items():
        count = len(levels) * len(networks)
        results = "result" if count == 1 else "results"
        words = f"{count} {results} {OUTCOMES.get(outcome, outcome)} {at_levels(levels)}"
        lines.append(f"{_together(networks)}, {measure}: {words}")
    for empty in emptied(rows):
        which = few([f"`{layer}`" for layer in empty.layers], MOST_NAMED)
        where = at_levels(empty.levels) + ("" if empty.everywhere else ", in some replicates")
        lines.append(f"{_together(empty.networks)}: no weight of {which} is left {where}")
    return lines


def _together(networks: Sequence[str]) -> str:
    """One by its name, alike members of a family by that of the family."""
    if len(networks) == 1:
        return networks[0]
    return f"{networks[0].partition('[')[0]} ({len(networks)} of the family)"


def at_levels(levels: Iterable[int]) -> str:
    """`at level 3`, `at levels 0, 2–5`."""
    numbers = sorted(set(levels))
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        str(run[0]) if len(run) == 1 else f"{run[0]}, {run[1]}" if len(run) == 2 else f"{run[0]}–{run[-1]}"
        for run in runs
    ]
    return f"at level{'s' if len(numbers) > 1 else ''} {', '.join(parts)}"
