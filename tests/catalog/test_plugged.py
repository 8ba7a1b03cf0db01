"""A plug-in is anybody's code: what it does when it is imported is said, and lmcspec goes on without it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from pydantic import create_model

from lmcspec.catalog import Config, MeasureCard, Several, StepField, built_in
from lmcspec.catalog.half_written import flaw
from lmcspec.catalog.levels import Levels

GOOD = """
from typing import Literal
from lmcspec.catalog import CriterionCard, Named

class Plugged(Named):
    name: Literal["plugged"] = "plugged"

CARD = CriterionCard(name="plugged", doc="x", config=Plugged, implementation="nowhere.at.all:scores")
"""
STEPPED = """
from typing import Literal
from lmcspec.catalog import Optimiser, OptimiserCard

class Plugged(Optimiser):
    name: Literal["plugged"] = "plugged"

class Steps:
    def __init__(self, config, names, parameters): ...
    def step(self, gradients, lr): ...
    def state(self): ...
    def load(self, state): ...

CARD = OptimiserCard(name="plugged", doc="x", config=Plugged, implementation=__name__ + ":Steps", moments=1)
"""
SCHEDULED = """
from typing import Literal
from lmcspec.catalog import Schedule, ScheduleCard

class Plugged(Schedule):
    name: Literal["plugged"] = "plugged"

CARD = ScheduleCard(name="plugged", doc="x", config=Plugged)
"""
MEASURED = """
from typing import Literal
from lmcspec.catalog import Config, MeasureCard, Metric, Metrics

class Plugged(Config):
    kind: Literal["plugged"] = "plugged"

CARD = MeasureCard(name="plugged", doc="x", config=Plugged, implementation="nowhere.at.all:targets", headline="kept",
                   metrics=Metrics((Metric(name="kept", measure="plugged", quantity="kept"),)))
"""
BAD = {
    "raises": ("raise RuntimeError('no \\x1b[31mluck')", r"RuntimeError: no \x1b[31mluck"),
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "wants what isn't there": ("import no_such_package", "No module named 'no_such_package'"),
    "is no Python": ("def", "SyntaxError"),
    "prints": ("print('hello \\x1b[2J')\n" + GOOD, r"says: hello \x1b[2J"),
    "waits": ("from lmcspec.catalog import plugged\nwhile True: pass", "TimeoutError"),
    "has another thing as a card": ("CARD = 5", "it is an int, no card"),
    "has several other things": ("CARDS = ['x', None]", "it is a str, no card"),
    "has no list": ("CARDS = 5", "TypeError"),
    "has a name that is none": (GOOD.replace('name="plugged", doc', 'name="\\x1b[31m", doc'), "is no name"),
    "has a config that is none": (GOOD.replace("config=Plugged", "config=dict"), "is no class of lmcspec"),
    "has a kind that is none": (GOOD + 'object.__setattr__(CARD, "kind", "spell")', "its kind is 'spell'"),
    "has no implementation": (GOOD.replace("nowhere.at.all:scores", "../x"), "no place of the form"),
    "is of no kind's class": (
        GOOD.replace("CriterionCard", "Card").replace("(name", "(kind='criterion', name"),
        "has to be a C",
    ),
    "has a setting that ids have too": (
        STEPPED.replace("name: Lit", "code: int = 1\n    name: Lit"),
        "its config has the setting 'code': in ids",
    ),
    "has the setting of its kind": (
        SCHEDULED.replace(
            "import Schedule, ", "import ScheduleCard\nfrom lmcspec.catalog.schedule import Falling as Schedule #"
        ).replace("name: Lit", "end: int = 1\n    name: Lit"),
        "its config has the setting 'end': in ids",
    ),
    "has a field of another type": (STEPPED.replace("moments=1", "moments='1'"), "its moments is '1': input should be"),
    "has a name for another": (GOOD.replace('name="plugged", doc', 'name="other", doc'), 'say name: Literal["other"]'),
    "has no name of its own": (
        MEASURED.replace('kind: Literal["plugged"] = "plugged"', '"""No kind."""'),
        "config has to say kind: Literal[",
    ),
    "has settings that aren't told": (
        GOOD.replace(' = "plugged"', ' = "plugged"\n    how: type(__file__ and __import__("ast").AST())'),
        "can't stand in a",
    ),
    "has a variant of nothing": (
        GOOD.replace("all:scores", 'all:s", variants={"plugged2": {"depth": 2}}, source="'),
        "'depth'",
    ),
    "looks at images of no class": (GOOD.replace('doc="x"', 'doc="x", images=True'), "has to declare passes"),
    "has a schedule without rates": (SCHEDULED, "lacks multiplier(update, length), by which the rate is multiplied"),
    "has an optimiser without steps": (STEPPED.replace("step(", "steps("), ":Steps lacks step"),
    "has an optimiser that is built otherwise": (
        STEPPED.replace(", names", ""),
        "takes (config, parameters): it is given 3",
    ),
    "has an optimiser without settings": (
        STEPPED.replace("(Optimiser)", "(Named)").replace("import Optimiser", "import Named, Optimiser"),
        "catalog.optimiser.Optimiser",
    ),
    "has an implementation that isn't there": (STEPPED.replace('":Steps"', '":Stepps"'), ":Stepps isn't there"),
    "is known by a metric that it lacks": (
        MEASURED.replace('headline="kept"', 'headline="lost"'),
        "none of its metrics",
    ),
    "takes a step for a list of them": (
        MEASURED.replace("Config):", "Config):\n    at: int = 3"),
        "has at in another sense",
    ),
    "takes names for a name": (
        MEASURED.replace("Config):", 'Config):\n    networks: str = "imp"'),
        "networks in another sense",
    ),
    "has variants of a measure": (
        MEASURED.replace("headline", 'variants={"plugged2": {}}, headline'),
        "has no variants",
    ),
    "reads a measure by no key": (MEASURED.replace("headline", 'reads="other", headline'), "config has no such key"),
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


def lmcspec(place: Path, modules: Mapping[str, str | None], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where these plug-ins are installed, each with that text; None: its entry point leads nowhere."""
    installed = place / "plugged-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    lines = [f"{name} = {name}_cards" for name in modules]
    (installed / "entry_points.txt").write_text("\n".join(["[lmcspec.cards]", *lines, ""]))
    for name, text in modules.items():
        if text is not None:
            (place / f"{name}_cards.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(place)}
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=place, timeout=30)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What one command says where all of these are installed, and a good one between them."""
    place = tmp_path_factory.mktemp("plugged")
    (place / "t.toml").write_text(SPEC.format(criterion="nobody's"))
    names = {kind: f"bad{number}" for number, kind in enumerate(BAD)}
    modules = {names[kind]: text.replace('"plugged"', f'"{names[kind]}"') for kind, (text, _) in BAD.items()}
    ended = lmcspec(place, modules | {"bad5and": GOOD, "nowhere": None}, "plan", "t.toml")
    return names, ended


@pytest.mark.parametrize("kind", BAD)
def test_what_a_plug_in_does_is_said(kind, said):
    names, ended = said
    said = " ".join(ended.stderr.partition("error[")[0].split())
    lines = [line for line in re.split("(?:a card of )?the plug-in ", said) if line.startswith(f"{names[kind]} ")]
    assert BAD[kind][1] in lines[0]


def test_it_is_left_out_and_all_else_goes_on(said):
    _, ended = said
    assert "the plug-in nowhere (nowhere_cards) can't be imported and is left out" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert "\x1b" not in ended.stderr + ended.stdout
    assert "error[E204]" in ended.stderr and "plugged" in ended.stderr.partition("error[E204]")[2]
    assert ended.returncode == 2


def test_nothing_is_imported_that_nobody_asked_for(tmp_path):
    (tmp_path / "t.toml").write_text(SPEC.format(criterion="magnitude"))
    said = lmcspec(tmp_path, {"plugged": BAD["exits"][0]}, "plan", "t.toml")
    assert said.returncode == 0
    assert said.stderr == ""


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_a_plug_in_is_found_wherever_python_finds_packages(form, tmp_path):
    installed = tmp_path / "plugged-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[lmcspec.cards]\nplugged = nowhere\n")
    place = shutil.make_archive(str(tmp_path / "packages"), "zip", tmp_path) if form == "archive" else str(tmp_path)
    asked = "from lmcspec.catalog import plugged; print(plugged._any_plugs_in(), len(plugged.plugged_cards()))"
    environment = {**os.environ, "PYTHONPATH": place}
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env=environment, timeout=30)
    assert "nowhere" in ended.stderr
    assert ended.stdout == "True 0\n"


def test_own_cards_are_whole():
    assert [flaw(card) for card in built_in("measure").values()] == [""] * len(built_in("measure"))


@pytest.mark.parametrize(
    ("key", "type_", "fine"),
    [
        ("levels", Levels, True),
        ("levels", Several[Literal["dense", "last"]], True),
        ("levels", float, False),
        ("levels", Several[float], False),
        ("at", Several[StepField], True),
        ("at", Several[int], False),
        ("through", StepField, True),
        ("through", bool, False),
        ("split", Literal["test"], True),
        ("split", list[str], False),
        ("networks", Several[str] | None, False),
        ("evaluate", bool, False),
        ("copies", Several[int], False),
        ("grid", Several[float], True),
    ],
)
def test_words_of_all_measures_keep_their_sense(key, type_, fine):
    config = create_model("Mine", __base__=Config, kind=(Literal["mine"], "mine"), **{key: (type_, ...)})
    card = MeasureCard(name="mine", doc="x", config=config, implementation="nowhere.at.all:targets")
    assert (flaw(card) == "") is fine
