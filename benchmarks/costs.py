"""What does a figure cost: what `plan` says, what it takes, and where that goes?

    uv run python benchmarks/costs.py [--only lenet] [--rounds 2] [--data DIR] [--before TREE]

Two studies cut down to some minutes on two cores: LeNet on MNIST (`specs/instability/lenet.toml`), and Figure 7 on
small photographs (`specs/distilled/small/fig7-tiny.toml`). One replicate runs first, so that kinds of task have a past:
what its workers do is looked at a hundred times a second (`benchmarks/sampled`). Then each round adds a replicate, asks
`plan` what that takes, and runs it; with --rounds 0 there is the profile alone. DIR holds `MNIST/raw` and
`tinyimagenet10`; by default LMCSPEC_TEST_DATA says where.

TREE is a checkout of another version, which does the same in turn with the same interpreter. What it takes there is
divided by what it takes here, round by round, on the wall and of the processor.
"""

import argparse
import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from forecast import run, simulated
from startup import ENVIRONMENT

ROOT = Path(__file__).parents[1]
WORKERS = 2
LEAST_SHARE = 0.01
"""What takes less than this share of the slots' time is told together."""

LENET = """
study = "cost-of-lenet"
title = "LeNet on MNIST from initialisation, cut down"
[recipes.real]
extends = "frankle/lenet-mnist"
length = "2000it"
[networks]
imp = [{ data = "real", rounds = 5 }]
[measures]
stability = { levels = ["dense", "last"], copies = 2, images = 10000 }
"""
FIGURE_7 = """
study = "cost-of-figure-7"
title = "Figure 7 on small photographs, cut down"
dataset.split.train = 4500
dataset.resize = 32
[recipes.real]
length = "8ep"
schedule = { at = ["5ep", "6ep"] }
augment.random_resized_crop.size = 32
[recipes.distilled]
length = "140it"
schedule = { at = ["93it", "116it"] }
[distilled.packed]
networks = 2
[networks]
imp    = [{ data = "real", rounds = 1, fraction = 0.36 }]
imp-k3 = [{ data = "real", rounds = 1, fraction = 0.36, rewind = 3 }]
stable = [{ data = "packed", sparsity = 0.36, fraction = 0.36 }, { data = "real", rounds = 1, fraction = 0.36 }]
[measures]
accuracy  = { networks = ["dense", "imp", "imp-k3", "stable"], levels = ["dense", "last-stage"] }
stability = { networks = ["dense", "imp"], levels = ["dense", "last"], points = 7, images = 1000, bn_images = 1000 }
"""


@dataclass(frozen=True, slots=True)
class Study:
    """A study that ships, cut down; `data` is a folder that it needs, of which its root is so many levels above."""

    extends: str
    cut: str
    data: str
    above: int = 0

    def missing(self, root: Path | None) -> str:
        """What is not there to run it with; empty where all is."""
        return "" if root and (root / self.data).is_dir() else f"no {self.data} in {root or 'LMCSPEC_TEST_DATA'}"

    def spec(self, root: Path) -> str:
        """Its text, for data in this folder."""
        where = (root / self.data).resolve().parents[self.above - 1] if self.above else (root / self.data).resolve()
        extends = json.dumps([str(ROOT / self.extends)])
        return f"extends = {extends}\ndataset.root = {json.dumps(str(where))}\n{self.cut}"


STUDIES = {
    "lenet": Study("specs/instability/lenet.toml", LENET, "MNIST/raw", above=2),
    "figure-7": Study("specs/distilled/small/fig7-tiny.toml", FIGURE_7, "tinyimagenet10"),
}


@dataclass
class Measured:
    """What was said and what was taken in one tree, each by round."""

    predicted: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    profile: Counter[tuple[str, str]] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD", help="studies whose name has this in it")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", type=Path, default=os.environ.get("LMCSPEC_TEST_DATA"))
    parser.add_argument("--before", type=Path, metavar="TREE", help="a checkout of the version to compare with")
    given = parser.parse_args()
    trees = {"now": ROOT} | ({"before": given.before.resolve()} if given.before else {})
    for name, study in STUDIES.items():
        if given.only not in name:
            continue
        if missing := study.missing(given.data):
            print(f"{name}: not measured here: {missing}")
            continue
        with tempfile.TemporaryDirectory() as place:
            spec = Path(place, f"{name}.toml")
            spec.write_text(study.spec(given.data))
            measured = measure(str(spec), Path(place), trees, given.rounds)
        for line in table(name, measured):
            print(line, flush=True)


def measure(spec: str, place: Path, trees: Mapping[str, Path], rounds: int) -> dict[str, Measured]:
    """The study with one replicate more in each round, in each tree in turn."""
    measured = {name: Measured() for name in trees}
    for name, tree in trees.items():
        with watched(tree) as (environment, looks):
            run(spec, place / name, 1, WORKERS, environment)
            measured[name].profile += counted(looks)
    for replicates in range(2, rounds + 2):
        for name, tree in trees.items():
            environment, into = of_tree(tree), measured[name]
            _, (_, seconds, _) = simulated(spec, place / name, replicates, WORKERS, environment)
            taken, whole, share = run(spec, place / name, replicates, WORKERS, environment)
            into.predicted.append(seconds)
            into.taken.append(taken)
            into.processor.append(whole * share)
            print(f"{name}, replicate {replicates}: predicted {seconds:.1f} s, taken {taken:.1f} s", flush=True)
    return measured


def of_tree(tree: Path, *first: Path) -> dict[str, str]:
    """The environment in which Python imports the lmcspec of a tree, and looks into these folders first."""
    return {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(map(str, (*first, tree, tree / "runners")))}


@contextmanager
def watched(tree: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """The environment in which workers of a tree are watched, and where the counts lie."""
    with tempfile.TemporaryDirectory() as folder:
        yield of_tree(tree, ROOT / "benchmarks" / "sampled") | {"LMCSPEC_BENCHMARK_SAMPLES": folder}, Path(folder)


def counted(looks: Path) -> Counter[tuple[str, str]]:
    """How often workers were found at each (kind, part)."""
    counts: Counter[tuple[str, str]] = Counter()
    for file in looks.glob("*.json"):
        for kind, part, count in json.loads(file.read_text()):
            counts[kind, part] += count
    return counts


def table(name: str, measured: Mapping[str, Measured]) -> Iterator[str]:
    """Lines of a study: predicted and taken, before to now, and the profile."""
    for tree, of in measured.items():
        if not of.taken:
            continue
        off = [said / took for said, took in zip(of.predicted, of.taken, strict=True)]
        seconds = f"predicted {median(of.predicted):.1f} s, taken {spread(of.taken, 's')}"
        yield f"{name:9} {tree:7} {seconds}, predicted / taken {spread(off, 'x')}"
    if "before" in measured and measured["now"].taken:
        before, now = measured["before"], measured["now"]
        for what in ("taken", "processor"):
            pairs = zip(getattr(before, what), getattr(now, what), strict=True)
            yield f"{name:9} before / now, {what}: {spread([slow / quick for slow, quick in pairs], 'x')}"
    yield f"{name:9} shares of the slots' time: {', '.join(measured)}"
    for (kind, part), shares in profile(measured):
        yield f"{name:9} {kind or 'no task':9} {part:44} " + "  ".join(f"{100 * share:5.1f} %" for share in shares)


def profile(measured: Mapping[str, Measured]) -> Iterator[tuple[tuple[str, str], Sequence[float]]]:
    """Of each kind and part the shares in each tree, kinds by what they take; small parts of a kind are one."""
    shares = {name: {key: n / of.profile.total() for key, n in of.profile.items()} for name, of in measured.items()}
    most: defaultdict[tuple[str, str], float] = defaultdict(float)
    for of_tree in shares.values():
        for key, share in of_tree.items():
            most[key] = max(most[key], share)
    merged: dict[tuple[str, str], list[float]] = {}
    for key, share in most.items():
        shown = key if share >= LEAST_SHARE else ("all", "smaller parts")
        line = merged.setdefault(shown, [0.0] * len(shares))
        for place, of_tree in enumerate(shares.values()):
            line[place] += of_tree.get(key, 0.0)
    kinds: defaultdict[str, float] = defaultdict(float)
    for (kind, _), line in merged.items():
        kinds[kind] += line[0]
    yield from sorted(merged.items(), key=lambda each: (each[0][0] == "all", -kinds[each[0][0]], -each[1][0]))


def spread(values: Sequence[float], unit: str) -> str:
    """Median, least and most, and how many."""
    return f"{median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f}, n = {len(values)})"


if __name__ == "__main__":
    main()
