"""What an OpenLTH directory holds: replicates, levels, their checkpoints, masks and logged accuracies. Nothing is run.

`lottery_HASH/replicate_R/level_L/main` has `model_epE_itI.pth` at the beginning and the end of a level's training, its
`mask.pth`, `sparsity_report.json` and `logger`; that of level 0 has `hparams.log`. Branches lie beside `main`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lmcspec.base.documents import DocumentError, read_bytes, read_document
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.steps import Step

MAIN = "main"
MOST = 10_000
"""Entries of a folder that are looked at."""
_REPLICATE, _LEVEL = re.compile(r"replicate_(\d{1,6})"), re.compile(r"level_(\d{1,5})")
_MODEL = re.compile(r"model_ep(\d{1,6})_it(\d{1,9})\.pth")
_ENTRY = re.compile(r"(\w+),(\d{1,12}),([-+.\w]+)")


class DamagedDirectory(StoreError):
    """A file of a directory that can't be what OpenLTH wrote."""


class LevelFolder(NamedTuple):
    """A level of a replicate, in the main experiment or a branch."""

    level: int
    folder: Path
    models: tuple[tuple[Step, Path], ...]
    """Its checkpoints, the earliest first."""
    mask: Path | None
    accuracy: float | None
    """On test images after its last update; None where the logger says none."""
    weights: tuple[int, int] | None
    """By its sparsity report: how many weights there are to prune, and how many survive."""

    @property
    def trained(self) -> bool:
        """Whether its training came to an end: OpenLTH writes the logger there."""
        return len(self.models) > 1 and self.accuracy is not None


class Directory(NamedTuple):
    """A lottery of OpenLTH's."""

    folder: Path
    experiment: str
    """`main`, or the folder of a branch."""
    replicates: Mapping[int, Mapping[int, LevelFolder]]
    """Replicate, then level; both as they are numbered there."""
    branches: tuple[str, ...]
    """The branches that lie beside `main`."""
    settings: str
    """hparams.log as it is; empty where there is none."""

    def levels(self) -> list[int]:
        """The levels of any replicate."""
        return sorted({level for levels in self.replicates.values() for level in levels})

    def complete(self, level: int) -> bool:
        """Whether all replicates have the mask of a level."""
        return all(level in levels and levels[level].mask is not None for levels in self.replicates.values())


def read_directory(folder: Path, experiment: str = MAIN) -> Directory:
    """What is in a lottery's folder, or in that of one of its replicates. UsageError, DamagedDirectory."""
    replicates = _replicates(folder)
    levels = {number: _levels(path, experiment) for number, path in replicates.items()}
    held = {number: found_levels for number, found_levels in levels.items() if found_levels}
    branches = sorted({name for path in replicates.values() for name in _branches(path)})
    if not held:
        there = f"it has {', '.join(branches)}" if branches else "was it cut off before level 0?"
        raise UsageError(f"{folder} has no level of {experiment}", help=there)
    settings = next((text for path in replicates.values() if (text := _settings(path))), "")
    return Directory(folder, experiment, dict(sorted(held.items())), tuple(branches), settings)


def _replicates(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", help="name a folder lottery_… of OpenLTH's")
    if match := _REPLICATE.fullmatch(folder.resolve().name):
        return {int(match[1]): folder}
    inside = {int(match[1]): path for path in _inside(folder) if (match := _REPLICATE.fullmatch(path.name))}
    if inside:
        return inside
    lotteries = [path.name for path in _inside(folder) if path.name.startswith("lottery_")]
    if lotteries:
        help = f"name one: {folder / lotteries[0]}" + (f", or {len(lotteries) - 1} more" if lotteries[1:] else "")
        raise UsageError(f"{folder} holds {len(lotteries):,} of OpenLTH's directories", help=help)
    raise UsageError(
        f"{folder} is no directory of OpenLTH's: it has no replicate_1",
        help="name a folder lottery_HASH: OpenLTH keeps them in the root that its platform names",
    )


def _levels(replicate: Path, experiment: str) -> dict[int, LevelFolder]:
    numbered = {int(match[1]): path for path in _inside(replicate) if (match := _LEVEL.fullmatch(path.name))}
    return {
        level: _level(level, path / experiment)
        for level, path in sorted(numbered.items())
        if (path / experiment).is_dir()
    }


def _level(level: int, folder: Path) -> LevelFolder:
    models = sorted(
        (
            (Step(int(match[1]), int(match[2])), path)
            for path in _inside(folder)
            if (match := _MODEL.fullmatch(path.name))
        ),
        key=lambda model: (model[0].epochs, model[0].updates),
    )
    mask = folder / "mask.pth"
    return LevelFolder(
        level, folder, tuple(models), mask if mask.is_file() else None, _accuracy(folder / "logger"), _report(folder)
    )


def _branches(replicate: Path) -> Iterator[str]:
    for level in _inside(replicate):
        if _LEVEL.fullmatch(level.name):
            yield from (path.name for path in _inside(level) if path.name.startswith("lottery_branch_"))


def _settings(replicate: Path) -> str:
    try:
        return read_bytes(replicate / "level_0" / MAIN / "hparams.log", largest=2**20, follow=True).decode()
    except FileNotFoundError:
        return ""
    except (DocumentError, UnicodeDecodeError) as error:
        raise DamagedDirectory(f"{replicate}/level_0/main/hparams.log can't be read: {error}") from error


def _accuracy(logger: Path) -> float | None:
    """The last test accuracy in a logger, whose lines are `name,iteration,value`."""
    try:
        text = read_bytes(logger, follow=True).decode()
    except FileNotFoundError:
        return None
    except (DocumentError, UnicodeDecodeError) as error:
        raise DamagedDirectory(f"{logger} can't be read: {error}", help=_LEAVE_OUT) from error
    logged: dict[int, float] = {}
    for number, line in enumerate(text.split(), 1):
        if (match := _ENTRY.fullmatch(line)) is None:
            raise DamagedDirectory(f"{logger} is no logger of OpenLTH's: line {number}", help=_LEAVE_OUT)
        if match[1] == "test_accuracy":
            try:
                logged[int(match[2])] = float(match[3])
            except ValueError:
                raise DamagedDirectory(f"{logger} has no number in line {number}", help=_LEAVE_OUT) from None
    return logged[max(logged)] if logged else None


def _report(folder: Path) -> tuple[int, int] | None:
    try:
        told = read_document(folder / "sparsity_report.json", dict[str, float], follow=True)
        return int(told["total"]), int(told["unpruned"])
    except FileNotFoundError:
        return None
    except (DocumentError, KeyError, OverflowError, ValueError) as error:
        raise DamagedDirectory(f"{folder}/sparsity_report.json is no report: {error}", help=_LEAVE_OUT) from error


_LEAVE_OUT = "copy it again, or move that level's folder away to bring the others"


def _inside(folder: Path) -> list[Path]:
    """The entries of a folder, by name."""
    try:
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise UsageError(
            f"{folder} can't be read: {error.strerror or error}", help="make it readable for you"
        ) from None
    if len(entries) > MOST:
        raise UsageError(f"{folder} has {len(entries):,} entries, which no directory of OpenLTH's has")
    return entries
