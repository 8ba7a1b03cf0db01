"""What cards must be told, for tests that go over all of them: a card that is new is among these with no list edited."""

import json
import re
from typing import Any

from lmcspec.catalog import KINDS, Card, Config, MeasureCard, built_in, plug_ins

SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"widths": (5,)},
    "convnet": {"depth": 2, "width": 4},
    "cifar-resnet": {"depth": 8, "width": 4},
    "cifar-vgg": {"depth": 11, "width": 4},
    "four-stage-resnet": {"depth": 10, "width": 4},
    "imagenet-resnet": {"depth": 18},
    "inception-v3": {"auxiliary": False},
}
"""Models that are large unless told."""
WORDS: dict[str, Any] = {"levels": "all", "ipc": 1, "set": "one", "against": "one", "baseline": "one", "lr": 0.1}
"""Values of keys that mean the same wherever they stand."""
OTHERS = {"set", "against"}
"""Keys whose values are names of something else in a study."""


def all_cards() -> list[Card]:
    """Every card there is, plug-ins included."""
    return [card for kind in KINDS for cards in (built_in(kind), plug_ins(kind)) for card in cards.values()]


def required(card: Card) -> dict[str, Any]:
    """A value for each key without a default: the key's usual one, else the first of the `examples` of its field."""
    fields = {key: field for key, field in card.config.model_fields.items() if field.is_required()}
    return {key: WORDS[key] if key in WORDS else (field.examples or [None])[0] for key, field in fields.items()}


def example(card: Card, **more: Any) -> Config:
    """A configuration of a card with what it must be told; of one with variants the first, unless it is large."""
    variant = next(iter(card.variants.values()), {})
    named = {"name": card.name} if "name" in card.config.model_fields else {}
    return card.config.model_validate({**required(card), **SMALL.get(card.name, variant), **more, **named})


def unmeasured(levels: str, *specs: str) -> str:
    """A line for each measure of levels that none of these specs has, if it can be said by itself."""
    lines = []
    for card in built_in("measure").values():
        told = {key: value for key, value in required(card).items() if key != "levels"}
        there = re.compile(rf'^{card.name} = |kind = "{card.name}"', re.MULTILINE)
        assert isinstance(card, MeasureCard)
        sayable = "levels" in card.config.model_fields and not card.of_partners
        if sayable and not (told.keys() & OTHERS or any(map(there.search, specs))):
            keys = "".join(f", {key} = {json.dumps(value)}" for key, value in told.items())
            lines.append(f"{card.name} = {{ levels = {levels}{keys} }}\n")
    return "".join(lines)
