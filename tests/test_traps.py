"""The tests that docs/traps.md names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    line
    for line in (ROOT / "docs" / "traps.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| trap |")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_trap_is_held_by_tests_that_exist(row):
    trap, here, held = (cell.strip() for cell in row.strip("|").split(" | "))
    assert trap and here
    named = re.findall(r"`([\w/.]*)::(\w+)`", held)
    assert named or held.startswith("can't occur: ")
    file = ""
    for path, name in named:
        file = path or file
        assert re.search(rf"^\s*def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name
