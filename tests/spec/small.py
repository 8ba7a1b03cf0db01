"""A small study that tests change here and there."""

from pathlib import Path

from lmcspec.base.errors import SpecError
from lmcspec.spec import Loaded, load

SMALL = """
study = "small"
dataset = "digits"
model = "lenet-300-100"

[recipes.real]
length = "10ep"
batch = 32
optimiser = { name = "sgd", lr = 0.1 }

[recipes.distilled]
extends = "real"
length = "100ep"

[distilled]
dm10 = { method = "dm", ipc = 10 }

[networks]
dense = []
imp = [{ rounds = 3 }]

[measures]
accuracy = {}
"""


def small(*sets: str, more: str = "", **changes: str) -> Loaded:
    """The small study loaded, its lines `key = ...` replaced by `changes`, and text added at the end."""
    return load(Path("small.toml"), sets, text=text(more, **changes))


def text(more: str = "", **changes: str) -> str:
    """The text of the small study with changes: `imp="[{ rounds = 2 }]"`."""
    lines = SMALL.splitlines()
    for key, value in changes.items():
        (at,) = (index for index, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[at] = f"{key} = {value}"
    return "\n".join(lines) + "\n" + more


def codes(*sets: str, more: str = "", **changes: str) -> list[str]:
    """The codes of what is wrong with it, in order."""
    try:
        small(*sets, more=more, **changes)
    except SpecError as error:
        return [problem.code for problem in error.problems]
    return []
