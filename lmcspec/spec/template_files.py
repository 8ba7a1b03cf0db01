"""What `lmcspec init` begins a study with: commented specs, and a package with cards of one's own."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from lmcspec.base.drafts import drafted
from lmcspec.base.errors import UsageError
from lmcspec.base.file_names import possible
from lmcspec.spec.labels import LONGEST_NAME, PLAIN_NAME
from lmcspec.spec.located import SUFFIXES

PLUGIN = "plugin"
_PACKAGE, _MODULE = "lmcspec-rings", "lmcspec_rings"
"""What the package is called until it gets a name of its own."""
_FOLDER = Path(__file__).parent / "templates"
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")
_SENTENCE = re.compile(r"(.*?[.?])(?:\s|\Z)", re.DOTALL)
_PACKAGE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")


@cache
def templates() -> dict[str, str]:
    """The names of the templates, and what each is about: of a spec the question with which its header begins."""
    asks = {path.stem: _first_sentence(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml"))}
    return asks | {PLUGIN: "A package with a model, a data set and a pruning criterion of your own."}


def write_spec(template: str, path: Path) -> Path:
    """Write a template to a file that is not there yet: `path`, with .toml at its end, or within it if it is a folder.

    The study is called as the file is. Gives the file's path. Raises UsageError, and overwrites nothing.
    """
    if possible(path).is_dir():
        path = path / f"{template}.toml"
    elif path.suffix != ".toml":
        if path.suffix in SUFFIXES:
            raise UsageError(f"templates are TOML, and {path} is to be YAML", help=f"call it {path.stem}.toml")
        path = path.with_name(f"{path.name}.toml")
    possible(path)
    if not PLAIN_NAME.fullmatch(path.stem):
        raise UsageError(f"a study can't be called {path.stem!r}", help="letters, digits and _ . + - make its name")
    if len(path.stem) > LONGEST_NAME:
        raise UsageError(f"{path.stem[:20]}… is too long for a study's name", help=f"at most {LONGEST_NAME} characters")
    text = (_FOLDER / f"{template}.toml").read_text(encoding="utf-8")
    with _telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("x").close()  # the name is ours, and no other's file is replaced
        try:
            with drafted(path) as draft:
                draft.write_text(_called(text, template, path.stem), encoding="utf-8")
        except BaseException:
            path.unlink()
            raise
    return path


def write_package(path: Path) -> Path:
    """Write the package to a folder that is not there yet, called as the folder is, whole or not at all."""
    module = possible(path).name.replace("-", "_")
    if not _PACKAGE_NAME.fullmatch(path.name):
        raise UsageError(f"a package can't be called {path.name!r}", help="letters, digits, - and _ make its name")
    if iskeyword(module):
        raise UsageError(f"a package can't be called {module}, a word of Python's", help="give the folder another name")
    if find_spec(module) is not None:
        raise UsageError(f"there is a package called {module} already", help="give the folder another name")
    with _telling(path):
        if os.path.lexists(path):
            raise FileExistsError
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as place:
            draft = Path(shutil.copytree(_package_folder(), Path(place) / path.name, ignore=_NOT_COPIED))
            (draft / _MODULE).rename(draft / module)
            for file in filter(Path.is_file, draft.rglob("*")):
                text = file.read_text(encoding="utf-8")
                file.write_text(text.replace(_MODULE, module).replace(_PACKAGE, path.name), encoding="utf-8")
            draft.rename(path)
    return path


def default_path(template: str) -> Path:
    """Where a template is written unless it is said."""
    return Path(_PACKAGE if template == PLUGIN else f"{template}.toml")


def study_of_package() -> str:
    """The spec in the package that uses its cards."""
    return next(path.name for path in sorted(_package_folder().glob("*.toml")) if path.name != "pyproject.toml")


@cache
def _package_folder() -> Path:
    """Within an installed lmcspec, or among the examples of a checkout."""
    installed = _FOLDER / PLUGIN
    return installed if installed.is_dir() else Path(__file__).parents[2] / "examples" / PLUGIN


def _first_sentence(text: str) -> str:
    header = text.partition("\n#\n")[0]
    words = " ".join(line.removeprefix("#").strip() for line in header.splitlines())
    sentence = _SENTENCE.match(words)
    assert sentence is not None
    return sentence[1]


def _called(text: str, template: str, study: str) -> str:
    """The text with the study's name in it, the comment behind it in its place if it fits."""
    before, line, after = text.partition(f'study = "{template}"')
    comment = after.lstrip(" ")
    room = len(line) + len(after) - len(comment)
    named = f'study = "{study}"'
    return f"{before}{named:{room - 1}} {comment}"


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(path):
            message = f"{path} is there already, and nothing is overwritten"
            raise UsageError(message, help="name another place") from None
        raise UsageError(f"can't write {path}: {error.strerror or error}", help="name another place") from None
