"""Draw the pictures of the README from what the commands print: `uv run python docs/images/make.py STORE`.

STORE is a folder in which specs/quickstart.toml has run. The report is taken by report.py beside it.
"""

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import NIGHT_OWLISH
from rich.text import Text

HERE = Path(__file__).parent
SPEC = "specs/quickstart.toml"
PICTURES = {
    "plan": ["plan", SPEC, "--set", "recipes.real.optimiser.lr=0.02"],
    "results": ["run", SPEC],
}
WIDTH = 112

# Rich's frame, without the fonts that it would fetch from elsewhere.
FORMAT = (
    CONSOLE_SVG_FORMAT[: CONSOLE_SVG_FORMAT.index("    @font-face")]
    + CONSOLE_SVG_FORMAT[CONSOLE_SVG_FORMAT.index("    .{unique_id}-matrix") :]
)


def printed(arguments: list[str], store: Path) -> str:
    """What the command prints on a terminal, codes for colours included."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "specs").symlink_to(HERE.parents[1] / "specs")
        Path(folder, ".lmcspec").symlink_to(store.resolve())
        environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(WIDTH)}
        lmcspec = Path(sys.executable).with_name("lmcspec")
        ours, its = pty.openpty()
        command = [lmcspec, *arguments]
        with (
            open(ours, "rb", buffering=0) as terminal,
            subprocess.Popen(command, cwd=folder, env=environment, stdout=its) as process,
        ):
            os.close(its)
            text = b"".join(iter(lambda: some(terminal), b""))
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return text.decode().replace("\r\n", "\n")


def some(terminal: BinaryIO) -> bytes:
    """What has been printed; nothing where the other side has closed, which Linux calls an error."""
    try:
        return terminal.read(4096)
    except OSError:
        return b""


def main() -> None:
    store = Path(sys.argv[1])
    for name, arguments in PICTURES.items():
        screen = Console(record=True, width=WIDTH, file=io.StringIO())
        screen.print(Text.assemble(("$ ", "dim"), ("lmcspec " + " ".join(arguments), "bold")))
        screen.print(Text.from_ansi(printed(arguments, store)))
        picture = screen.export_svg(title="lmcspec", theme=NIGHT_OWLISH, code_format=FORMAT, unique_id=name)
        # Some viewers drop the spaces at the beginning of a line otherwise.
        picture = picture.replace("<text class", '<text xml:space="preserve" class')
        lines = [line.rstrip() for line in picture.splitlines()]
        HERE.joinpath(f"{name}.svg").write_text("\n".join(lines).strip() + "\n")


if __name__ == "__main__":
    main()
