"""The files of a spec as they were written, with all that it extends, so placed that they find each other anywhere."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from lmcspec.base.errors import SpecError, UsageError
from lmcspec.spec import Loaded, load
from lmcspec.store.archive import is_clean


class SpecFiles(NamedTuple):
    """Files below a folder."""

    main: str
    """The study's own file."""
    contents: dict[str, bytes]
    """Of all files by name, with `/` between folders."""


def spec_files(loaded: Loaded, sets: Sequence[str]) -> SpecFiles:
    """The files of a spec below the folder that holds them all. UsageError where they would not find each other."""
    places = {path: os.path.abspath(path) for path in loaded.files}
    top = os.path.commonpath([os.path.dirname(place) for place in places.values()])
    names = {path: Path(os.path.relpath(place, top)).as_posix() for path, place in places.items()}
    if (odd := next((name for name in names.values() if not is_clean(name)), None)) is not None:
        raise UsageError(f"a spec whose file is called {odd!r} can't be packed", help="give it a plainer name")
    contents = {names[path]: loaded.sources[str(path)].encode() for path in loaded.files}
    files = SpecFiles(names[loaded.path], dict(sorted(contents.items())))
    _check(files, loaded, sets)
    return files


def _check(files: SpecFiles, loaded: Loaded, sets: Sequence[str]) -> None:
    """Raise UsageError where the files, somewhere else, are not the same spec: they name others by places of here."""
    with TemporaryDirectory(prefix="lmcspec-pack-") as folder:
        for name, content in files.contents.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            again = load(Path(folder, files.main), sets)
            astray = [path for path in again.files if not Path(os.path.abspath(path)).is_relative_to(folder)]
            same = [case.tree for case in again.cases] == [case.tree for case in loaded.cases]
        except SpecError as error:
            raise _unmovable(loaded.path, str(error)) from error
    if astray or not same:
        raise _unmovable(loaded.path, f"it extends {astray[0]}" if astray else "it would be another study there")


def _unmovable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} would not be the same spec in another place: {why}",
        help='let `extends` name files by relative paths: extends = "../base.toml"',
    )
