"""What docs/permutations.md shows in Python runs as it stands there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "permutations.md"


def test_python_on_the_page_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    passes, before, after = map(float, re.findall(r"[\d.]+", printed))
    assert passes >= 2 and after < before
