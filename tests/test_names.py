"""Names say what a thing is: none is just `one`, `found` or `own`."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = re.compile(r"""(?s:(\"{3}|'{3}).*?\1)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#.*""")
SAYS_NOTHING = re.compile(r"\b(?:one|found|own)\b")
WRITTEN = {"lmcspec/store/scalars.py": ["own"]}
"""Keys of what stores hold: they stay."""


def empty_names(code: str) -> list[str]:
    """Such names in code, whatever they are of; what stands in texts and comments is prose."""
    return SAYS_NOTHING.findall(TEXTS.sub("", code))


def test_no_name_is_empty():
    files = [path for folder in ("lmcspec", "runners") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 300, "the house is read"
    named = {path.relative_to(ROOT).as_posix(): empty_names(path.read_text(encoding="utf-8")) for path in files}
    assert {file: names for file, names in named.items() if names} == WRITTEN


@pytest.mark.parametrize(
    "code", ["one = 1", "def f(own): ...", "[x for found in y]", "self.own", "f(own=1)", "'a' if found else \"b\""]
)
def test_an_empty_name_is_found(code):
    assert len(empty_names(f'"""The one."""\n{code}  # found')) == 1
