"""Finding cards: by folder, by variant, by entry point; and what is said when there is none."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from cards_for_tests import all_cards
from pydantic import create_model

from lmcspec.base.errors import SpecError, UsageError
from lmcspec.catalog import CriterionCard, Named, built_in, find, get, names, nearest, plug_ins, registry
from lmcspec.catalog import plugged as plugged_module
from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import Config
from lmcspec.spec import load


class Wild(Named):
    """Whatever comes."""


CARD = CriterionCard(name="wild", doc="prune whatever comes", config=Wild, implementation="nowhere:scores")

KNOWN = {"grasp", "magnitude", "magnitude-at-init", "random", "snip", "synflow"}
CRITERIA = sorted(built_in("criterion"))


class Point:
    """An installed entry point: a name and a module of cards."""

    def __init__(self, module):
        self.module, self.loads = module, 0
        self.name = self.value = "plugged"

    def load(self):
        self.loads += 1
        return self.module


@pytest.fixture
def plugged(monkeypatch):
    """A function that installs cards as if a package had brought them; gives the entry point."""
    registry.plug_ins.cache_clear()
    plugged_module.plugged_cards.cache_clear()

    def plug(*cards, **single):
        module = ModuleType("plugged")
        module.CARDS = cards
        vars(module).update(single)
        point = Point(module)

        def entry_points(*, group):
            assert group == "lmcspec.cards"
            return [point]

        monkeypatch.setattr(plugged_module, "_any_plugs_in", lambda: True)
        monkeypatch.setattr(plugged_module.metadata, "entry_points", entry_points)
        return point

    yield plug
    registry.plug_ins.cache_clear()
    plugged_module.plugged_cards.cache_clear()


class TestFinding:
    def test_by_name_and_by_variant(self):
        assert get("model", "convnet") is get("model", "convnet3") is built_in("model")["convnet"]
        assert find("model", "nothing") is None

    def test_a_name_is_of_its_kind_only(self):
        assert find("dataset", "mlp") is None

    def test_listing(self):
        families = {
            "alexnet": [],
            "cifar-resnet": ["resnet110", "resnet20", "resnet32", "resnet44", "resnet56"],
            "cifar-vgg": ["vgg11", "vgg13", "vgg16", "vgg19"],
            "convnet": ["convnet2", "convnet3", "convnet4", "convnet5"],
            "four-stage-resnet": [
                "dc-resnet18",
                *(f"resnet{depth}{form}" for depth in (10, 18) for form in ("", "-narrow")),
                "resnetap10",
            ],
            "imagenet-resnet": [f"imagenet-resnet{depth}" for depth in (101, 152, 18, 34, 50)],
            "inception-v3": [],
            "mlp": ["lenet-300-100"],
        }
        there = [name for name in names("model") if get("model", name).name in families]
        assert there == sorted([*families, *(name for own in families.values() for name in own)])
        assert names("model") == sorted(names("model"))
        assert all(get("model", name).name == family for family, own in families.items() for name in own)
        assert names("runner") == sorted(names("runner"))
        assert [card.name for card in all_cards() if card.kind == "criterion"] == CRITERIA
        assert set(CRITERIA) >= KNOWN

    @pytest.mark.parametrize(
        ("kind", "typed", "meant"),
        [
            ("model", "convent3", "convnet3"),
            ("model", "vgg-16", "vgg16"),
            ("model", "resnet-20", "resnet20"),
            ("model", "resnet50", "imagenet-resnet50"),
            ("dataset", "mnits", "mnist"),
            ("criterion", "magnitud", "magnitude"),
        ],
    )
    def test_did_you_mean(self, kind, typed, meant):
        with pytest.raises(UsageError, match=f"there is no {kind} called '{typed}'; did you mean '{meant}'?"):
            get(kind, typed)

    def test_nothing_is_near(self):
        with pytest.raises(UsageError, match=r"there is no model called 'xyzzy'$"):
            get("model", "xyzzy")
        assert nearest("xyzzy", ["mlp"]) is None


class TestPlugIns:
    def test_found_only_for_a_name_that_is_not_built_in(self, plugged):
        point = plugged(CARD)
        assert get("criterion", "random").name == "random"
        assert names("criterion", plugged=False) == CRITERIA
        assert point.loads == 0
        assert get("criterion", "wild") is CARD
        assert point.loads == 1

    def test_listed_with_the_others(self, plugged):
        plugged(CARD)
        assert names("criterion") == sorted([*CRITERIA, "wild"])
        assert CARD in all_cards()
        assert plug_ins("model") == {}

    def test_one_card_or_several(self, plugged):
        plugged(replace(CARD, name="tame"), CARD=CARD)
        assert set(plug_ins("criterion")) == {"tame", "wild"}

    def test_named_by_a_slip(self, plugged):
        plugged(CARD)
        with pytest.raises(UsageError, match="did you mean 'wild'"):
            get("criterion", "wilt")

    @pytest.mark.parametrize(
        ("clashing", "whose"),
        [
            (replace(CARD, name="random"), "'random' has the name of a built-in one"),
            (replace(CARD, name="tame", variants={"magnitude": {}}), "'magnitude' has the name of a built-in one"),
            (replace(CARD, doc="another"), "'wild' has the name of one of the plug-in plugged (plugged)"),
            (replace(CARD, name="tame", variants={"wild": {}}), "'wild' has the name of one of the plug-in"),
            (replace(CARD, name="tame", variants={"tame": {}}), "'tame' has the name of itself"),
        ],
    )
    def test_one_whose_name_is_taken_is_left_out_with_a_word_and_no_other(self, plugged, caplog, clashing, whose):
        plugged(CARD, clashing, replace(CARD, name="last"))
        assert plug_ins("criterion")["wild"] is CARD
        assert list(plug_ins("criterion")) == ["wild", "last"]
        assert find("criterion", "wilt") is None
        (said,) = caplog.messages
        assert f"a card of the plug-in plugged (plugged) is left out: the criterion {whose}" in said

    def test_an_augmentation_is_left_out_with_a_word_where_a_recipe_has_its_key(self, plugged, caplog):
        config = create_model("Own", __base__=Config, own_key=(bool, False))
        plugged(AugmentationCard(name="t", doc="x", config=config, implementation="nowhere:drawn", on="batch", place=1))
        recipe = (
            'recipes.real = { length = "1ep", batch = 1, optimiser = { name = "sgd", lr = 1 }, augment.own_key = true }'
        )
        with pytest.raises(SpecError):
            load(Path("t.toml"), text=f'study = "t"\ndataset = "digits"\nmodel = "lenet-300-100"\n{recipe}\n')
        assert "the augmentation 't': a recipe knows only the augmentations of lmcspec" in caplog.text


def test_a_card_in_the_wrong_folder():
    with pytest.raises(registry.DuplicateCard, match="'wild' is a criterion in the folder of model cards"):
        registry._collect("model", [CARD])


LOADED = """
import sys
from lmcspec.catalog import names
assert "plugged" in names("criterion")
print(sorted({"torch", "mlflow", "scipy"} & set(sys.modules)))
"""

CARDS = """
{first}
from typing import Literal
from lmcspec.catalog import CriterionCard, Named

class Plugged(Named):
    name: Literal["plugged"] = "plugged"

CARD = CriterionCard(name="plugged", doc="x", config=Plugged, implementation="plugged_science:scores")
"""


@pytest.mark.parametrize(("first", "loaded"), [("", "[]"), ("import torch", "['torch']")])
def test_scanning_plug_ins_loads_nothing_heavy_but_what_they_do(tmp_path, first, loaded):
    """A plug-in's card module must not import torch. This is the check: it passes for a good one and sees a bad one."""
    (tmp_path / "plugged_cards.py").write_text(CARDS.format(first=first))
    (tmp_path / "torch.py").write_text("")  # not the real one, which takes seconds
    installed = tmp_path / "plugged-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[lmcspec.cards]\nplugged = plugged_cards\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, env=environment)
    assert ended.stdout.strip() == loaded, ended.stderr
