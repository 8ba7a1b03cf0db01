"""Are results told quickly, however many there are? `lmcspec results` and `lmcspec report` of studies of three sizes.

`uv run python benchmarks/reporting.py [--sizes 1000 3000 10000] [--rounds 3]`: small studies run once, a few minutes of
tasks that take next to no time; then each command is a process of its own, all in turn. Seconds of wall time, and how
they grow: the power of the number of tasks that fits best, by least squares on logarithms.
"""

import argparse
import tempfile
from pathlib import Path

from fits import power
from scale import PER_REPLICATE
from startup import LMCSPEC, run, small

BUDGET = 20.0
"""Seconds of either command for the largest study."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 3_000, 10_000], help="tasks of a study")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is asked")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        studies = {size: ran(Path(place), size) for size in given.sizes}
        for command in ("results", "report"):
            seconds = {size: took(command, *studies[size], given.rounds) for size in given.sizes}
            for size, each in seconds.items():
                spread = f"({min(each):.2f} to {max(each):.2f}, n = {len(each)})"
                print(f"{command:8} {size:7,} tasks {middle(each):7.2f} s {spread}")
            if len(seconds) > 1:
                grown = power({size: middle(each) for size, each in seconds.items()})
                print(f"{command:8} grows as tasks to the power {grown:.2f}")
            largest = middle(seconds[max(seconds)])
            print(f"{command:8} budget {BUDGET:g} s: {'met' if largest <= BUDGET else 'not met'}")


def ran(place: Path, size: int) -> tuple[Path, Path]:
    """A spec of about so many small tasks, and a store in which they have run."""
    spec, store = place / f"small-{size}.toml", place / f"store-{size}"
    spec.write_text(small(max(1, round(size / PER_REPLICATE))))
    run(LMCSPEC, "run", str(spec), "--store", str(store), "--no-tracking")
    return spec, store


def took(command: str, spec: Path, store: Path, rounds: int) -> list[float]:
    """Seconds of a command, once it has been typed before."""
    where = ("--output", str(store.with_suffix(".page"))) if command == "report" else ()
    asked = (LMCSPEC, command, str(spec), "--store", str(store), *where)
    run(*asked)
    return [run(*asked).seconds for _ in range(rounds)]


def middle(values: list[float]) -> float:
    """The median."""
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
