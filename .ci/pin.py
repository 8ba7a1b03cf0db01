"""Write the versions that stand in uv.lock into pyproject.toml, as the constraints that a fresh clone resolves by.

uv.lock itself is not committed: it holds the addresses of whichever index resolved it. After `uv lock --upgrade`, or
after adding a dependency: `uv run python .ci/pin.py`.

A pin has a marker only where it holds for one Python and not for another: that of `tool.uv.environments`, which uv's
export repeats at each, is left out.
"""

import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

EXPORT = (
    *("uv", "export", "--frozen", "--all-groups", "--all-extras", "--no-emit-project"),
    *("--no-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"),
)
BLOCK = re.compile(r"^constraint-dependencies = \[\n(.*?)^\]\n", re.MULTILINE | re.DOTALL)
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; [^\"@/]+)?")


WIDTH = 120
CONDITION = re.compile(r"\w+ (?:==|!=|<=?|>=?) '[^']*'")


def conditions(marker: str) -> set[str]:
    """Those of a marker all of which have to hold; it may have no other form."""
    found = set(CONDITION.findall(marker))
    if set(marker.split(" and ")) != found:
        sys.exit(f"not a plain list of conditions: {marker}")
    return found


def bare(line: str, everywhere: set[str]) -> str:
    """A pin without the conditions of its marker that hold everywhere."""
    if not REQUIREMENT.fullmatch(line):
        sys.exit(f"not a plain version of a package from an index: {line}")
    pin, _, marker = line.partition(" ; ")
    own = sorted(conditions(marker) - everywhere) if marker else []
    return f"{pin} ; {' and '.join(own)}" if own else pin


def block(pins: list[str]) -> str:
    """The TOML of the constraints, as many in a line as it holds."""
    # A line is broken between two pins, not within one.
    text = " ".join(f'"{pin}",'.replace(" ", "\0") for pin in sorted(pins))
    lines = textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(["constraint-dependencies = [\n", *(f"  {line}\n".replace("\0", " ") for line in lines), "]\n"])


def main() -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    exported = subprocess.run(EXPORT, check=True, capture_output=True, text=True, cwd=pyproject.parent).stdout
    lines = [line for line in exported.splitlines() if line.strip()]
    before = pyproject.read_text()
    (environment,) = tomllib.loads(before)["tool"]["uv"]["environments"]
    pins = [bare(line, conditions(environment)) for line in lines]
    if not BLOCK.search(before):
        sys.exit(f"{pyproject.name} has no block `constraint-dependencies = [...]`")
    after = BLOCK.sub(lambda _: block(pins), before, count=1)
    pyproject.write_text(after)
    print(f"{len(pins)} versions pinned" + ("" if after != before else ", none changed"))


if __name__ == "__main__":
    main()
