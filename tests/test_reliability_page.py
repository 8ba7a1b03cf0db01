"""The tests that docs/reliability.md names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_fault_has_a_test():
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| fault |")]
    assert len(rows) > 15
    for row in rows:
        fault, made, happens, test = (cell.strip() for cell in row.strip("|").split(" | "))
        assert fault and made and happens and "::" in test, row
    file = ""
    for path, name in re.findall(r"`(tests/[\w/.]*)?::(\w+)`", page):
        file = path or file
        assert re.search(rf"^\s*def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name
