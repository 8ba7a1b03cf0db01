"""`lmcspec export`: a distilled set of a study as a file for others."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, needed_store, read_loaded, spelled
from lmcspec.cli.output import Format, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.science.data.distilled import Distilled
    from lmcspec.science.data.space import Space
    from lmcspec.spec import Loaded
    from lmcspec.store import Store, Stored
    from lmcspec.tasks import Task


class FileForm(str, Enum):
    """The forms of a set's files."""

    mtt = "mtt"
    idc = "idc"
    dc = "dc"
    safetensors = "safetensors"


def export(
    spec: SpecArgument,
    name: Annotated[str, typer.Argument(metavar="SET", help="A set that the study distils.", show_default=False)],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="The file to write; in MTT's form NAME_images.pt, with NAME_labels.pt beside it.",
            show_default=False,
        ),
    ],
    form: Annotated[
        FileForm | None,
        typer.Option(
            "--as",
            help="Form of the file.",
            show_default="safetensors if OUTPUT ends so, else that of the set's method",
        ),
    ] = None,
    case: Annotated[str, typer.Option("--case", help="Of a sweep whose cases make different sets: which case.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a distilled set as a file that others read: in the form of MTT, IDC or DC (also DSA and DM), or lmcspec's.

    The set has to be in the store; nothing runs.
    """
    existing = needed_store(store)
    loaded, planned = read_loaded(spec, sets, max_tasks, existing)
    chosen = chosen_set(planned, loaded, name, case)
    form = form or default_form(chosen.task, output)
    check_output(output, form, force)
    stored = committed(existing, planned, chosen, spelled("lmcspec run", spec, sets))
    made = read(stored, chosen.task, planned)
    files = write(made, output, form)
    tell(made, document(made, name, chosen.task, form, files, spec), format)


@dataclass(frozen=True, slots=True)
class Made:
    """A set that a case makes, by the task at a place of the plan."""

    case: str
    name: str
    role: str
    task: "Task"


def made_sets(planned: "Plan") -> list[Made]:
    """Every set that a task makes, under `CASE/distilled/SET`; without a sweep there is no case."""
    from lmcspec.tasks import kind

    found = []
    for role, identifier in planned.roles.items():
        if kind(planned.tasks[identifier].kind).makes == "set":
            case, _, name = role.rpartition("distilled/")
            found.append(Made(case.removesuffix("/"), name, role, planned.tasks[identifier]))
    return found


def chosen_set(planned: "Plan", loaded: "Loaded | None", name: str, case: str) -> Made:
    """The set of that name; of a case, or of all where it is the same in all. UsageError where there is no one such."""
    from lmcspec.base.errors import UsageError
    from lmcspec.catalog import nearest

    made = made_sets(planned)
    found = [one for one in made if one.name == name and case in ("", one.case)]
    if len({one.task.id for one in found}) == 1:
        return found[0]
    cases = [one.case for one in made if one.name == name]
    listed = ", ".join(cases[:5]) + (", …" if len(cases) > 5 else "")
    if found:
        raise UsageError(
            f"the set {name!r} is not the same in the cases {listed}",
            help=f"choose one: {shlex.join(['--case', cases[0]])}",
        )
    if case and any(cases):
        near = nearest(case, cases)
        raise UsageError(
            f"no case {case!r} makes a set {name!r}", help=f"did you mean {near}?" if near else f"there are: {listed}"
        )
    if case and cases:
        raise UsageError(f"there is no case {case!r}: the study is not a sweep", help="leave out --case")
    if (origin := origin_of(loaded, name)) is not None:
        raise UsageError(f"the set {name!r} is not distilled here: it {origin}", help="take it from there")
    known = list(dict.fromkeys(one.name for one in made))
    near = nearest(name, known)
    there = f"there are: {', '.join(known)}" if known else "it makes none; sets stand under [distilled]"
    raise UsageError(f"the study makes no distilled set {name!r}", help=f"did you mean {near}?" if near else there)


def origin_of(loaded: "Loaded | None", name: str) -> str | None:
    """Where a set comes from that no task makes; None for any other."""
    from lmcspec.spec.study import LoadedSet, OtherSet

    for case in loaded.cases if loaded else ():
        match case.study.distilled.get(name):
            case LoadedSet(load=file):
                return f"is loaded from {file}"
            case OtherSet(dataset=table):
                return f"is the images of the data set {table.name!r}"
    return None


def default_form(task: "Task", output: Path) -> FileForm:
    """Our own where the file is called so, else the one in which sets of that method are published."""
    from lmcspec.catalog import DistillerCard, get

    if output.suffix == ".safetensors":
        return FileForm.safetensors
    card = get("distiller", task.params.method.value["method"])
    assert isinstance(card, DistillerCard)
    return FileForm(card.form)


def check_output(output: Path, form: FileForm, force: bool) -> None:
    """UsageError where the form's files can't have these names, or lie there already, or their folder doesn't."""
    from lmcspec.base.errors import UsageError
    from lmcspec.science.data.published import labels_path

    if isdir(output):
        raise UsageError(f"{output} is a folder", help="name a file in it")
    own = FileForm.safetensors
    if (output.suffix == ".safetensors") != (form is own):
        ending = ".safetensors" if form is own else ".pt"
        raise UsageError(
            f"{output.name} is no name for a file of the form {form.value}: the ending is what tells our own form",
            help=f"call it {output.with_suffix(ending).name}, or choose another form with --as",
        )
    if form is FileForm.mtt and "images" not in output.name:
        raise UsageError(
            f"the form mtt is two files, NAME_images.pt and NAME_labels.pt, and {output.name} is neither",
            help=f"call it {output.stem}_images{output.suffix or '.pt'}, or choose another form with --as",
        )
    if not isdir(output.parent):
        raise UsageError(f"there is no folder {output.parent}", help=shlex.join(["mkdir", "-p", str(output.parent)]))
    for file in [output, labels_path(output)] if form is FileForm.mtt else [output]:
        if isdir(file):
            raise UsageError(f"{file} is a folder", help="give the set another name")
        if exists(file) and not isfile(file):
            raise UsageError(f"{file} is a pipe or a device, not a file", help="give the set another name")
        if exists(file) and not force:
            raise UsageError(f"there is a file {file}", help="name another, or replace it with --force")


def committed(store: "Store", planned: "Plan", made: Made, run: str) -> "Stored":
    """The set's object, whole. StoreError where it is not there; `run` is the command by which the study runs."""
    from lmcspec.base.errors import BlockedError, StoreError
    from lmcspec.store import verify

    if made.task.id in planned.unknown:
        raise BlockedError(next(iter(planned.missing.values())), help="a set goes by the digest of its real images")
    stored = store.find(made.task.id)
    if stored is None:
        raise StoreError(f"the set {made.name!r} is not in the store {store.root}", help=f"{run} makes it")
    damage = [f"{one.path} is {one.problem}" for one in verify(store, [made.task.id]) if one.part == "result"]
    if not stored.has_outputs:
        damage.append("its files have been dropped")
    if damage:
        raise StoreError(
            f"the set {made.name!r} can't be read in the store {store.root}: {damage[0]}",
            help=f"{run} --force {shlex.quote(made.role)} makes it again",
        )
    return stored


def read(stored: "Stored", task: "Task", planned: "Plan") -> "Distilled":
    """The stored set, with the names of its classes where its data have some. Loads torch."""
    from dataclasses import replace

    from lmcspec.science.data.distilled import read_own
    from lmcspec.tasks.read import DISTILLED

    model = task.params.model.value
    made = read_own(stored.out / DISTILLED, model["classes"], tuple(model["shape"]))
    facts = planned.facts.get(task.params.data.digest)
    return replace(made, names=facts.names) if facts is not None and not made.names else made


def write(made: "Distilled", output: Path, form: FileForm) -> list[Path]:
    """Write it; gives the files. UsageError where the form can't hold the set, or the files can't be written."""
    from lmcspec.base.errors import UsageError
    from lmcspec.science.data import DataError
    from lmcspec.science.data.export import export as write_whole

    try:
        return write_whole(made, output, form.value)
    except DataError as error:
        raise UsageError(str(error), help="choose another form with --as: safetensors holds every set") from None
    except OSError as error:
        raise UsageError(f"can't write {output}: {error.strerror}", help="name another place") from None


def load_line(made: "Distilled", output: Path, spec: Path) -> dict[str, Any]:
    """What a spec beside this one says to load the file."""
    file, folder = output.resolve(), spec.resolve().parent
    path = file.relative_to(folder) if file.is_relative_to(folder) else file
    factor = {"factor": made.factor} if made.factor > 1 else {}
    return {"load": path.as_posix(), "space": made.space.name, **factor}


def document(
    made: "Distilled", name: str, task: "Task", form: FileForm, files: Sequence[Path], spec: Path
) -> dict[str, Any]:
    """What was written."""
    from dataclasses import asdict

    from lmcspec.science.data.export import tells_space, unsaid

    return {
        "set": name,
        "task": task.id,
        "form": form.value,
        "files": [str(file) for file in files],
        "images": len(made.labels),
        "shape": list(made.images.shape[1:]),
        "factor": made.factor,
        "rate": made.rate,
        "space": asdict(made.space),
        "load": load_line(made, files[0], spec) if tells_space(made, form.value) else None,
        "notes": unsaid(made, form.value),
    }


def tell(made: "Distilled", written: dict[str, Any], format: Format) -> None:
    """The files, and beside them what is in them and how a spec loads them."""
    from lmcspec.spec.toml_text import inline

    if format is Format.json:
        put(envelope("export", True, written))
        return
    for file in written["files"]:
        put(file)
    shape = "x".join(map(str, written["shape"]))
    say(f"{written['images']:,} images, {shape} each, {packed(made)}{spaced(made.space)}")
    for note in written["notes"]:
        say(f"note: {note} (--as safetensors keeps it)")
    if written["load"] is not None:
        say(f"in a spec, under [distilled]: {inline({written['set']: written['load']})[2:-2]}")


def packed(made: "Distilled") -> str:
    """How many images each one holds, where that is more than one."""
    return f"{made.factor} x {made.factor} packed in one, " if made.factor > 1 else ""


def spaced(space: "Space") -> str:
    """A space with its numbers."""
    match space.name:
        case "standardised":
            means, stds = (", ".join(f"{value:g}" for value in values) for values in (space.mean, space.std))
            return f"standardised by mean {means} and std {stds}"
        case "zca":
            return f"whitened (zca, eps {space.eps:g})"
        case _:
            return "raw"
