"""What comes with lmcspec to be extended: a file of tables per family of papers, each with its citation."""

from functools import cache
from importlib import resources

from lmcspec.spec.text import Source
from lmcspec.spec.toml_tree import parse_toml
from lmcspec.spec.tree import Node, stamped

_RECIPES, _SETS, _STAGES, _MEASURES = "presets", "presets/sets", "presets/stages", "presets/measures"


@cache
def presets() -> dict[str, Node]:
    """Name of a recipe that comes with lmcspec -> its table."""
    return _tables(_RECIPES)


@cache
def set_presets() -> dict[str, Node]:
    """Name of a distilled set whose making comes with lmcspec -> its table."""
    return _tables(_SETS)


@cache
def stage_presets() -> dict[str, Node]:
    """Name of a stage that comes with lmcspec -> its table."""
    return _tables(_STAGES)


@cache
def measure_presets() -> dict[str, Node]:
    """Name of a measure that comes with lmcspec -> its table."""
    return _tables(_MEASURES)


def preset_sources() -> dict[str, Source]:
    """The texts of the presets, by the file name that their spans carry; none while no preset was asked for."""
    every = ((_RECIPES, presets), (_SETS, set_presets), (_STAGES, stage_presets), (_MEASURES, measure_presets))
    asked = [folder for folder, reader in every if reader.cache_info().currsize]
    return {source.file: source for folder in asked for _, source in _files(folder)}


def _tables(folder: str) -> dict[str, Node]:
    return {name: node for tree, _ in _files(folder) for name, node in tree.items()}


@cache
def _files(name: str) -> tuple[tuple[Node, Source], ...]:
    folder = resources.files("lmcspec.spec") / name
    trees = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            tree, source = parse_toml(f"{name}/{file.name}", file.read_text(encoding="utf-8"))
            trees.append((stamped(tree, "preset"), source))
    return tuple(trees)
