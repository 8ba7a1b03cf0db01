"""Records that are cheap to define: a named tuple takes a default as it stands, and a dataclass's `field` would be one."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "lmcspec"


def _fields_of_tuples(source: str) -> list[int]:
    """The lines at which a named tuple's default is a call of `field`."""
    return [
        line.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "NamedTuple" for base in node.bases)
        for line in node.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.value, ast.Call)
        and ast.unparse(line.value.func) == "field"
    ]


def test_a_field_in_a_named_tuple_is_seen() -> None:
    assert _fields_of_tuples("class A(NamedTuple):\n    x: int = 1\n    y: dict = field(default_factory=dict)") == [3]


def test_no_default_of_a_named_tuple_is_a_field_of_dataclasses() -> None:
    sources = {str(path): path.read_text() for path in PACKAGE.rglob("*.py")}
    wrong = {path: _fields_of_tuples(text) for path, text in sources.items() if "NamedTuple" in text}
    assert wrong
    assert not any(wrong.values()), wrong
