"""Small networks that were trained for a moment on digits."""

import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.initial import initial_state
from lmcspec.science.train import train

SHAPE = (1, 8, 8)


def trained(module, split, replicate, epochs=3, lr=0.1):
    """The state of the module's replicate after a few epochs."""
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    recipe = Recipe(length=epochs * -(-len(split) // 64), batch=64, optimiser=Sgd(lr=lr, momentum=0.9))
    return train(module, split, recipe, SgdNoise(replicate, 0)).state


def same(p, q):
    """Whether two dicts of tensors are equal to the bit."""
    return p.keys() == q.keys() and all(torch.equal(p[name], q[name]) for name in p)
