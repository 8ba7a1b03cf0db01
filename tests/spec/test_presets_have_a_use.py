"""Every preset is used by a spec, by another preset or a method, or told of as one for studies of one's own."""

from pathlib import Path

import pytest

from lmcspec.catalog import DistillerCard, find
from lmcspec.catalog.registry import names
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets

ROOT = Path(__file__).parents[2]
ALL = sorted({*presets(), *set_presets(), *stage_presets(), *measure_presets()})
SPECS = "".join(file.read_text() for file in sorted((ROOT / "specs").rglob("*.toml")))
OWN = (
    (ROOT / "docs" / "recipes.md").read_text().partition("## Presets for studies of your own")[2].partition("\n## ")[0]
)


def protocols() -> set[str]:
    cards = [find("distiller", name) for name in names("distiller")]
    return {card.protocol for card in cards if isinstance(card, DistillerCard)}


@pytest.mark.parametrize("name", ALL)
def test_it_is_used_or_documented(name):
    in_presets = "".join(file.read_text() for file in (ROOT / "lmcspec" / "spec" / "presets").rglob("*.toml"))
    extended = f'extends = "{name}"' in in_presets
    assert f'"{name}"' in SPECS or f"`{name}`" in OWN or extended or name in protocols()


def test_none_is_called_unused_that_is_used():
    told = [name for name in ALL if f"`{name}`" in OWN]
    assert [name for name in told if f'"{name}"' in SPECS] == []


def test_there_is_nothing_told_of_that_does_not_exist():
    words = [word for word in OWN.split("`")[1::2] if "/" in word and not word.endswith("/")]
    assert set(words) <= set(ALL)
