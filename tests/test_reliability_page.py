"""The tests that docs/reliability.md names are there, and what was killed can be killed again."""

import re
import shlex
from pathlib import Path

from lmcspec.plan import compile_study
from lmcspec.spec import load

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


def test_studies_that_were_killed_are_those_that_the_page_says(monkeypatch):
    """Its commands, repeated as they stand, make plans of so many tasks."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    of_each = re.findall(r"(\d+) tasks.*?```sh\n(.*?)```", page.partition("Two studies that ran longest")[2], re.DOTALL)
    assert [count for count, _ in of_each] == ["75", "288"]
    for count, text in of_each:
        words = shlex.split(text.replace("\\\n", " "))
        spec = next(word for word in words if word.endswith(".toml"))
        settings = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
        assert sum(1 for _ in compile_study(load(Path(spec), settings)).counted) == int(count)
