"""Weights and masks that come from files: their parts, what a plan knows of them, and what a run would refuse."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lmcspec.base.errors import BlockedError, Problem
from lmcspec.base.facts import ModelFacts
from lmcspec.base.steps import Step
from lmcspec.plan.facts import tensor_facts
from lmcspec.spec import Case
from lmcspec.spec.study import LoadedTensors
from lmcspec.tasks import Part

REPLICATE = "{replicate}"
"""In the name of a file: the number of the replicate."""


class TensorFile(NamedTuple):
    """A file of tensors as a plan knows it."""

    path: Path
    part: Part
    shapes: Mapping[str, tuple[str, tuple[int, ...]]]
    """Type and shape by canonical name; nothing where the file is missing."""
    survivors: Mapping[str, int]
    """Of a mask, by canonical name."""


class Given(NamedTuple):
    """Weights, or a mask: one file for all replicates, or one for each."""

    files: tuple[TensorFile, ...]
    step: Step = Step()
    """Of weights: how far they are trained."""
    each: bool = False
    """Whether each replicate has one of its own."""

    def part(self, replicate: int) -> Part:
        """What a replicate has."""
        return self.files[replicate % len(self.files)].part

    @property
    def digests(self) -> list[str]:
        """Of the parts, in the order of the replicates."""
        return [file.part.digest for file in self.files]


class MaskCounts(NamedTuple):
    """What a plan knows of how many weights a mask leaves."""

    density: float | None
    """The mean over replicates; None where a file is not here."""
    survivors: Mapping[str, int] | None
    """By layer, where all replicates have as many, and the layers are known."""


class GivenTensors(NamedTuple):
    """All of a case, by name."""

    weights: Mapping[str, Given] = {}
    masks: Mapping[str, Given] = {}


NOTHING = GivenTensors()
"""Of a case that names no files of tensors."""


def read_given(
    case: Case,
    start: Mapping[tuple[str, str], Path],
    neutral: dict[str, Mapping],
    missing: dict[str, str],
    problems: list[Problem],
) -> GivenTensors:
    """Read the facts of every file; `start` is where relative paths of (table, name) begin.

    Adds to where parts lie (`neutral`), why some are not here (`missing`), and problems.
    """
    read: dict[str, dict[str, Given]] = {"weights": {}, "masks": {}}
    for table, entries in (("weights", case.study.weights), ("masks", case.study.masks)):
        for name, entry in entries.items():
            files = list(_files(case, table, name, entry, start[table, name], missing, problems))
            neutral |= {
                file.part.digest: {
                    "weights" if table == "weights" else "mask": str(file.path),
                    "rename": dict(entry.rename),
                }
                for file in files
                if file.shapes
            }
            read[table][name] = Given(tuple(files), getattr(entry, "step", Step()), REPLICATE in entry.load)
    return GivenTensors(read["weights"], read["masks"])


def fit_problems(case: Case, given: GivenTensors, model: ModelFacts | None) -> Iterator[Problem]:
    """Files without the model's prunable weights, as far as its shapes are known; a run looks at all its tensors."""
    if model is None or given == NOTHING:
        return
    from lmcspec.science.given.given import OtherTensors, check_fit

    for table, entries in given._asdict().items():
        dtype = "bool" if table == "masks" else "float32"
        wanted = {name: (dtype, shape) for name, shape in model.prunable}
        for name, entry in entries.items():
            for file in filter(lambda file: file.shapes, entry.files):
                try:
                    check_fit(file.path, file.shapes, wanted, whole=table == "masks")
                except OtherTensors as error:
                    yield case.origins.problem("E441", str(error), (table, name, "load"), help=error.help)
                    break


def counts_of(mask: Given, model: ModelFacts | None) -> MaskCounts:
    """How many weights a mask leaves, by layer where the model's layers are known."""
    from math import prod

    from lmcspec.science.given.naming import pair

    here = [file for file in mask.files if file.shapes]
    if len(here) < len(mask.files):
        return MaskCounts(None, None)
    sizes = [sum(prod(shape) for _, shape in file.shapes.values()) for file in here]
    left = [sum(file.survivors.values()) for file in here]
    density = sum(count / max(1, size) for count, size in zip(left, sizes, strict=True)) / len(here)
    if model is None:
        return MaskCounts(density, None)
    names = [name for name, _ in model.prunable]
    by_layer = [
        {
            name.removesuffix(".weight"): file.survivors[theirs]
            for name, theirs in pair(names, file.survivors).pairs.items()
        }
        for file in here
    ]
    same = all(counts == by_layer[0] for counts in by_layer)
    return MaskCounts(density, by_layer[0] if same else None)


def _files(
    case: Case,
    table: str,
    name: str,
    entry: LoadedTensors,
    start: Path,
    missing: dict[str, str],
    problems: list[Problem],
) -> Iterator[TensorFile]:
    for written in _each(entry.load, case.study.replicates):
        path = (start / Path(written).expanduser()).resolve()
        try:
            facts = tensor_facts(table, path, entry.rename)
        except FileNotFoundError as error:
            part = Part.of({"missing": written, "table": table})
            missing[part.digest] = str(error)
            yield TensorFile(path, part, {}, {})
            continue
        except BlockedError as error:
            # By name, as importing science would load numpy where nothing is read.
            key = "rename" if type(error).__name__ == "OddNames" else "load"
            problems.append(case.origins.problem("E441", str(error), (table, name, key), help=error.help))
            yield TensorFile(path, Part.of({"broken": name, "table": table}), {}, {})
            return
        value = {"digest": facts.digest} | ({"holds": "mask"} if table == "masks" else {})
        yield TensorFile(path, Part.of(value), facts.shapes, facts.survivors)


def _each(load: str, replicates: int) -> Sequence[str]:
    """The file of each replicate, or the one of all."""
    if REPLICATE not in load:
        return [load]
    return [load.replace(REPLICATE, str(replicate)) for replicate in range(replicates)]
