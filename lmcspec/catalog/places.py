"""Where modules and the files of packages lie: found as an import would, and without importing anything."""

import os
import pkgutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def find(name: str) -> ModuleSpec | None:
    """The spec of a module; None where an import would find nothing."""
    path: Any = None
    spec = None
    parts = name.split(".")
    if name == "__main__" or not all(part.isidentifier() for part in parts):
        return None
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        finders = (finder for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((answer for finder in finders if (answer := _asked(finder, package, path)) is not None), None)
        if spec is None or (depth < len(parts) and spec.submodule_search_locations is None):
            return None
        path = spec.submodule_search_locations
    return spec


def _asked(finder: Any, name: str, path: Any) -> ModuleSpec | None:
    """What a finder knows of a module. Python's can't tell of a folder of modules in a package that isn't imported."""
    try:
        return finder.find_spec(name, path, None)
    except KeyError:
        entries = [entry.find_spec(name) for place in path if (entry := pkgutil.get_importer(place)) is not None]
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [
            place for entry in entries if entry is not None for place in entry.submodule_search_locations or ()
        ]
        return spec


def home(top: str) -> str | None:
    """The folder of a top-level module or package, unless others share it as those installed beside each other do."""
    spec = find(top)
    if spec is None:
        return None
    locations = folders(spec)
    place = locations[0] if locations else spec.origin
    if place is None:
        return None
    folder = os.path.dirname(os.path.abspath(place))
    shared = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return None if folder in shared or os.path.basename(folder) in ("site-packages", "dist-packages") else folder


def folders(spec: ModuleSpec) -> list[str]:
    """Where a package's modules are looked for; that of a namespace may hold names that stand for a finder."""
    locations = list(spec.submodule_search_locations or ())
    return locations if spec.origin is not None else [place for place in locations if os.path.isdir(place)]


def files_of(top: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """All files of a package with names for them, or the modules in the folder of a single one.

    `names` are those of its modules that are known: what is installed for editing may have them lie anywhere.
    """
    walked: list[str] = []
    for name in sorted({top, *names}, key=lambda name: (name.count("."), name)):
        spec = find(name)
        for location in folders(spec) if spec is not None else []:
            if not any(Path(location).is_relative_to(above) for above in walked):
                walked.append(location)
                yield from ((file, f"{name.replace('.', '/')}/{inner}") for file, inner in _package_files(location))
    if not walked:
        yield from ((file, f"{top}/{inner}") for file, inner in _modules_in(home(top)))


def _package_files(location: str) -> Iterator[tuple[str, str]]:
    for folder, inner, files in os.walk(location):
        inner[:] = sorted(name for name in inner if name != "__pycache__" and not name.startswith("."))
        for file in sorted(files):
            path = os.path.join(folder, file)
            if not file.startswith(".") and not file.endswith(".pyc") and os.path.isfile(path):
                yield path, Path(path).relative_to(location).as_posix()


def _modules_in(home: str | None) -> Iterator[tuple[str, str]]:
    for file in sorted(os.listdir(home)) if home is not None else []:
        if file.endswith(".py"):
            yield os.path.join(home or "", file), file
