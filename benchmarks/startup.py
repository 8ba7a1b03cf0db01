"""Is lmcspec quick to answer? Start-up against its budgets: `uv run python benchmarks/startup.py [--store STORE]`.

The first two budgets are ratios to `python -c "import typer, pydantic, rich.table, tomli"`, the least that a command of
this kind can cost; the three are run in turn, so that a busy machine slows all of them, and compared by their medians.
Plans are timed as commands, imports included. STORE is a folder in which the quickstart has run; without it, it is run
into a temporary one first (about a minute). Exits with 1 when a budget is exceeded.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

QUICKSTART = str(Path(__file__).parents[1] / "specs" / "quickstart.toml")
LMCSPEC = str(Path(sys.executable).with_name("lmcspec"))
LEAST = (sys.executable, "-c", "import typer, pydantic, rich.table, tomli")
# Compiled modules are what users have, and the warm-up makes them.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall time and of processors, and the most memory it held, in GiB."""

    seconds: float
    processor: float
    memory: float


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    what: str
    costs: Sequence[Cost]
    measured: float
    budget: float
    unit: str

    @property
    def spread(self) -> str:
        seconds = [cost.seconds for cost in self.costs]
        return f"{min(seconds):.2f} to {max(seconds):.2f}"


def iterated(study: str, replicates: int, model: str, length: str, batch: int) -> str:
    """The spec of a study of 51 tasks a replicate: 25 rounds are 26 trainings and 25 prunings."""
    return f"""
study = "{study}"
replicates = {replicates}
dataset = "digits"
model = {model}
[recipes.real]
length = "{length}"
batch = {batch}
optimiser = {{ name = "sgd", lr = 0.1, momentum = 0.9 }}
[networks]
imp = [{{ data = "real", rounds = 25 }}]
[measures]
accuracy = {{}}
"""


def small(replicates: int) -> str:
    """Such a study of tasks that take next to no time: 40 replicates are 2,040."""
    return iterated("small", replicates, '{ name = "mlp", widths = [32] }', "4it", 64)


def run(*command: str) -> Cost:
    """Run a command to its end and throw its output away."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read().decode()}")
    return Cost(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def in_turn(commands: Sequence[Sequence[str]], rounds: int) -> list[list[Cost]]:
    """The costs of each command, run one after the other, `rounds` times after one for warming up."""
    for command in commands:
        run(*command)
    found = [[run(*command) for command in commands] for _ in range(rounds)]
    return [list(costs) for costs in zip(*found, strict=True)]


def middle(costs: Sequence[Cost]) -> float:
    return median(cost.seconds for cost in costs)


def ratios(rounds: int, none: str) -> list[Result]:
    least, help_, plan = in_turn([LEAST, (LMCSPEC, "--help"), (LMCSPEC, "plan", QUICKSTART, "--store", none)], rounds)
    return [
        Result("import typer, pydantic, rich.table, tomli", least, 1.0, 1.0, "x"),
        Result("lmcspec --help", help_, middle(help_) / middle(least), 1.5, "x"),
        Result("lmcspec plan of the quickstart", plan, middle(plan) / middle(least), 3.0, "x"),
    ]


def long_plan(folder: Path, replicates: int, rounds: int, none: str) -> tuple[str, list[Cost]]:
    tasks = replicates * 51
    spec = folder / f"{tasks}.toml"
    spec.write_text(iterated("long", replicates, '"lenet-300-100"', "10ep", 32))
    command = (LMCSPEC, "plan", str(spec), "--store", none, "--max-tasks", str(tasks))
    return f"lmcspec plan of {tasks:,} tasks", [run(*command) for _ in range(rounds)]


def measure(store: str | None, rounds: int, folder: Path) -> list[Result]:
    none = str(folder / "none")
    results = ratios(rounds, none)
    what, costs = long_plan(folder, 20, rounds, none)
    results.append(Result(what, costs, middle(costs), 1.0, "s"))
    what, costs = long_plan(folder, 1961, 3, none)
    results.append(Result(what, costs, middle(costs), 30.0, "s"))
    results.append(Result(f"{what}, memory", costs, max(cost.memory for cost in costs), 2.0, "GiB"))
    again = (LMCSPEC, "run", QUICKSTART, "--store", store or str(folder / "store"))
    run(*again)
    costs = [run(*again) for _ in range(rounds)]
    results.append(Result("lmcspec run of the quickstart, all reused", costs, middle(costs), 5.0, "s"))
    return results


def table(results: Sequence[Result]) -> Table:
    shown = Table("", "n", "seconds, least to most", "of processor", "measured", "budget", "", box=None)
    for result in results:
        within = "" if result.measured <= result.budget else "over"
        processor = f"{median(cost.processor for cost in result.costs):.2f}"
        numbers = processor, f"{result.measured:.2f} {result.unit}", f"{result.budget:g} {result.unit}"
        shown.add_row(result.what, str(len(result.costs)), result.spread, *numbers, within)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", help="a store in which the quickstart has run")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(given.store, given.rounds, Path(folder))
    Console(width=120).print(table(results))
    sys.exit(any(result.measured > result.budget for result in results))


if __name__ == "__main__":
    main()
