"""Several ways to do the same, each in a process of its own, all in turn: a busy machine slows them all alike."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio that is wanted: at least `least` times as fast as another way."""

    than: str
    least: float


def seconds_in_turn(module: str, words: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """Seconds that `python -m MODULE WORDS` prints for each way, in as many rounds."""
    seconds: dict[str, list[float]] = {way: [] for way in words}
    for round in range(rounds):
        for way, arguments in words.items():
            _tell(f"round {round + 1} of {rounds}: {' '.join(arguments)}")
            order = [sys.executable, "-m", module, *arguments]
            answer = subprocess.run(order, stdout=subprocess.PIPE, check=True, text=True)
            seconds[way].append(float(answer.stdout.split()[-1]))
    _tell("")
    return seconds


def seconds_of_more(took: Callable[[int], float], seconds: float) -> float:
    """Seconds of each of several updates where `took(n)` tells those of a beginning and n of them; the least of three.

    As many as fit in a fourth of so many seconds; the first ones are not counted, nor is the beginning.
    """
    took(2)
    each = max(1e-6, (took(5) - took(2)) / 3)
    several = max(3, round(seconds / 4 / each))
    return min((took(2 + several) - took(2)) / several for _ in range(3))


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")


def ratio_line(what: str, seconds: Mapping[str, Sequence[float]], way: str, goal: Goal) -> str:
    """How many times as fast a way is as another, round by round: median, least and most; and what is wanted."""
    ratios = [slow / quick for slow, quick in zip(seconds[goal.than], seconds[way], strict=True)]
    middle = median(ratios)
    met = "" if not goal.least else f"  goal {goal.least:g} x: {'met' if middle >= goal.least else 'not met'}"
    spread = f"{middle:6.2f} x ({min(ratios):.2f} to {max(ratios):.2f}, n = {len(ratios)})"
    return f"{what:24} {way:14} to {goal.than:16} {spread}{met}"


def seconds_line(what: str, way: str, seconds: Sequence[float]) -> str:
    """What a way takes."""
    ms = [1000 * each for each in (median(seconds), min(seconds), max(seconds))]
    return f"{what:24} {way:14}    {ms[0]:10.2f} ms ({ms[1]:.2f} to {ms[2]:.2f}, n = {len(seconds)})"


def asked(what: str | None) -> argparse.ArgumentParser:
    """The options that benchmarks of networks have in common; `what` is the benchmark's own description.

    `--one NETWORK WAY` is how a process of one way is asked.
    """
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run")
    parser.add_argument("--only", default="", metavar="WORD", help="networks whose name has this in it")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    return parser


def put(table: Iterable[str]) -> None:
    """Print the lines of a table."""
    for line in table:
        print(line)
