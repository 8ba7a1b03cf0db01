"""Recipes that come with lmcspec: one file of tables per family of papers, each with its citation beside it."""

from functools import cache
from importlib import resources

from lmcspec.spec.reading import parse_toml
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node, stamped

_FOLDER = "presets"


@cache
def presets() -> dict[str, Node]:
    """Preset name -> its table."""
    return {name: node for tree, _ in _files() for name, node in tree.items()}


def preset_sources() -> dict[str, Source]:
    """The texts of the presets, by the file name that their spans carry; none while no preset was asked for."""
    return {source.file: source for _, source in _files()} if _files.cache_info().currsize else {}


@cache
def _files() -> tuple[tuple[Node, Source], ...]:
    folder = resources.files("lmcspec.spec") / _FOLDER
    found = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            tree, source = parse_toml(f"presets/{file.name}", file.read_text(encoding="utf-8"))
            found.append((stamped(tree, "preset"), source))
    return tuple(found)
