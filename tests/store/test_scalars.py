"""Numbers of another form under digests that hold: no result, and a sentence that names the place."""

import json

import pytest

from lmcspec.base import ids
from lmcspec.store import DamagedError, checked, layout

PLACE = {"x": 0.0, "y": 1.0, "residual": 0.5}
PAIR = {"a": 0, "b": 1, "weights": 1.0, "plane": 1.0}
SOUND = {
    "of a training": {"test_error": 0.25, "test_loss": float("nan"), "test_images": 10, "update": 3},
    "of a mask": {"density": 0.5, "layers": {"fc": [1, 2]}},
    "of masks": {"metrics": {"overlap": 1}, "layers": {"fc": {"size": 4, "a": 1, "b": 2, "both": 0}}},
    "of a path": {
        "alphas": [0.0, 1.0],
        "paths": {"average": {"summary": {"instability/test": 0.1}, "test_error": [0.1, 0.2]}},
        "distance": 1.5,
        "images": {"test": 10},
    },
    "of a distance": {"distance": 1.5, "from-start": [1.0, 2.0], "angle": float("nan")},
    "of a landscape": {"x": [0.0], "y": [0.0], "places": [PLACE, PLACE], "distances": [PAIR], "metrics": {}},
    "of a landscape with ways": {
        **{"x": [0.0], "y": [0.0], "places": [PLACE], "distances": [], "metrics": {}},
        "ways": [{"x": [0.0], "y": [1.0], "residual": [0.5]}, {"x": [], "y": [], "residual": []}],
    },
    "of curvature": {"metrics": {"trace": 2.0}, "histogram": {"edges": [0.0, 1.0, 2.0], "counts": [3, 4]}},
    "of a set": {"images": 10, "classes": 10, "rate": 0.1},
    "of a plug-in": {"whatever": [{"it": None}]},
}
BROKEN = {
    "an error in words": ("scalars.test_error", {"test_error": "0.25", "test_loss": 1.0}),
    "an error that is true": ("scalars.test_error", {"test_error": True, "test_loss": 1.0}),
    "no loss": ("test_error without test_loss", {"test_error": 0.25}),
    "no density": ("scalars.density", {"density": None}),
    "a layer of three": ("scalars.layers", {"layers": {"fc": [1, 2, 3]}}),
    "metrics in a list": ("scalars.metrics", {"metrics": [1.0]}),
    "a metric in words": ("scalars.metrics.x", {"metrics": {"x": "high"}}),
    "paths in a list": ("scalars.paths", {"alphas": [], "paths": []}),
    "no summary": ("average.summary", {"alphas": [], "paths": {"average": {}}}),
    "a short curve": ("for each of its alphas", {"alphas": [0.0], "paths": {"a": {"summary": {}, "test_loss": []}}}),
    "no start": ("angle without from-start", {"distance": 1.0, "angle": 90.0}),
    "a place of nothing": ("scalars.places.0.y", SOUND["of a landscape"] | {"places": [{"x": 0.0}]}),
    "a pair of nobody": ("not there", SOUND["of a landscape"] | {"distances": [PAIR | {"b": 7}]}),
    "a way that breaks off": ("for each of its states", {"ways": [{"x": [0.0], "y": [], "residual": [0.5]}]}),
    "a count too few": ("between each two edges", {"histogram": {"edges": [0.0, 1.0], "counts": []}}),
    "no numbers": ("scalars", [1.0]),
}


def rewrite(stored, scalars):
    """Other numbers, and all digests as if they had been written so."""
    path = stored.path / layout.COMMIT
    document = json.loads(path.read_bytes())
    content = {**document["result"], "scalars": layout.spelled(scalars)}
    content["digest"] = ids.digest({name: part for name, part in content.items() if name != "digest"})
    del document["digest"]
    path.write_bytes(layout.text(checked.signed({**document, "result": content})))


@pytest.mark.parametrize("scalars", SOUND.values(), ids=SOUND)
def test_what_tasks_return_is_read(store, put, name, scalars):
    put(store, name(1), scalars=scalars)
    found = store.find(name(1))
    assert found is not None
    assert json.dumps(found.scalars, sort_keys=True) == json.dumps(scalars, sort_keys=True)


@pytest.mark.parametrize(("words", "scalars"), BROKEN.values(), ids=BROKEN)
def test_numbers_of_another_form_are_damage(store, put, name, caplog, words, scalars):
    put(store, name(1))
    rewrite(store.find(name(1)), scalars)
    with pytest.raises(DamagedError) as caught:
        store.read(name(1))
    assert words in str(caught.value) and "value error" not in str(caught.value)
    assert store.find(name(1)) is None
    assert "counts as missing" in caplog.text
    assert put(store, name(1)) == "committed"
