"""Does the quickstart show what its header says? `python .ci/quickstart.py RESULTS.json PRINTED.txt`.

RESULTS.json is what `lmcspec run specs/quickstart.toml --format json` prints, PRINTED.txt what `lmcspec results` does,
in lines as long as they get (COLUMNS=500). Bounds and verdicts are read from the header, so that no other are checked.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from statistics import fmean

SPEC = Path(__file__).parents[1] / "specs" / "quickstart.toml"
REPLICATES = 3
THRESHOLD = 2.0
"""Points of test error; a network with less instability in the mean is stable."""
STEPS = {0: "0", 3: "3ep"}
"""How results write the k of a column."""

ACCURACY = re.compile(r"Test accuracy, (?P<low>[\d.]+) to (?P<high>[\d.]+) % for all")
LINE = re.compile(r"(?P<network>[a-z][\w-]*) +(?P<sparsity>[\d.]+) % {2,}(?P<from0>\S.*?) {2,}(?P<from3>\S.*)")
CELL = re.compile(r"(?P<low>[\d.]+) to (?P<high>[\d.]+)(?:, (?P<word>stable|unstable))?")
VERDICT = re.compile(
    r"(?P<word>stable|unstable)(?:, within the noise of [\d,]+ images)? \(n = (?P<n>\d+)\) (?P<places>.*)"
)
PLACES = re.compile(r"at levels? (?P<levels>[\d, –]+) from k = (?P<steps>\w+(?:, (?!95 %)\w+)*)")

SENTENCES: Mapping[str, Mapping[tuple[str, int], str]] = {
    "A dense network is unstable from the start, and stable from epoch three on.": {
        ("dense", 0): "unstable",
        ("dense", 3): "stable",
    },
    "What IMP leaves is stable from the start.": {("imp", 0): "stable"},
    "So is a network with the distilled mask; with the entries of that mask shuffled within each layer it is not.": {
        ("stable", 0): "stable",
        ("shuffled", 0): "unstable",
    },
}
"""What the header makes of its table: each sentence, and the verdicts on (network, k) that it rests on."""

Row = dict


@dataclass(frozen=True)
class Bounds:
    """What a cell of the header's table says of instability, in points; without a `word` it promises no verdict."""

    low: float
    high: float
    word: str


@dataclass(frozen=True)
class Line:
    """A network at its last level: percent of weights pruned, bounds by k."""

    network: str
    sparsity: float
    instability: Mapping[int, Bounds]


@dataclass(frozen=True)
class Claim:
    """Something that the header says, the numbers that it is about, and whether it holds."""

    text: str
    numbers: Sequence[float]
    holds: bool


def header(spec: str) -> list[str]:
    """The comment that the spec begins with, without its number signs."""
    return [line[2:] for line in takewhile(lambda line: line.startswith("#"), spec.splitlines())]


def table(lines: Sequence[str]) -> list[Line]:
    """The lines of the header that say what to expect of a network."""
    return [
        Line(
            row["network"],
            float(row["sparsity"]),
            {k: bounds for k, cell in ((0, row["from0"]), (3, row["from3"])) if (bounds := read(cell)) is not None},
        )
        for line in lines
        if (row := LINE.fullmatch(line.strip()))
    ]


def read(cell: str) -> Bounds | None:
    """Nothing of a dash. What is neither a dash nor bounds is nothing that could be checked."""
    if cell == "-":
        return None
    if (bounds := CELL.fullmatch(cell)) is None:
        sys.exit(f"specs/quickstart.toml: `{cell}` in its header is nothing that can be checked: LOW to HIGH, VERDICT")
    return Bounds(float(bounds["low"]), float(bounds["high"]), bounds["word"] or "")


def means(rows: Sequence[Row], metric: str) -> dict[tuple[str, int, str], float]:
    """In points, over replicates, by (network, level, k); where a replicate has none there is none."""
    values: dict[tuple[str, int, str], dict[int, float]] = {}
    for row in rows:
        if row["metric"] == metric and row["value"] is not None:
            place = row["network"], row["level"], row["at"] if row["at_updates"] else "0"
            values.setdefault(place, {})[row["replicate"]] = 100 * row["value"]
    return {place: fmean(each.values()) for place, each in values.items() if len(each) == REPLICATES}


def verdicts(printed: str) -> set[tuple[str, str, int, str]]:
    """(network, word, level, k) of what is printed beneath the results, where it is of all replicates."""
    said = set()
    for line in printed.splitlines():
        network, _, words = line.strip().partition(" ")
        for part in words.strip().split("; "):
            if (verdict := VERDICT.fullmatch(part)) and int(verdict["n"]) == REPLICATES:
                said |= {
                    (network, verdict["word"], level, k)
                    for place in PLACES.finditer(verdict["places"])
                    for level in numbers(place["levels"])
                    for k in place["steps"].split(", ")
                }
    return said


def numbers(levels: str) -> Iterator[int]:
    """Those of `0, 2–5`."""
    for part in levels.split(", "):
        first, _, last = part.partition("–")
        yield from range(int(first), int(last or first) + 1)


def claims(spec: str, rows: Sequence[Row], printed: str) -> Iterator[Claim]:
    """All that the header of the spec says of results."""
    lines = header(spec)
    networks = table(lines)
    instabilities, said = means(rows, "instability/test"), verdicts(printed)
    for line in networks:
        level = max((row["level"] for row in rows if row["network"] == line.network), default=0)
        yield from of_network(line, level, rows, instabilities, said)
    text = " ".join(line.strip() for line in lines)
    promised = {(line.network, k): bounds.word for line in networks for k, bounds in line.instability.items()}
    for sentence, rests_on in SENTENCES.items():
        held = sentence in text and rests_on.items() <= promised.items()
        yield Claim(f"the header says, as its table does: {sentence}", [], held)
    yield of_accuracy(text, rows)
    others = sorted({row["outcome"] for row in rows} - {"ok"})
    yield Claim(f"every result is ok{': ' if others else ''}{', '.join(others)}", [], bool(rows) and not others)


def of_network(
    line: Line,
    level: int,
    rows: Sequence[Row],
    instabilities: Mapping[tuple[str, int, str], float],
    said: set[tuple[str, str, int, str]],
) -> Iterator[Claim]:
    """What a line of the table says."""
    here = f"{line.network} at level {level}"
    sparsities = {100 * row["sparsity"] for row in rows if (row["network"], row["level"]) == (line.network, level)}
    near = bool(sparsities) and all(abs(sparsity - line.sparsity) < 0.5 for sparsity in sparsities)
    yield Claim(f"{here} is {line.sparsity:g} % sparse", sorted(sparsities), near)
    for k, bounds in line.instability.items():
        mean = instabilities.get((line.network, level, STEPS[k]))
        text = f"{here} has {bounds.low:g} to {bounds.high:g} points of instability from k = {k}"
        yield Claim(text, [] if mean is None else [mean], mean is not None and bounds.low <= mean <= bounds.high)
        if bounds.word:
            held = mean is not None and (bounds.word == "stable") == (mean < THRESHOLD)
            printed = (line.network, bounds.word, level, STEPS[k]) in said
            yield Claim(f"{here} is {bounds.word} from k = {k}, and that is printed", [], held and printed)


def of_accuracy(text: str, rows: Sequence[Row]) -> Claim:
    """What the header says of all networks and levels."""
    by_place = means(rows, "test/accuracy")
    places = {(row["network"], row["level"]) for row in rows if row["metric"] == "test/accuracy"}
    whole = {(network, level) for network, level, _ in by_place} == places
    accuracies = by_place.values()
    if (bounds := ACCURACY.search(text)) is None or not accuracies or not whole:
        return Claim("the header says how accurate all are, and all replicates have accuracies", [], False)
    low, high = min(accuracies), max(accuracies)
    within = float(bounds["low"]) <= low and high <= float(bounds["high"])
    return Claim(f"test accuracy is {bounds['low']} to {bounds['high']} % for all", [low, high], within)


def main() -> None:
    results, printed = map(Path, sys.argv[1:3])
    rows = json.loads(results.read_text(encoding="utf-8"))["data"]["results"]
    failed = 0
    for claim in claims(SPEC.read_text(encoding="utf-8"), rows, printed.read_text(encoding="utf-8")):
        failed += not claim.holds
        told = "  ".join(f"{number:.2f}" for number in claim.numbers)
        print(f"{'holds ' if claim.holds else 'FAILS '} {claim.text}  {told}".rstrip())
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
