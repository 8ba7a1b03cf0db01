"""The tests that SECURITY.md names are there, and the page stays short."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_claim_has_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| from a stranger |")]
    assert len(rows) >= 10
    assert all("::" in row.strip("|").split(" | ")[2] for row in rows)
    file = ""
    for path, name in re.findall(r"`(tests/[\w/.]*)?::(\w+)`", PAGE):
        file = path or file
        assert re.search(rf"^\s*def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name


def test_it_is_short_and_leads_somewhere():
    assert len(PAGE.splitlines()) < 70
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / link).exists(), link
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
