"""Coresets: real images in place of distilled ones."""

import numpy as np
import torch
from torch import Tensor

from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.distillers.coresets import KCenter, RandomImages
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.features import features
from lmcspec.science.distill.start import members_of, real_subset, too_few
from lmcspec.science.train import train

BATCH = 1000


def random_images(config: RandomImages, distillation: Distillation) -> Distilled:
    """`ipc` random real images of each class: those from which the other methods start, given the same seed."""
    images, labels = real_subset(distillation.data.train, distillation.data.classes, config.ipc, config.seed)
    return Distilled(images, labels, distillation.data.space)


def k_center(config: KCenter, distillation: Distillation) -> Distilled:
    """Of each class the image nearest to its mean, then again and again the one farthest from those chosen."""
    split, classes = distillation.data.train, distillation.data.classes
    points = _points(config, distillation)
    chosen = []
    for label, rows in enumerate(members_of(split, classes)):
        if len(rows) < config.ipc:
            raise too_few(label, len(rows), config.ipc)
        chosen.append(rows[greedy_centres(points[torch.from_numpy(rows)], config.ipc)])
    images, labels = split.batch(torch.from_numpy(np.concatenate(chosen)))
    return Distilled(images, labels, distillation.data.space)


def greedy_centres(points: Tensor, count: int) -> np.ndarray:
    """Places of `count` of the points (n, d): the one nearest to the mean, then those farthest from all before."""
    first = int((points - points.mean(0)).square().sum(1).argmin())
    places, nearest = [first], torch.full((len(points),), torch.inf, dtype=points.dtype)
    while len(places) < count:
        nearest = torch.minimum(nearest, (points - points[places[-1]]).square().sum(1))
        nearest[places] = -1
        places.append(int(nearest.argmax()))
    return np.array(places)


def _points(config: KCenter, distillation: Distillation) -> Tensor:
    """What distances are taken between, float64 on the host: (images, d)."""
    split = distillation.data.train
    if config.features == "pixels":
        return torch.cat([split.batch(rows)[0].flatten(1).double().cpu() for rows in _parts(len(split))])
    module = distillation.network(config.seed, "net", 0)
    if config.epochs:
        recipe = Recipe(config.epochs * updates_per_epoch(len(split), 256), 256, Sgd(lr=0.01))
        train(module, split, recipe, InnerNoise("distill", (config.seed, "training")))
    module.eval()
    with features(module, distillation.classifier) as phi, torch.no_grad():
        return torch.cat([phi(split.batch(rows)[0]).double().cpu() for rows in _parts(len(split))])


def _parts(count: int) -> tuple[Tensor, ...]:
    return torch.arange(count).split(BATCH)
