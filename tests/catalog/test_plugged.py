"""A plug-in is anybody's code: what it does when it is imported is said, and lmcspec goes on without it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

GOOD = """
from typing import Literal
from lmcspec.catalog import CriterionCard, Named

class Plugged(Named):
    name: Literal["plugged"] = "plugged"

CARD = CriterionCard(name="plugged", doc="x", config=Plugged, implementation="nowhere.at.all:scores")
"""
BAD = {
    "raises": ("raise RuntimeError('no \\x1b[31mluck')", r"RuntimeError: no \x1b[31mluck"),
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "wants what isn't there": ("import no_such_package", "No module named 'no_such_package'"),
    "is no Python": ("def", "SyntaxError"),
    "prints": ("print('hello \\x1b[2J')\n" + GOOD, r"says: hello \x1b[2J"),
    "waits": ("from lmcspec.catalog import plugged\nwhile True: pass", "TimeoutError"),
    "has another thing as a card": ("CARD = 5", "it is a int, no card"),
    "has several other things": ("CARDS = ['x', None]", "it is a str, no card"),
    "has no list": ("CARDS = 5", "TypeError"),
    "has a name that is none": (GOOD.replace('name="plugged", doc', 'name="\\x1b[31m", doc'), "is no name"),
    "has a config that is none": (GOOD.replace("config=Plugged", "config=dict"), "is no class of lmcspec"),
    "has a kind that is none": (GOOD + 'object.__setattr__(CARD, "kind", "spell")', "its kind is 'spell'"),
    "has no implementation": (GOOD.replace("nowhere.at.all:scores", "../x"), "no place of the form"),
    "takes another lmcspec's fields": (GOOD.replace('doc="x"', 'doc="x", colour=1'), "unexpected keyword"),
}
SPEC = """
study = "t"
dataset = "digits"
model = "lenet-300-100"
recipes.real = {{ length = "1ep", batch = 64, optimiser = {{ name = "sgd", lr = 0.1 }} }}
networks.imp = [{{ rounds = 1, criterion = "{criterion}" }}]
measures.accuracy = {{}}
"""
RUN = """
import sys
from lmcspec.catalog import plugged
plugged.SECONDS = 0.5
from lmcspec.cli import main
main(sys.argv[1:])
"""


def lmcspec(place: Path, module: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where a plug-in of that text is installed; None: its entry point leads nowhere."""
    if module is not None:
        (place / "plugged_cards.py").write_text(module)
    installed = place / "plugged-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[lmcspec.cards]\nplugged = plugged_cards\n")
    environment = {**os.environ, "PYTHONPATH": str(place)}
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=place, timeout=30)


@pytest.mark.parametrize("kind", BAD)
def test_what_a_plug_in_does_is_said(kind, tmp_path):
    module, says = BAD[kind]
    (tmp_path / "t.toml").write_text(SPEC.format(criterion="plugged"))
    began = time.monotonic()
    said = lmcspec(tmp_path, module, "plan", "t.toml")
    assert time.monotonic() - began < 20
    assert says in said.stderr
    assert "Traceback" not in said.stderr
    assert "\x1b" not in said.stderr + said.stdout
    assert said.returncode == 2


def test_an_entry_point_that_leads_nowhere(tmp_path):
    (tmp_path / "t.toml").write_text(SPEC.format(criterion="plugged"))
    said = lmcspec(tmp_path, None, "plan", "t.toml")
    assert "the plug-in plugged (plugged_cards) can't be imported and is left out" in said.stderr
    assert "error[E204]" in said.stderr
    assert said.returncode == 2


def test_nothing_is_imported_that_nobody_asked_for(tmp_path):
    (tmp_path / "t.toml").write_text(SPEC.format(criterion="magnitude"))
    said = lmcspec(tmp_path, BAD["exits"][0], "plan", "t.toml")
    assert said.returncode == 0
    assert said.stderr == ""
