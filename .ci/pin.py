"""Write the versions that stand in uv.lock into pyproject.toml, as the constraints that a fresh clone resolves by.

uv.lock itself is not committed: it holds the addresses of whichever index resolved it. After `uv lock --upgrade`, or
after adding a dependency: `uv run python .ci/pin.py`.

A pin has a marker only where a package has several, and then the Pythons that it is for: a constraint does nothing
where its package isn't needed, so it need not say for which machines that is.
"""

import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

EXPORT = (
    *("uv", "export", "--frozen", "--all-groups", "--all-extras", "--no-emit-project"),
    *("--no-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"),
)
BLOCK = re.compile(r"^constraint-dependencies = \[\n(.*?)^\]\n", re.MULTILINE | re.DOTALL)
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; [^\"@/]+)?")
PYTHONS = re.compile(r"python_full_version (?:==|!=|<=?|>=?) '[^']*'")
WIDTH = 120


def pins(lines: list[str]) -> list[str]:
    """The lines of an export, each with no more of its marker than tells it from others of its package."""
    if strange := next((line for line in lines if not REQUIREMENT.fullmatch(line)), None):
        sys.exit(f"not a plain version of a package from an index: {strange}")
    times = Counter(line.partition("==")[0] for line in lines)
    return [pin(line, alone=times[line.partition("==")[0]] == 1) for line in lines]


def pin(line: str, alone: bool) -> str:
    """A line of an export without its marker, or with what that says of Python where the package isn't alone."""
    version, _, marker = line.partition(" ; ")
    if alone:
        return version
    alternatives = {" and ".join(dict.fromkeys(PYTHONS.findall(part))) for part in marker.split(" or ")}
    if len(alternatives) > 1:
        sys.exit(f"one of several versions of a package, and for other Pythons on other machines: {line}")
    if not (pythons := alternatives.pop()):
        sys.exit(f"one of several versions of a package, and not told from others by Python's: {line}")
    return f"{version} ; {pythons}"


def block(pinned: list[str]) -> str:
    """The TOML of the constraints, as many in a line as it holds."""
    # A line is broken between two pins, not within one.
    text = " ".join(f'"{pin}",'.replace(" ", "\0") for pin in sorted(pinned))
    lines = textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(["constraint-dependencies = [\n", *(f"  {line}\n".replace("\0", " ") for line in lines), "]\n"])


def main() -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    exported = subprocess.run(EXPORT, check=True, capture_output=True, text=True, cwd=pyproject.parent).stdout
    lines = [line for line in exported.splitlines() if line.strip()]
    before = pyproject.read_text()
    if not BLOCK.search(before):
        sys.exit(f"{pyproject.name} has no block `constraint-dependencies = [...]`")
    after = BLOCK.sub(lambda _: block(pins(lines)), before, count=1)
    pyproject.write_text(after)
    print(f"{len(lines)} versions pinned" + ("" if after != before else ", none changed"))


if __name__ == "__main__":
    main()
