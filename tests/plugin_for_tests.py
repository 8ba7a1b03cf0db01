"""A package of cards, written into a folder and found as an installed one is; each look at it is a new process's."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lmcspec.catalog import code, registry
from lmcspec.catalog.plugged import plugged_cards

CARDS = """
from typing import Literal
from pydantic import Field
from lmcspec.catalog import CriterionCard, DatasetCard, ModelCard, Named

class Tiny(Named):
    name: Literal["tiny-vit"] = "tiny-vit"
    init: Literal["default"] = "default"

class Stripes(Named):
    name: Literal["stripes"] = "stripes"

class Upside(Named):
    name: Literal["upside"] = "upside"

CARDS = (
    ModelCard(name="tiny-vit", doc="x", config=Tiny, implementation="ownplug.model:build"),
    CriterionCard(name="upside", doc="x", config=Upside, implementation="ownplug.criterion:scores"),
    DatasetCard(name="stripes", doc="x", config=Stripes, implementation="ownplug.data:load", facts="ownplug.data:facts",
                needs_root=False),
)
"""
FILES = {
    "__init__.py": "",
    "cards.py": CARDS,
    "model.py": """
import math
from torch import nn
from . import parts

def build(config, shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 6), parts.act(), nn.Linear(6, classes))
""",
    "parts.py": "from torch import nn\n\ndef act():\n    return nn.ReLU()\n",
    "criterion.py": """
def scores(state, mask, address=()):
    return {name: state[name].abs() for name in mask}
""",
    "data.py": """
import numpy as np
from lmcspec.base.facts import DataFacts
from lmcspec.science.data.arrays import Arrays, digest

def load(config, root=None):
    images = (np.arange(64 * 16, dtype=np.int64) * 37 % 251).astype(np.uint8).reshape(64, 1, 4, 4)
    labels = np.arange(64, dtype=np.int64) % 2
    return Arrays(images[:48], labels[:48], images[48:], labels[48:], classes=2)

def facts(config, root=None):
    return DataFacts(digest(load(config)), 48, 16, 2, (1, 4, 4))
""",
}
STUDY = """
study = "own"
dataset = "stripes"
model = "tiny-vit"
[recipes.real]
length = "2it"
batch = 16
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5, criterion = "upside" }]
plain = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = {}
"""


class Plugin:
    """The package in `folder`, with more cards and files than it has for all."""

    def __init__(self, folder: Path, cards: str = "", files: Mapping[str, str] | None = None) -> None:
        self.folder = folder / "ownplug"
        self.folder.mkdir()
        for name, text in {**FILES, "cards.py": CARDS + cards, **(files or {})}.items():
            (self.folder / name).write_text(text)
        installed = folder / "ownplug-0.1.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: ownplug\nVersion: 0.1\n")
        (installed / "entry_points.txt").write_text("[lmcspec.cards]\nownplug = ownplug.cards\n")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change its source, and forget what this process knew of it."""
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))
        self.forget()

    def forget(self) -> None:
        """As in a new process."""
        for name in [one for one in sys.modules if one.partition(".")[0] == "ownplug"]:
            del sys.modules[name]
        # Python takes a compiled module for current that is of the same second and size.
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)
        registry.plug_ins.cache_clear()
        plugged_cards.cache_clear()
        code._seen.clear()
        code.look_again()
