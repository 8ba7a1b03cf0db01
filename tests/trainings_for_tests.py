"""Small networks, masks and recipes, for tests of trainings."""

import torch
from cards_for_tests import example

from lmcspec.catalog import built_in
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import masks
from lmcspec.science.criteria.magnitude import scores
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp

OPTIMISERS = {
    "sgd": Sgd(lr=0.1),
    "decay": Sgd(lr=0.1, momentum=0.9, weight_decay=1e-2),
    "nesterov": Sgd(lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "adam": Adam(lr=2e-3, weight_decay=1e-3),
    "adamw": AdamW(lr=2e-3, weight_decay=5e-2),
}
OPTIMISERS |= {
    name: example(card) for name, card in built_in("optimiser").items() if name not in {"sgd", "adam", "adamw"}
}
"""Some settings of each, and every other that there is: pruning and going on rest on laws that all of them keep."""


def network(model, replicate=0):
    if model == "mlp":
        module = construct(mlp.build, Mlp(widths=(32, 16)), (1, 8, 8), 10)
    else:
        module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), (1, 8, 8), 10)
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    return module


def half(module):
    """Half of the initial weights."""
    mask = masks.dense(module)
    return masks.prune(scores(module.state_dict(), mask), mask, masks.survivors(mask) // 2)


def with_dead(module, seed, share=0.4):
    """A mask of half of the weights, in which a share of all inputs of each layer is read by nobody."""
    draws = torch.Generator().manual_seed(seed)
    mask = {name: torch.rand(keep.shape, generator=draws) < 0.5 for name, keep in masks.dense(module).items()}
    for keep in mask.values():
        keep[:, torch.rand(keep.shape[1], generator=draws) < share] = False
    return mask


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[name], two[name]) for name in one)


def recipe_of(optimiser="decay", length=40, **more):
    return Recipe(length=length, batch=32, optimiser=OPTIMISERS[optimiser], **more)
