"""Which recipes the stages of a network train with, and other ones in their place."""

from collections.abc import Mapping
from dataclasses import replace

from lmcspec.spec.tree import Node


def used_recipes(network: Node) -> list[str]:
    """The recipes that a network's training or measuring needs, in order of the stages; `real` always."""
    used: dict[str, None] = {}
    for stage in network.elements():
        for name in (stage_recipe(stage), *_text(stage.get("retrain"))):
            used[name] = None
    used["real"] = None
    return list(used)


def stage_recipe(stage: Node) -> str:
    """The recipe with which a stage trains: its own, else `real` for the study's data and `distilled` for others."""
    named = _text(stage.get("recipe"))
    if named:
        return named[0]
    data = _text(stage.get("data"))
    return "real" if not data or data[0] == "real" else "distilled"


def _text(node: Node | None) -> list[str]:
    return [node.value] if node is not None and isinstance(node.value, str) else []


def with_recipes(network: Node, names: Mapping[str, str]) -> Node:
    """The stages with the members of recipe families spelled out."""
    if not names:
        return network
    stages = []
    for stage in network.elements():
        if isinstance(stage.value, dict):
            value = dict(stage.value)
            for key, name in (
                ("recipe", stage_recipe(stage)),
                *(("retrain", text) for text in _text(stage.get("retrain"))),
            ):
                if name in names:
                    old = stage.get(key)
                    value[key] = Node(names[name], old.span if old else stage.span, old.key if old else stage.key)
            stage = replace(stage, value=value)
        stages.append(stage)
    return replace(network, value=stages)
