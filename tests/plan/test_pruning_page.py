"""Every spec line of docs/pruning.md compiles, and is what its page says of it."""

import re
from pathlib import Path

from specs_for_tests import plan_of

from lmcspec.catalog import built_in

PAGE = (Path(__file__).parents[2] / "docs" / "pruning.md").read_text(encoding="utf-8")
STUDY = """
study = "page"
dataset = "digits"
model = "lenet-300-100"
[recipes.real]
length = "3000it"
batch = 60
optimiser = { name = "adam", lr = 12e-4 }
[recipes.slow]
extends = "real"
optimiser = { lr = 1e-4 }
[networks]
NETWORKS
[measures]
accuracy = { levels = ["last"] }
"""


def test_its_lines_compile():
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    plan = plan_of(STUDY.replace("NETWORKS", "\n".join(blocks)))
    networks = {target.network for target in plan.targets}
    assert len(blocks) == 6
    assert {"imp", "but-one", "level-by-level", "control[criterion=grasp]", "redrawn[rewind=500it]"} <= networks


def test_what_it_lists_are_criteria_with_their_settings():
    """All that it says of a criterion holds; one that is new has a row when somebody writes of it."""
    rows = {row[0]: row[1] for row in re.findall(r"^\| `([\w-]+)` \|.*\| (.*?) \|$", PAGE, re.MULTILINE)}
    listed = [card for card in built_in("criterion").values() if card.name in rows]
    assert len(listed) >= 6
    for card in listed:
        fields = {name: field.default for name, field in card.config.model_fields.items() if name != "name"}
        told = dict.fromkeys(re.findall(r"`(\w+)(?: = [\d.]+)?`", rows[card.name]))
        assert set(told) == set(fields)
        for name, value in re.findall(r"`(\w+) = ([\d.]+)`", f"{rows[card.name]}"):
            assert fields[name] == float(value)
