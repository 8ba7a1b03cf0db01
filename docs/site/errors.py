"""The page of codes: what each means, and what a spec that is wrong so is told."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

from docs.site.markdown import anchor, block, page, table
from lmcspec.base.codes import CODES
from lmcspec.base.errors import SpecError
from lmcspec.cli.problems import render
from lmcspec.plan.compile import MAX_TASKS
from lmcspec.plan.planned_study import read_study

BAD_SPECS = Path(__file__).parents[2] / "tests" / "bad_specs"
"""Specs that are wrong in one way each; their first lines say how, for the tests."""
GROUPS = {
    "E0": "Files",
    "E1": "Keys and values",
    "E2": "Names",
    "E3": "Extending, families and sweeps",
    "E4": "What only the whole study shows",
}


def _tower(path: Path) -> None:
    for number in range(17):
        path.with_name(f"floor{number}.toml").write_text(f'extends = "floor{number + 1}.toml"\n')
    path.with_name("floor17.toml").write_text("")
    path.write_text('extends = "floor0.toml"\n')


UNWRITTEN: dict[str, Callable[[Path], object]] = {
    "E002": lambda path: path.mkdir(),
    "E003": lambda path: path.symlink_to(path.name),
    "E004": lambda path: path.write_bytes(b"#" * (2**20 + 1)),
    "E005": lambda path: path.write_bytes('title = "Geräusch"\n'.encode("latin-1")),
    "E006": lambda path: path.write_bytes(b'\xef\xbb\xbfstudy = "lenet"\n'),
    "E007": lambda path: path.write_bytes(b'study = "lenet\0"\n'),
    "E010": lambda path: path.write_text("[networks]\n" + "".join(f"n{number} = [{{}}]\n" for number in range(20_000))),
    "E302": _tower,
}
"""What makes a file wrong in ways that no text has."""
NO_EXAMPLE = {"E428", "E429", "E436"}
"""Codes of packages and of files of images, of which no spec alone can be an example."""


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of the page."""
    yield "reference/errors.md", _page()


def _page() -> str:
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        shown = dict(examples())
    parts = []
    for group, title in GROUPS.items():
        parts.append(f"## {title}")
        parts += [_code(name, shown.get(name, "")) for name in CODES if name.startswith(group)]
    rows = [(f"[{code.code}](#{anchor(code.code)})", code.title) for code in CODES.values()]
    return page(
        "# Codes of errors",
        "A spec that is wrong is told so by a code, the place, what was expected, and what is nearest to it or what to "
        "type next; all that is wrong at once. `lmcspec explain E103` says what a code means. Beneath each code stands "
        "what a spec that is wrong in this way is told.",
        table(("code", "what is wrong"), rows),
        *parts,
    )


def _code(name: str, shown: str) -> str:
    told = CODES[name]
    return page(f"### {told.code} {told.title} {{ #{anchor(name)} }}", told.text, block(shown, "text") if shown else "")


def examples() -> Iterator[tuple[str, str]]:
    """(code, what is printed) of an example of each code, made in the folder that this runs in."""
    shutil.copytree(BAD_SPECS, ".", dirs_exist_ok=True)
    for name, written in sorted(_written().items()):
        options, text = _without_promises(written.read_text(encoding="utf-8"))
        Path(written.name).write_text(text, encoding="utf-8")
        yield name, said(name, Path(written.name), *options)
    for name, write in UNWRITTEN.items():
        path = Path("study.toml")
        write(path)
        yield name, said(name, path)
        _remove(path)


def _written() -> dict[str, Path]:
    """For each code the spec that shows it best."""
    told: dict[str, list[Path]] = {}
    for path in sorted(BAD_SPECS.iterdir()):
        for name in _promised(path) if path.is_file() else ():
            told.setdefault(name, []).append(path)
    return {name: min(paths, key=_worse) for name, paths in told.items()}


def _worse(path: Path) -> tuple[bool, bool, bool, int]:
    """Specs that are wrong in one way come first, those in TOML, those that are wrong by themselves, and short ones."""
    text = path.read_text(encoding="utf-8")
    return len(_promised(path)) > 1, path.suffix != ".toml", " | " in text.partition("\n")[0], len(text)


def _promised(path: Path) -> set[str]:
    """The codes that the first line of a file promises: `# E103 14:1, E104 2:3 | --set a.b=3`."""
    problems = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(" | ")[0]
    return {problem.partition(" ")[0] for problem in problems.split(", ")}


def _without_promises(text: str) -> tuple[list[str], str]:
    """(options after the file, the spec itself) of a file of the tests."""
    first, *rest = text.splitlines(keepends=True)
    kept = [line for line in rest if not line.startswith("# says: ")]
    return shlex.split(first.partition(" | ")[2]), "".join(kept)


def said(name: str, path: Path, *options: str) -> str:
    """What `lmcspec plan` prints of a spec that is wrong in this way, once and without its count of problems."""
    values = dict(zip(options[::2], options[1::2], strict=True))
    sets = [values["--set"]] if "--set" in values else []
    try:
        read_study(path, sets, None, int(values.get("--max-tasks", MAX_TASKS)))
    except SpecError as error:
        problem = next(problem for problem in error.problems if problem.code == name)
        return render([problem], error.sources).partition("\n\nerror:")[0].replace(f"{Path.cwd()}/", "")
    raise AssertionError(f"nothing is wrong with {path}")


def _remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        os.unlink(path)
