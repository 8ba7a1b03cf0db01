"""Erdős–Rényi densities, against the loop over dense layers in which the papers' code finds them."""

import math

import pytest
import torch

from lmcspec.science import masks
from lmcspec.science.criteria import erdos_renyi

MLP = {"layers.0.weight": (300, 784), "layers.1.weight": (100, 300), "classifier.weight": (10, 100)}
CONVNET = {
    "stem.weight": (16, 3, 3, 3),
    "wide.weight": (64, 16, 3, 3),
    "mix.weight": (64, 64, 1, 1),
    "out.weight": (10, 64),
}


def dense(shapes):
    return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}


def published(shapes, density, *, kernel):
    """Densities by layer as Evci et al.'s code finds them.

    A layer that would have more weights than there are becomes a dense one, and the others share the rest anew.
    """
    size = {name: math.prod(shape) for name, shape in shapes.items()}
    raw = {
        name: sum(own) / math.prod(own) for name, shape in shapes.items() for own in [shape if kernel else shape[:2]]
    }
    whole: set[str] = set()
    while True:
        others = [name for name in shapes if name not in whole]
        wanted = density * sum(size.values()) - sum(size[name] for name in whole)
        epsilon = wanted / sum(raw[name] * size[name] for name in others)
        over = [name for name in others if epsilon * raw[name] > 1]
        if not over:
            return {name: 1.0 if name in whole else epsilon * raw[name] for name in shapes}
        # The one that is furthest over is dense whatever becomes of the others.
        whole.add(max(over, key=raw.__getitem__))


def pruned(score, mask, count, level=1, **more):
    return masks.prune(score({}, mask, (0, level, 0)), mask, count, **more)


def survivors(mask):
    return {name: int(keep.sum()) for name, keep in mask.items()}


@pytest.mark.parametrize("shapes", [MLP, CONVNET], ids=["mlp", "convnet"])
@pytest.mark.parametrize(("score", "kernel"), [(erdos_renyi.scores, False), (erdos_renyi.kernel_scores, True)])
@pytest.mark.parametrize("density", [0.9, 0.5, 0.2, 0.05, 0.01])
def test_each_layer_has_its_density_to_the_weight(shapes, score, kernel, density):
    mask, expected = dense(shapes), published(shapes, density, kernel=kernel)
    total = masks.survivors(mask)
    found = survivors(pruned(score, mask, total - round(density * total)))
    assert sum(found.values()) == round(density * total)
    for name, shape in shapes.items():
        assert abs(found[name] - expected[name] * math.prod(shape)) <= 1, name
    assert len(set(expected.values())) > 1


def test_by_hand_and_kernels_count():
    """16·3 channels and 10·4: (16 + 3) / 48 of the one, times 9 places of a kernel, to 14 / 40 of the other."""
    mask = dense({"conv.weight": (16, 3, 3, 3), "out.weight": (10, 4)})
    assert survivors(pruned(erdos_renyi.scores, mask, 472 - 37))["conv.weight"] == round(37 * 9 * 19 / (9 * 19 + 14))
    assert survivors(pruned(erdos_renyi.kernel_scores, mask, 472 - 39)) == {"conv.weight": 25, "out.weight": 14}


def test_rounds_are_nested_and_come_to_the_same_counts_as_all_at_once():
    score, once = erdos_renyi.kernel_scores, dense(CONVNET)
    mask = once
    for level, count in enumerate((6000, 4000, 3000), 1):
        after = pruned(score, mask, count, level)
        assert all(bool((mask[name] | ~after[name]).all()) for name in mask)
        mask = after
    assert survivors(mask) == survivors(pruned(score, once, 13000))


def test_excluded_layers_stay_and_the_others_share_the_rest():
    mask, spared = dense(CONVNET), ("out.weight",)
    found = pruned(erdos_renyi.scores, mask, 10000, exclude=spared)
    alone = pruned(erdos_renyi.scores, {name: keep for name, keep in mask.items() if name not in spared}, 10000)
    assert survivors(found) == survivors(alone) | {"out.weight": 640}


def test_draws_are_uniform_and_another_for_each_level_and_layer():
    mask = {"a.weight": torch.ones(2000, 2, dtype=torch.bool), "b.weight": torch.ones(2000, 2, dtype=torch.bool)}
    first, second = (pruned(erdos_renyi.scores, mask, 4000, level) for level in (1, 2))
    assert survivors(first) == {"a.weight": 2000, "b.weight": 2000}
    # Independent halves of 4000: agreements have mean 2000 and standard deviation 32.
    for one, other in ((first["a.weight"], second["a.weight"]), (first["a.weight"], first["b.weight"])):
        assert abs(int((one == other).sum()) - 2000) < 160
    halves = [int(half.sum()) for half in first["a.weight"].flatten().chunk(2)]
    assert abs(halves[0] - 1000) < 80
