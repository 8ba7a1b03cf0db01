"""Write the versions that stand in uv.lock into pyproject.toml, as the constraints that a fresh clone resolves by.

uv.lock itself is not committed: it holds the addresses of whichever index resolved it. After `uv lock --upgrade`, or
after adding a dependency: `uv run python .ci/pin.py`.
"""

import re
import subprocess
import sys
from pathlib import Path

EXPORT = (
    *("uv", "export", "--frozen", "--all-groups", "--all-extras", "--no-emit-project"),
    *("--no-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"),
)
BLOCK = re.compile(r"^constraint-dependencies = \[\n(.*?)^\]\n", re.MULTILINE | re.DOTALL)
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; [^\"@/]+)?")


def block(lines: list[str]) -> str:
    """The TOML of the constraints, one a line."""
    for line in lines:
        if not REQUIREMENT.fullmatch(line):
            sys.exit(f"not a plain version of a package from an index: {line}")
    return "".join(["constraint-dependencies = [\n", *(f'  "{line}",\n' for line in sorted(lines)), "]\n"])


def main() -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    exported = subprocess.run(EXPORT, check=True, capture_output=True, text=True, cwd=pyproject.parent).stdout
    lines = [line for line in exported.splitlines() if line.strip()]
    before = pyproject.read_text()
    if not BLOCK.search(before):
        sys.exit(f"{pyproject.name} has no block `constraint-dependencies = [...]`")
    after = BLOCK.sub(lambda _: block(lines), before, count=1)
    pyproject.write_text(after)
    print(f"{len(lines)} versions pinned" + ("" if after != before else ", none changed"))


if __name__ == "__main__":
    main()
