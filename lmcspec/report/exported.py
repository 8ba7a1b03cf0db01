"""A distilled set out of the store and into a file for others, and what is said of it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.errors import UsageError
from lmcspec.base.set_forms import FileForm
from lmcspec.plan import Plan
from lmcspec.plan.made_sets import PlannedSet
from lmcspec.store import Stored
from lmcspec.tasks.read import DISTILLED

if TYPE_CHECKING:
    from lmcspec.science.data.distilled.distilled_set import Distilled
    from lmcspec.science.data.space import Space


def read_stored(stored: Stored, made: PlannedSet, plan: Plan) -> "Distilled":
    """The stored set, with the names of its classes where its data have some. Loads torch."""
    from lmcspec.science.data.distilled.distilled_set import read_own

    model = made.task.params.model.value
    images = read_own(stored.out / DISTILLED, model["classes"], tuple(model["shape"]))
    facts = plan.facts.get(made.task.params.data.digest)
    return replace(images, names=facts.names) if facts is not None and not images.names else images


def write(images: "Distilled", output: Path, form: FileForm) -> list[Path]:
    """Write it; gives the files. UsageError where the form can't hold the set, or the files can't be written."""
    from lmcspec.science.data import DataError
    from lmcspec.science.data.distilled.export import export

    try:
        return export(images, output, form)
    except DataError as error:
        raise UsageError(str(error), help="choose another form with --as: safetensors holds every set") from None
    except OSError as error:
        raise UsageError(f"can't write {output}: {error.strerror}", help="name another place") from None


def document(
    images: "Distilled", made: PlannedSet, form: FileForm, files: Sequence[Path], folder: Path
) -> dict[str, Any]:
    """What was written, and what a spec in `folder` says to load it (None where it would not be known again)."""
    from lmcspec.science.data.distilled.export import tells_space, unsaid

    return {
        "set": made.name,
        "task": made.task.id,
        "form": form,
        "files": [str(file) for file in files],
        "images": len(images.labels),
        "shape": list(images.images.shape[1:]),
        "factor": images.factor,
        "rate": images.rate,
        "space": asdict(images.space),
        "load": load_entry(images, files[0], folder) if tells_space(images, form) else None,
        "notes": unsaid(images, form),
    }


def load_entry(images: "Distilled", output: Path, folder: Path) -> dict[str, Any]:
    """What a spec in a folder says under [distilled] to load the file: by a relative path where it lies beneath."""
    file, folder = output.resolve(), folder.resolve()
    path = file.relative_to(folder) if file.is_relative_to(folder) else file
    factor = {"factor": images.factor} if images.factor > 1 else {}
    return {"load": path.as_posix(), "space": images.space.name, **factor}


def contents(images: "Distilled") -> str:
    """How many images of which shape, packed how, in which space."""
    shape = "x".join(map(str, images.images.shape[1:]))
    packed = f"{images.factor} x {images.factor} packed in one, " if images.factor > 1 else ""
    return f"{len(images.labels):,} images, {shape} each, {packed}{_spaced(images.space)}"


def _spaced(space: "Space") -> str:
    """A space with its numbers."""
    match space.name:
        case "standardised":
            means, stds = (", ".join(f"{value:g}" for value in values) for values in (space.mean, space.std))
            return f"standardised by mean {means} and std {stds}"
        case "zca":
            return f"whitened (zca, eps {space.eps:g})"
        case _:
            return "raw"
