"""Does the quickstart still show what it is there to show? `python .ci/quickstart.py RESULTS.json`.

RESULTS.json is what `lmcspec run specs/quickstart.toml --format json` prints.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

REPLICATES = 2
IMP_LEVEL, LAST_LEVEL = 4, 6
STABLE = 0.02
"""Instability of test error below which a network counts as stable: two points."""

Row = dict


def values(rows: list[Row], network: str, level: int, metric: str, at: int = 0) -> list[float]:
    """One value per replicate, in their order."""
    found = {
        row["replicate"]: row["value"]
        for row in rows
        if (row["network"], row["level"], row["metric"], row["at_updates"]) == (network, level, metric, at)
    }
    missing = [replicate for replicate in range(REPLICATES) if found.get(replicate) is None]
    if missing:
        sys.exit(f"no {metric} of {network} at level {level} in replicate {missing[0]}")
    return [found[replicate] for replicate in range(REPLICATES)]


def sparsities(rows: list[Row], network: str, level: int) -> set[float]:
    """Measured, of all replicates."""
    return {row["sparsity"] for row in rows if (row["network"], row["level"]) == (network, level)}


def claims(rows: list[Row]) -> Iterator[tuple[str, list[float], bool]]:
    """(claim, the numbers it is about, whether it holds)."""
    dense = values(rows, "dense", 0, "instability/test")
    yield "dense is unstable at k = 0: above 0.02 in each replicate", dense, min(dense) > STABLE
    imp = values(rows, "imp", IMP_LEVEL, "instability/test")
    yield "imp at 83 % is stable at k = 0: below 0.02 in each replicate", imp, max(imp) < STABLE
    stable = fmean(values(rows, "stable", LAST_LEVEL, "test/accuracy"))
    shuffled = fmean(values(rows, "shuffled", LAST_LEVEL, "test/accuracy"))
    yield "a shuffled mask loses test accuracy: stable, shuffled", [stable, shuffled], shuffled < stable
    accuracy = values(rows, "dense", 0, "test/accuracy")
    yield "dense networks learn: test accuracy above 0.95 in each replicate", accuracy, min(accuracy) > 0.95
    sparsity = sorted(sparsities(rows, "imp", IMP_LEVEL))
    yield "imp at level 4 is 83.2 % sparse", sparsity, all(abs(one - 0.832) < 0.002 for one in sparsity)
    others = sorted({row["outcome"] for row in rows} - {"ok"})
    yield f"every result is ok{': ' if others else ''}{', '.join(others)}", [], not others


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text())["data"]["results"]
    failed = 0
    for claim, numbers, holds in claims(rows):
        failed += not holds
        print(f"{'holds ' if holds else 'FAILS '} {claim}  {'  '.join(f'{number:.4f}' for number in numbers)}".rstrip())
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
