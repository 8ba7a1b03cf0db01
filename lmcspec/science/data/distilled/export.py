"""Distilled sets as files for others: in the forms in which sets are published, or in our own."""

import errno
import shlex
from os.path import exists, isdir, isfile  # of a name that is too long they say no, where Path's raise
from pathlib import Path
from tempfile import TemporaryDirectory

from lmcspec.base.errors import UsageError
from lmcspec.base.set_forms import FileForm
from lmcspec.catalog import DistillerCard, get
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.distilled.distilled_set import Distilled, save_distilled
from lmcspec.science.data.distilled.published import labels_path, write_published
from lmcspec.science.data.distilled.recognise import recognise_space

OWN = "safetensors"


def usual_form(method: str, path: Path) -> FileForm:
    """Our own where the file is called so, else the one in which sets of a method are published."""
    if path.suffix == f".{OWN}":
        return OWN
    card = get("distiller", method)
    assert isinstance(card, DistillerCard)
    return card.form


def check_output(path: Path, form: FileForm, *, replace: bool) -> None:
    """UsageError where a form's files can't have these names, their folder is missing, or they lie there already.

    With `replace` those that lie there are no mistake.
    """
    if isdir(path):
        raise UsageError(f"{path} is a folder", help="name a file in it")
    if (path.suffix == f".{OWN}") != (form == OWN):
        ending = f".{OWN}" if form == OWN else ".pt"
        raise UsageError(
            f"{path.name} is no name for a file of the form {form}: the ending is what tells our own form",
            help=f"call it {path.with_suffix(ending).name}, or choose another form with --as",
        )
    if form == "mtt" and "images" not in path.name:
        raise UsageError(
            f"the form mtt is two files, NAME_images.pt and NAME_labels.pt, and {path.name} is neither",
            help=f"call it {path.stem}_images{path.suffix or '.pt'}, or choose another form with --as",
        )
    if not isdir(path.parent):
        raise UsageError(f"there is no folder {path.parent}", help=shlex.join(["mkdir", "-p", str(path.parent)]))
    for file in [path, labels_path(path)] if form == "mtt" else [path]:
        if isdir(file):
            raise UsageError(f"{file} is a folder", help="give the set another name")
        if exists(file) and not isfile(file):
            raise UsageError(f"{file} is a pipe or a device, not a file", help="give the set another name")
        if exists(file) and not replace:
            raise UsageError(f"there is a file {file}", help="name another, or replace it with --force")


def export(made: Distilled, path: Path, form: FileForm) -> list[Path]:
    """Write a set in a form; gives the files, first the one to load. For `mtt`, `path` is NAME_images.pt.

    They are written beside their place and moved there, the one to load last: where it is, the set is whole. Raises
    DataError where the form can't hold the set, OSError where the files can't be written.
    """
    if why := unfit(made, form):
        raise DataError(f"the form {form} {why}", help=f"the form {OWN} holds every set")
    with TemporaryDirectory(prefix=".export-", dir=path.parent) as drafts:
        written = _write(Path(drafts, path.name), made, form)
        files = [path.with_name(draft.name) for draft in written]
        if len(files) > 1:  # old images never stand beside new labels
            path.unlink(missing_ok=True)
        for draft, file in reversed(list(zip(written, files, strict=True))):
            draft.replace(file)
    return files


def _write(path: Path, made: Distilled, form: FileForm) -> list[Path]:
    from safetensors import SafetensorError

    try:
        if form != OWN:
            return write_published(path, form, made.images, made.labels)
        save_distilled(path, made)
        return [path]
    except (RuntimeError, SafetensorError) as error:  # torch's and safetensors' for a full disk
        raise OSError(errno.EIO, str(error).partition("\n")[0]) from error


def unfit(made: Distilled, form: FileForm) -> str:
    """Why a form can't hold a set: what those who read it take for granted; "" where it can."""
    if form == "idc" and made.space.name != "raw":
        return f"holds images in [0, 1], and these are {made.space.name}"
    if form in ("mtt", "dc") and made.factor > 1:
        return f"holds images as networks see them, and these are packed, {made.factor} x {made.factor} in one"
    return ""


def unsaid(made: Distilled, form: FileForm) -> list[str]:
    """What a form leaves out of a set and a reader will miss, a sentence each."""
    if form == OWN:
        return []
    notes = []
    if made.rate is not None:
        notes.append(f"the form {form} has no place for the learned rate, {made.rate:g}")
    if made.names:
        notes.append(f"the form {form} has no place for the names of the classes: its labels are numbers")
    if not tells_space(made, form):
        notes.append(
            f"the form {form} does not say that the images are {made.space.name}, and their pixels look "
            f"{recognise_space(made.images.numpy())}: a study can't load them again"
        )
    return notes


def tells_space(made: Distilled, form: FileForm) -> bool:
    """Whether a study will find a set's files to be in its space: by their own word, or by their pixels."""
    return form == OWN or recognise_space(made.images.numpy()) == made.space.name
