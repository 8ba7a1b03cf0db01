"""A lottery of OpenLTH's as files and a spec that go on from there: all of it checked, and all or nothing written."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.base.drafts import drafted_folder
from lmcspec.base.errors import UsageError
from lmcspec.base.steps import Step
from lmcspec.report.openlth.architectures import Architecture, recognised
from lmcspec.report.openlth.directory import MAIN, DamagedDirectory, Directory, LevelFolder
from lmcspec.report.openlth.settings import Settings, settings_of
from lmcspec.report.openlth.study import spec_text
from lmcspec.report.tensor_file import with_notes

if TYPE_CHECKING:
    import numpy as np

SPEC, CARD = "study.toml", "README.md"


class Brought(NamedTuple):
    """What was written."""

    files: tuple[Path, ...]
    """The spec first."""
    level: int
    """OpenLTH's, from which the spec goes on; 0 where only the dense network is there."""
    notes: tuple[str, ...]


def bring(directory: Directory, output: Path, level: int | None = None) -> Brought:
    """Write the states and masks of a lottery, and a spec that goes on from a level: the deepest that is complete.

    Raises UsageError and DamagedDirectory; then nothing is written.
    """
    level = _chosen(directory, level)
    begin, starts = _starts(directory, level)
    shapes = {name: tuple(tensor.shape) for name, tensor in _tensors(next(iter(starts.values()))).items()}
    architecture = recognised(shapes)
    settings = settings_of(directory.settings, architecture)
    with drafted_folder(output, last=SPEC) as draft:
        written = list(_files(directory, architecture, starts, draft))
        text = spec_text(directory, settings, begin, level, _end(directory, level))
        (draft / SPEC).write_text(text, encoding="utf-8")
        (draft / CARD).write_text(_card(directory, settings, architecture, written), encoding="utf-8")
    return Brought(
        tuple(output / name for name in (SPEC, CARD, *dict(written))),
        level,
        (*settings.notes, *_notes(directory, level)),
    )


def _chosen(directory: Directory, level: int | None) -> int:
    complete = [number for number in directory.levels() if directory.complete(number)]
    if level is not None and level not in complete:
        raise UsageError(
            f"level {level} has no mask in every replicate",
            help=f"there are {', '.join(map(str, complete))}" if complete else "leave --level out",
        )
    return max(complete, default=0) if level is None else level


def _starts(directory: Directory, level: int) -> tuple[Step, dict[int, Path]]:
    """The step at which levels begin, and the file of each replicate with the weights after so many updates.

    In the main experiment those of level 0, to which all rewind. A branch may have weights of its own for each level.
    """
    begins: dict[int, tuple[Step, Path]] = {}
    first = 0 if directory.experiment == MAIN else level
    for number, levels in directory.replicates.items():
        folder = levels.get(first)
        if folder is None or not folder.models:
            place = f"replicate {number} of {directory.folder} has no weights to begin with"
            raise DamagedDirectory(f"{place}: no level_{first}/{directory.experiment}/model_ep…_it….pth", help=_LEVEL_0)
        begins[number] = folder.models[0]
    steps = {step for step, _ in begins.values()}
    if len(steps) > 1:
        told = ", ".join(sorted(map(str, steps)))
        raise DamagedDirectory(f"replicates of {directory.folder} begin at different steps: {told}", help=_LEVEL_0)
    return steps.pop(), {number: path for number, (_, path) in begins.items()}


_LEVEL_0 = "level_0/main has the weights at the rewind point: every replicate needs that folder"


def _end(directory: Directory, level: int) -> Step | None:
    """The step at which a level ends; None where a replicate's has not come to its end, or they disagree."""
    held = [levels.get(level) for levels in directory.replicates.values()]
    ends = {folder.models[-1][0] if folder is not None and folder.trained else None for folder in held}
    return ends.pop() if len(ends) == 1 else None


def _files(
    directory: Directory, architecture: Architecture, starts: Mapping[int, Path], folder: Path
) -> Iterator[tuple[str, str]]:
    """(name, sha256) of each file that is written: weights to begin with, masks, weights at the end."""
    for place, (number, levels) in enumerate(directory.replicates.items()):
        told = {
            "replicate": str(number),
            "experiment": directory.experiment,
            "lottery": directory.folder.resolve().name,
        }
        yield _write(folder, f"start-s{place}", _state(starts[number], architecture), {**told, "what": "start"})
        for level, held in levels.items():
            more = {**told, "level": str(level)}
            if held.mask is not None:
                yield _write(folder, f"mask-l{level}-s{place}", _mask(held, architecture), {**more, "what": "mask"})
            if held.trained:
                state = _state(held.models[-1][1], architecture)
                yield _write(folder, f"end-l{level}-s{place}", state, {**more, "what": "end"})


def _write(folder: Path, name: str, values: "Mapping[str, np.ndarray]", told: dict[str, str]) -> tuple[str, str]:
    from safetensors.numpy import save

    content = with_notes(save(dict(sorted(values.items()))), {"format": "pt", **told})
    (folder / f"{name}.safetensors").write_bytes(content)
    return f"{name}.safetensors", hashlib.sha256(content).hexdigest()


def _state(path: Path, architecture: Architecture) -> "dict[str, np.ndarray]":
    from lmcspec.science.given.given import finite
    from lmcspec.science.given.tensor_files import values_of

    tensors = _tensors(path)
    if odd := set(tensors) ^ set(architecture.names):
        raise DamagedDirectory(f"{path} has other tensors than the first network: {sorted(odd)[0]}", help=_AGAIN)
    return {
        architecture.names[name]: finite(path, name, values_of(path, name, tensor)) for name, tensor in tensors.items()
    }


def _mask(level: LevelFolder, architecture: Architecture) -> "dict[str, np.ndarray]":
    from lmcspec.science.given.given import zeros_and_ones
    from lmcspec.science.given.tensor_files import values_of

    assert level.mask is not None
    mask: dict[str, Any] = {}
    for name, tensor in _tensors(level.mask).items():
        if name not in architecture.names:
            raise DamagedDirectory(f"{level.mask} is of another network: {name}", help=_AGAIN)
        mask[architecture.names[name]] = zeros_and_ones(level.mask, name, values_of(level.mask, name, tensor))
    counted = sum(kept.size for kept in mask.values()), sum(int(kept.sum()) for kept in mask.values())
    if level.weights is not None and level.weights != counted:
        raise DamagedDirectory(
            f"{level.mask} leaves {counted[1]:,} of {counted[0]:,} weights, and the sparsity_report.json beside it "
            f"says {level.weights[1]:,} of {level.weights[0]:,}",
            help=_AGAIN,
        )
    return mask


_AGAIN = "copy it again, or move that level's folder away to bring the others"


def _tensors(path: Path) -> Any:
    from lmcspec.science.given.tensor_files import NotGiven, tensors_of

    try:
        return tensors_of(path)
    except NotGiven as error:
        raise DamagedDirectory(str(error), help=_AGAIN) from error


def _notes(directory: Directory, level: int) -> Iterator[str]:
    if directory.branches and directory.experiment == MAIN:
        yield f"branches are left where they are: --branch {directory.branches[0]} brings one along"
    unfinished = [
        f"{number}'s level {held.level}" for number, levels in directory.replicates.items() for held in levels.values()
        if not held.trained
    ]  # fmt: skip
    if unfinished:
        yield f"not trained to the end, so that there are no weights of it: replicate {', '.join(unfinished[:3])}"
    if not level:
        yield "no level below the dense one has a mask in every replicate: the spec prunes from there"


def _card(directory: Directory, settings: Settings, architecture: Architecture, written: list[tuple[str, str]]) -> str:
    """The page beside the files, in Markdown."""
    replicates = ", ".join(map(str, directory.replicates))
    lines = [
        f"# {directory.folder.resolve().name}, brought from OpenLTH",
        "",
        f"Experiment `{directory.experiment}`; `s0`, `s1` … are its replicates {replicates}; "
        f"levels are numbered as there. Tensors have lmcspec's names for `{architecture.model['name']}`.",
        "",
        "| file | what it is | sha256 |",
        "|---|---|---|",
    ]
    words = {"start": "weights at the rewind point", "mask": "mask", "end": "weights at the end of training"}
    lines += [f"| {name} | {words[name.partition('-')[0]]} | `{digest}` |" for name, digest in written]
    lines += ["", "`lmcspec plan study.toml` says what the spec beside them would run.", ""]
    if settings.notes:
        lines += ["## What is not in the spec", "", *(f"- {note}" for note in settings.notes), ""]
    return "\n".join(lines)
