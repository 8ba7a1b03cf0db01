"""Unpacking: all of an archive is checked before any of it is taken, into a store and a folder for its spec."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base.documents import DocumentError, parse_document, read_bytes
from lmcspec.base.errors import LmcspecError, UsageError
from lmcspec.base.file_names import possible
from lmcspec.base.typed_words import study_words
from lmcspec.engine.execute import keep
from lmcspec.plan.outlook import outlook
from lmcspec.plan.planned_study import PlannedStudy, read_study
from lmcspec.plan.render import closing, nothing_to_do
from lmcspec.report.crate import about as provenance_file
from lmcspec.report.crate import metadata
from lmcspec.report.crate.about import SCHEMA, About
from lmcspec.spec.reading import LARGEST as LARGEST_SPEC
from lmcspec.store import Store, driving, forgotten_studies, layout, recorded_studies
from lmcspec.store.archive import Archive, ArchiveError, opened
from lmcspec.store.archived_objects import FOLDER, Taken, check_objects, take_objects
from lmcspec.store.remote_objects import need_space

PLAN = "plan.json"
SPEC = "spec/"
MOST_FILES = 100
"""Files of a spec; 16 may stand on top of each other."""


class Unpacked(NamedTuple):
    """What became of an archive."""

    about: About
    taken: Taken
    spec: Path
    plan: Path
    written: tuple[Path, ...]
    """Files that were not there before."""

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "study": self.about["study"],
            "finished": self.about["finished"],
            "objects": {name: len(ids) for name, ids in self.taken._asdict().items()},
            "spec": str(self.spec),
            "plan": str(self.plan),
            "written": [str(path) for path in self.written],
        }


class Standing(NamedTuple):
    """What a run of the unpacked study would do, and the command for it."""

    words: str
    command: str
    notes: tuple[str, ...] = ()


def unpack(path: Path, root: Path, folder: Path) -> Unpacked:
    """Put the objects of an archive into the store at `root`, and its spec and plan into `folder`.

    ArchiveError, and nothing is taken, where any part is not as it was written. UsageError, and nothing is taken,
    where a file of the spec would replace another one.
    """
    with opened(path) as archive:
        said, identifiers = check(archive)
        files = _files(archive, said)
        missing = _missing(folder, files)
        store = Store.open(root)
        size = sum(archive.size(name) or 0 for name in archive.names if name.startswith(FOLDER))
        need_space(store, size, "objects")
        with layout.writing(store.root), driving(store):
            taken = take_objects(store, archive, identifiers)
        _write(folder, missing)
    written = tuple(folder / name for name in missing)
    return Unpacked(said, taken, folder / said["spec"], folder / PLAN, written)


def standing(unpacked: Unpacked, store: Store, max_tasks: int) -> Standing:
    """What a run of the spec would do here; of the saved plan, where the spec means nothing without data of elsewhere.

    The store keeps the study's results from now on, unless it has a study of that name.
    """
    notes = []
    for file, sets in ((unpacked.spec, unpacked.about["sets"]), (unpacked.plan, [])):
        try:
            study = read_study(file, sets, store, max_tasks)
        except LmcspecError as error:
            notes.append(f"{file}: {error}")
            continue
        if study.plan.unknown:
            notes.append(next(iter(study.plan.missing.values())))
            continue
        return Standing(_words(study, store), _command(file, sets), tuple(notes))
    words = "what a run would do can't be told here"
    return Standing(words, _command(unpacked.spec, unpacked.about["sets"]), tuple(notes))


def _words(study: PlannedStudy, store: Store) -> str:
    name = study.plan.study
    if name not in recorded_studies(store) and name not in forgotten_studies(store):
        keep(store, study.plan)
    view = outlook(study.plan, store, checked=True)
    return nothing_to_do(view) if view.diff.nothing_to_do else closing(view)


def _command(file: Path, sets: list[str]) -> str:
    return shlex.join(["lmcspec", "run", *study_words([file], sets)])


def check(archive: Archive) -> tuple[About, tuple[str, ...]]:
    """What the archive says of itself, and the ids of its objects. Every byte has been compared with its digest."""
    path = archive.path
    try:
        files = metadata.listed(_read(archive, metadata.NAME, metadata.LARGEST))
        said = parse_document(_read(archive, provenance_file.NAME, 2**26), provenance_file.NAME, About)
    except DocumentError as error:
        raise ArchiveError(path, error) from error
    if said["schema"] != SCHEMA:
        raise ArchiveError(path, f"its form is {said['schema'][:40]!r}, and this version knows {SCHEMA!r}")
    if odd := sorted(set(archive.names) ^ {metadata.NAME, *files}):
        there = "is not listed" if odd[0] in archive.names else "is listed, and not there"
        raise ArchiveError(path, f"its part {odd[0]} {there} in {metadata.NAME}")
    for name, part in files.items():
        # Those of objects are named by their digests, with which they are compared later.
        sha256 = name.rpartition("/")[2] if _is_object(name) else archive.sha256(name)
        if (archive.size(name), sha256) != (part.bytes, part.sha256):
            raise ArchiveError(path, f"its part {name} is not as it was packed")
    return said, check_objects(archive)


def _is_object(name: str) -> bool:
    return name.startswith(FOLDER) and layout.is_id(name.rpartition("/")[2])


def _files(archive: Archive, said: About) -> dict[str, bytes]:
    """The files that are written beside the store, by name: those of the spec, and the plan."""
    names = [name for name in archive.names if name.startswith(SPEC)]
    if f"{SPEC}{said['spec']}" not in names:
        raise ArchiveError(archive.path, f"its spec {said['spec'][:100]!r} is not there")
    if len(names) > MOST_FILES:
        raise ArchiveError(archive.path, f"its spec has {len(names):,} files, more than {MOST_FILES}")
    files = {name.removeprefix(SPEC): _read(archive, name, LARGEST_SPEC) for name in names}
    taken = {*files, PLAN}
    if PLAN in files or any(str(parent) in taken for name in files for parent in Path(name).parents):
        raise ArchiveError(archive.path, f"a file of its spec has the name of a folder of it, or is called {PLAN}")
    return {**files, PLAN: _read(archive, PLAN, layout.LARGEST_PLAN)}


def _read(archive: Archive, name: str, largest: int) -> bytes:
    try:
        content = archive.read(name, largest)
    except ValueError as error:
        raise ArchiveError(archive.path, f"its part {name}: {error}") from error
    if content is None:
        raise ArchiveError(archive.path, f"it lacks {name}: it is no archive of a study")
    return content


def _missing(folder: Path, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that are not there yet. UsageError where another file, or anything else, has the place of one."""
    missing = {}
    for name, content in files.items():
        path = possible(folder / name)
        try:
            present = read_bytes(path, largest=len(content))
        except FileNotFoundError:
            missing[name] = content
            continue
        except DocumentError:
            present = None
        if present != content:
            raise UsageError(f"{path} is there, and another file than in the archive", help="name a new folder with -o")
    return missing


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    from lmcspec.base import beneath

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = folder / name
            beneath.make_folders(folder, path.parent)
            if not layout.create_file(folder, path, content):
                raise UsageError(f"{path} has just been written by somebody else", help="name a new folder with -o")
    except OSError as error:
        raise UsageError(
            f"can't write to {folder}: {error.strerror or error}", help="name a new folder with -o"
        ) from error
