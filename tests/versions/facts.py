"""Write the committed facts of the models that presets use: `uv run python -m tests.versions.facts`."""

import json
import sys
from pathlib import Path
from typing import Any

import lmcspec.catalog.models
from lmcspec.catalog import get, identity
from lmcspec.plan.model_facts import structure, take
from lmcspec.tasks import Part

FILE = Path(lmcspec.catalog.models.__file__).with_name("facts.json")

MODELS = (
    ("lenet-300-100", {}, (1, 28, 28), 10),
    ("lenet-300-100", {}, (1, 8, 8), 10),
    ("convnet3", {"norm": "instance"}, (3, 32, 32), 10),
    ("convnet3", {"norm": "instance"}, (3, 32, 32), 100),
    ("convnet3", {"norm": "batch"}, (3, 32, 32), 10),
    ("convnet3", {"norm": "batch"}, (3, 32, 32), 100),
    *((f"resnet{depth}", {"norm": "batch"}, (3, 32, 32), 10) for depth in (20, 32, 44, 56, 110)),
    ("resnet20", {"norm": "layer", "width": 64}, (3, 32, 32), 10),
    *((f"vgg{depth}", {"norm": "batch"}, (3, 32, 32), 10) for depth in (11, 13, 16, 19)),
    ("vgg16", {"norm": "layer"}, (3, 32, 32), 10),
    *((f"imagenet-resnet{depth}", {}, (3, 224, 224), 1000) for depth in (18, 34, 50, 101, 152)),
    *(
        (f"resnet{depth}-narrow", {"norm": "batch"}, (3, 32, 32), classes)
        for depth in (10, 18)
        for classes in (10, 100)
    ),
    *((f"resnet{depth}", {"norm": "batch"}, (3, 224, 224), classes) for depth in (10, 18) for classes in (10, 100)),
    *(("resnet18", {"norm": "batch"}, (3, 32, 32), classes) for classes in (10, 100)),
    ("resnetap10", {}, (3, 224, 224), 10),
    ("dc-resnet18", {}, (3, 32, 32), 10),
    *(("alexnet", {}, (3, 32, 32), classes) for classes in (10, 100)),
    ("inception-v3", {"auxiliary": True}, (3, 299, 299), 1000),
    ("inception-v3", {"auxiliary": False}, (3, 299, 299), 1000),
)
"""Name, settings, shape of the images (channels, height, width), classes."""


def part(name: str, settings: dict[str, Any], shape: tuple[int, int, int], classes: int) -> Part:
    """The model as a plan knows it, with the settings that its name stands for and the defaults of the others."""
    card = get("model", name)
    config = card.config.model_validate({"name": card.name, **card.variants.get(name, {}), **settings})
    return Part.of({"config": identity(config), "shape": list(shape), "classes": classes})


def document() -> dict[str, Any]:
    """What `facts.json` has to hold: facts by the digest of the model's structure, and `of` says in words which model."""
    facts, words = {}, {}
    for name, settings, shape, classes in MODELS:
        model = part(name, settings, shape, classes)
        digest = structure(model).digest
        facts[digest] = json.loads(json.dumps(take(model)))
        words[digest] = ", ".join(
            [
                name,
                *(f"{key} {value}" for key, value in settings.items()),
                "x".join(map(str, shape)),
                f"{classes} classes",
            ]
        )
    return {"facts": facts, "of": words}


def text() -> str:
    """The file's text: one line per model."""
    found = document()
    lines = [
        f' "{section}": {{\n'
        + ",\n".join(f"  {json.dumps(key)}: {json.dumps(found[section][key])}" for key in found[section])
        + "\n }"
        for section in ("of", "facts")
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"{len(MODELS)} models in {FILE}")
    sys.exit(0)
