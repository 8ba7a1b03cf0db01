"""How quick lmcspec is on this machine: `uv run python -m benchmarks [SECTION …] [--quick]`.

Runs the benchmarks beside this file one after the other, those of sections alone where any are named, and prints what
they print: ratios with median, least and most of repeated runs. Nothing fails here: what is not within its budget or
its goal is said to be so, and so is what can't be measured on this machine, and why. An hour and a half on two cores,
half an hour with --quick, which repeats less. Studies that need images take them from the folder LMCSPEC_TEST_DATA.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Section(NamedTuple):
    """A benchmark, and how it is asked; `quick` is for --quick."""

    what: str
    words: tuple[str, ...]
    quick: tuple[str, ...]


SECTIONS = {
    "training": Section(
        "an update of a network, beside the bare model's, the compiled model's, and OpenLTH's way",
        ("-m", "benchmarks.training", "--rounds", "5"),
        ("-m", "benchmarks.training", "--rounds", "2", "--seconds", "2"),
    ),
    "measures": Section(
        "a path between two networks, beside a plain loop over its points, and forward passes alone",
        ("-m", "benchmarks.measures", "--rounds", "5"),
        ("-m", "benchmarks.measures", "--rounds", "2", "--images", "1000"),
    ),
    "sparse": Section(
        "networks without dead units, beside whole ones, against density",
        ("-m", "benchmarks.sparse", "--rounds", "5"),
        ("-m", "benchmarks.sparse", "--rounds", "2", "--only", "lenet"),
    ),
    "together": Section(
        "several trainings as one program, beside one after the other",
        ("-m", "benchmarks.together", "--rounds", "5"),
        ("-m", "benchmarks.together", "--rounds", "2", "--seconds", "2"),
    ),
    "checkpoints": Section(
        "a checkpoint of 25 million parameters, beside writing as many bytes",
        ("-m", "benchmarks.checkpoints", "--rounds", "7"),
        ("-m", "benchmarks.checkpoints", "--rounds", "3"),
    ),
    "answers": Section(
        "commands that answer, beside Python's imports, and plans of 1,000 and 100,000 tasks",
        ("benchmarks/startup.py",),
        ("benchmarks/startup.py", "--rounds", "3"),
    ),
    "workers": Section(
        "until workers are ready, the first, the second, and one in another's place",
        ("-m", "benchmarks.workers", "--rounds", "7"),
        ("-m", "benchmarks.workers", "--rounds", "3"),
    ),
    "engine": Section(
        "what the engine costs a task",
        ("benchmarks/engine.py",),
        ("benchmarks/engine.py", "--sizes", "4", "10", "--rounds", "2", "--naive", "3"),
    ),
    "reporting": Section(
        "results and a page of studies of 1,000, 3,000 and 10,000 tasks",
        ("benchmarks/reporting.py",),
        ("benchmarks/reporting.py", "--sizes", "1000", "3000", "--rounds", "1"),
    ),
    "growth": Section(
        "what a task costs beside its work, and how that grows",
        ("benchmarks/scale.py",),
        ("benchmarks/scale.py", "--sizes", "300", "1000", "--repeats", "1"),
    ),
    "costs": Section(
        "what two studies take, what their plans said, and where it goes",
        ("benchmarks/costs.py", "--rounds", "3"),
        ("benchmarks/costs.py", "--rounds", "1"),
    ),
    "tracked": Section(
        "how much of a run is tracking",
        ("benchmarks/tracked.py",),
        ("benchmarks/tracked.py", "--rounds", "1", "--replicates", "1"),
    ),
    "tracking": Section(
        "telling MLflow, beside its plain client",
        ("benchmarks/tracking.py",),
        ("benchmarks/tracking.py", "--replicates", "1", "--rounds", "1"),
    ),
    "checking": Section(
        "that whatever is read was checked",
        ("benchmarks/checking.py", "--rounds", "5"),
        ("benchmarks/checking.py", "--rounds", "2", "--made", "1", "--replicates", "4"),
    ),
    "matching": Section(
        "weight matching, beside a plain loop",
        ("benchmarks/matching.py", "--plain", "2"),
        ("benchmarks/matching.py", "--networks", "resnet-20-16", "--times", "2"),
    ),
    "noise": Section(
        "the draws of a noise floor, beside the path that they are of",
        ("benchmarks/noise.py",),
        ("benchmarks/noise.py", "--images", "10000", "--times", "2"),
    ),
}


def main() -> None:
    """Run sections in their order."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="repeat less")
    given = parser.parse_args()
    if unknown := [name for name in given.sections if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    print(_machine(), flush=True)
    for name in given.sections or SECTIONS:
        section = SECTIONS[name]
        began = time.monotonic()
        print(f"\n== {name}: {section.what}", flush=True)
        why = _measured(section.quick if given.quick else section.words)
        print(f"   {time.monotonic() - began:.0f} s{why}", flush=True)


def _measured(words: Sequence[str]) -> str:
    """Run a benchmark, which prints its lines; what there is to say of how it ended."""
    ended = subprocess.run([sys.executable, *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    said = [line for line in ended.stderr.splitlines() if line.strip()]
    if not ended.returncode:
        return ""
    # What exits with 1 and says nothing has measured all that it was to.
    if ended.returncode == 1 and not said:
        return ", not all of it within its budget"
    return f", not measured here: {said[-1].strip() if said else f'it was ended ({ended.returncode})'}"


def _machine() -> str:
    """What it is on, and what else was there to be measured with."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ", no GPU"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({capability}){gpu}, {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}; load {load}"
    )


if __name__ == "__main__":
    main()
