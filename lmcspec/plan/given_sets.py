"""Images to train on that no task makes: distilled sets from files, and other data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lmcspec.base.errors import BlockedError, Problem
from lmcspec.plan.class_names import SHOWN, OtherClasses, listed, matched, taken_for
from lmcspec.plan.facts import FoundData, FoundSet, data_facts, distilled_set
from lmcspec.plan.material import Material
from lmcspec.plan.settings import EmptiedClass, TrainingSet, data_part, facts_of_study
from lmcspec.spec import Case
from lmcspec.spec.study import LoadedSet, OtherSet
from lmcspec.tasks import Part


class Declared(NamedTuple):
    """A set that a study declares and does not make itself, with room for what is to be said of it."""

    case: Case
    name: str
    start: Path
    """Where its relative paths begin."""
    problems: list[Problem]
    """What a run would refuse."""
    notes: list[str]

    @property
    def broken(self) -> TrainingSet:
        """The training set that stands for one that can't be had."""
        return TrainingSet(self.name, 1, file=Part.of({"broken": self.name}))

    def problem(self, code: str, message: str, *keys: str, help: str) -> None:
        """Note what is wrong with it, at a key of its table."""
        self.problems.append(self.case.origins.problem(code, message, ("distilled", self.name, *keys), help=help))


def loaded_set(declared: Declared, entry: LoadedSet, study: FoundData, material: Material) -> TrainingSet:
    """The training set that a file holds. What a run would refuse becomes a problem of `declared`."""
    case, name, broken = declared.case, declared.name, declared.broken
    path = (declared.start / Path(entry.load).expanduser()).resolve()
    space = material.data.value["space"]

    def problem(code: str, message: str, key: str, help: str) -> None:
        declared.problem(code, message, key, help=help)

    if entry.factor > 1 and entry.space.name != "raw":
        message = f"the distilled set {name!r} has a factor, and only raw sets are packed"
        problem("E404", message, "factor", 'say space = "raw", or leave it out')
    fits = entry.space.name in ("raw", space["name"])
    other = f"the distilled set {name!r} is declared in the space {entry.space.name!r}, the study's data are in "
    try:
        file = distilled_set(path, study.facts, entry.factor, entry.which, entry.space.name, space)
    except FileNotFoundError as error:
        if not fits:
            problem("E404", other + repr(space["name"]), "space", _both(case, name, entry.space.name))
        part = Part.of({"missing": entry.load} | ({"factor": entry.factor} if entry.factor > 1 else {}))
        material.missing[part.digest] = str(error)
        images = (entry.ipc or 10) * study.facts.classes * entry.factor**2
        return TrainingSet(name, images, file=part, rated=path.suffix == ".safetensors")
    except BlockedError as error:
        # By name: NoSet and OtherSpace (which has `space`) are of science, and importing it would load torch.
        code = "E435" if type(error).__name__ == "NoSet" else "E404"
        in_file = getattr(error, "space", "")
        help = _right(case, name, in_file, space["name"]) if in_file and in_file != entry.space.name else error.help
        problem(code, str(error), "load", help)
        return broken
    if not fits:
        problem("E404", other + repr(space["name"]), "space", _both(case, name, entry.space.name))
        return broken
    if (more := entry.space.model_dump(exclude_unset=True, mode="json")) and entry.space.name != "raw":
        wrong = [key for key, value in more.items() if value is not None and value != space.get(key)]
        if wrong:
            message = f"the distilled set {name!r} is declared with another {wrong[0]} than the study's space has"
            problem("E404", message, "space", f'say space = "{space["name"]}": its numbers are those of dataset.space')
            return broken
    if not _sizes_fit(entry, file, name, problem):
        return broken
    try:
        labels = matched(file.facts.names, study.facts.names) if entry.match == "names" else ()
    except OtherClasses as error:
        problem("E436", f"the labels of {path} can't be matched: {error}", "load", _RENAME)
        return broken
    declared.notes.extend(_notes(name, file, study, by_number=entry.match == "numbers"))
    value = {"digest": file.facts.digest, "space": space, "images": file.facts.train}
    if entry.space.name == "raw" and (space["name"] != "raw" or entry.factor > 1):
        value["factor"] = entry.factor
    part = Part.of(value | ({"labels": list(labels)} if labels else {}))
    material.neutral[part.digest] = {"file": str(path), "space": entry.space.name, "which": entry.which}
    raw = entry.space.name == "raw" and space["name"] != "raw"
    return TrainingSet(name, file.facts.train, file=part, rated=file.rated, raw=raw)


_RENAME = (
    'give the classes of both the same names, or say match = "numbers" in the set\'s table: then label 0 is the first '
    "class of either, whatever it shows"
)


def _right(case: Case, name: str, in_file: str, study: str) -> str:
    """What to write where a file's images are in the space `found`."""
    if in_file in ("raw", study):
        return f'say distilled.{name}.space = "{in_file}"'
    return _both(case, name, in_file)


def _both(case: Case, name: str, space: str) -> str:
    """Both places where a space stands, in one line."""
    numbers = (
        "" if space != "standardised" or case.study.dataset.space is None else ", with the mean and std of the set"
    )
    return f'both have to say it: dataset.space = "{space}" and distilled.{name}.space = "{space}"{numbers}'


def _sizes_fit(entry: LoadedSet, file: FoundSet, name: str, problem) -> bool:
    other = [f"{size:,} of class {label}" for label, size in enumerate(file.sizes) if size != entry.ipc]
    if entry.ipc is not None and other:
        stored, classes = sum(file.sizes), file.facts.classes
        message = f"the distilled set {name!r} has {stored:,} images of {classes} classes, not {entry.ipc} of each"
        if len(other) <= SHOWN:
            message += f", but {' and '.join(other)}"
        problem("E404", message, "ipc", "leave `ipc` out: it is for files that are not here yet")
        return False
    return True


def _notes(name: str, file: FoundSet, study: FoundData, *, by_number: bool) -> Sequence[str]:
    lines = []
    theirs, ours = file.facts.names, study.facts.names
    # Matched by names a label is the file's own; by numbers it is the study's.
    names = (ours or theirs if by_number else theirs or ours) or tuple(map(str, range(file.facts.classes)))
    empty = [names[label] for label, count in enumerate(file.sizes) if not count]
    if empty:
        lines.append(
            f"the distilled set {name!r} has no images of {len(empty)} of {len(names)} classes: {listed(empty)}"
        )
    if by_number or not (ours and theirs):
        lines += _numbers(f"the distilled set {name!r}", theirs, ours)
    return lines


def _numbers(what: str, theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    words = taken_for(theirs, ours)
    return [f"labels of {what} are matched by number: {words}"] if words else []


def other_set(declared: Declared, entry: OtherSet, study: FoundData, material: Material) -> TrainingSet:
    """The training images of another data set. Networks that can't be trained on both are a problem."""
    table, name, broken = entry.dataset, declared.name, declared.broken
    images_found = data_facts(table, declared.start)
    try:
        facts = facts_of_study(table, images_found.facts)
    except EmptiedClass as error:
        declared.problem("E437", str(error), "dataset", "split", error.key, help=error.help)
        return broken
    except ValueError as error:
        declared.problem("E410", str(error), "dataset", "split", help="ask for fewer")
        return broken
    if table.space is not None:
        message = f"the images of {name!r} enter the study's space, as all images do"
        declared.problem("E404", message, "dataset", "space", help="leave `space` out")
        return broken
    both = facts.known and study.facts.known
    if both and (facts.classes, facts.shape) != (study.facts.classes, study.facts.shape):
        kinds = (f"{side.classes} classes of {'x'.join(map(str, side.shape))}" for side in (facts, study.facts))
        message = f"the data set {table.name!r} has {next(kinds)}, the study's has {next(kinds)}"
        help = "a network sees images of one size, and tells as many classes apart: `resize` helps with the size"
        declared.problem("E425", message, "dataset", help=help)
        return broken
    try:
        labels = matched(facts.names, study.facts.names) if entry.match == "names" else ()
    except OtherClasses as error:
        message = f"the labels of the data set {table.name!r} can't be matched: {error}"
        declared.problem("E436", message, "dataset", help=_RENAME)
        return broken
    if entry.match == "numbers" or not (facts.names and study.facts.names):
        declared.notes.extend(_numbers(f"{name!r}", facts.names, study.facts.names))
    more = {"labels": list(labels)} if labels else {}
    part = data_part(table, facts, material.data.value["space"], real=True, **more)
    material.know(part, table, images_found._replace(facts=facts))
    return TrainingSet(name, facts.train, file=part, raw=True)
