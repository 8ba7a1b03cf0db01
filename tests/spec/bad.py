"""Bad specs as the tests read them: what the first comments of a file promise, and what the command line says."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "bad_specs"
FRAME = re.compile(r"^error\[(E\d{3})\]: .*\n *--> (.*):(\d+):(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Expected:
    """Codes with their places (file, line, column), words of the messages, and arguments after the file."""

    problems: tuple[tuple[str, str, int, int], ...]
    says: tuple[str, ...]
    arguments: tuple[str, ...]


def expected(path: Path) -> Expected:
    """From the comments: `# E103 14:1, E104 parts/base.toml:2:3 | --set a.b=3`, then `# says: words`."""
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    problems, _, arguments = first.removeprefix("# ").partition(" | ")
    found = []
    for entry in problems.split(", "):
        code, place = entry.split(" ")
        *file, line, column = place.split(":")
        where = str(path) if not file else file[0] if file[0] == "--set" else str(path.parent / file[0])
        found.append((code, where, int(line), int(column)))
    says = tuple(line.removeprefix("# says: ") for line in rest if line.startswith("# says: "))
    return Expected(tuple(found), says, tuple(shlex.split(arguments)))


def files() -> list[Path]:
    """All bad specs that are written down."""
    return sorted(path for path in FOLDER.iterdir() if path.is_file())


@dataclass(frozen=True)
class Said:
    """What the command line said about a file."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def problems(self) -> tuple[tuple[str, str, int, int], ...]:
        """The frames of stderr, in order."""
        return tuple((code, file, int(line), int(column)) for code, file, line, column in FRAME.findall(self.stderr))
