"""What is computed is computed where the network lies: shown without a GPU, by tensors that torch only pretends to have.

A pretended tensor has a shape, a type and a device, but no values. An operation on two devices fails as it would on a
real GPU. Where Python asks for a value it gets a 1.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.augmentations.random_resized_crop import ResizedCrop
from lmcspec.catalog.distillers.dc import Condensation
from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.catalog.distillers.idc import EfficientCondensation
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import curves, masks, paths
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.resident import Dataset, Split, enter
from lmcspec.science.data.space import Space
from lmcspec.science.distill import dc, dm, idc, start
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet
from lmcspec.science.summary import model_facts
from lmcspec.science.train import Callbacks, Segment, train

GPU = torch.device("cuda", 0)
SGD = Sgd(lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)


class Ones(TorchDispatchMode):
    """A 1 for whoever asks a tensor for its value; and the fused step that torch doesn't pretend."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten._fused_sgd_.default:
            devices = {tensor.device for tensors in args for tensor in tensors}
            assert len(devices) == 1, f"expected all tensors to be on the same device, not on {devices}"
            return None
        if function is torch.ops.aten._local_scalar_dense.default:
            return True if args[0].dtype is torch.bool else 1.0 if args[0].is_floating_point() else 1
        return function(*args, **(kwargs or {}))


@pytest.fixture
def pretend(monkeypatch):
    # Which weights are zero can't be asked here, and torch has no backward pass on a GPU that is not there.
    monkeypatch.setattr(masks, "assert_masked", lambda state, mask: None)
    monkeypatch.setattr(torch.autograd, "grad", gradients)
    # Networks are made on the GPU here. Moving them there again swaps pretended parameters, which torch refuses now
    # and then: when something of its own still refers to one.
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, *_: module)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, Ones():
        yield mode


def gradients(loss, inputs, **_):
    assert loss.device == GPU
    return tuple(map(torch.zeros_like, [inputs] if isinstance(inputs, torch.Tensor) else inputs))


def network():
    with torch.device(GPU):
        return construct(convnet.build, ConvNet(depth=2, width=4, norm="batch"), (3, 8, 8), 3)


def made_up(space: Space) -> Split:
    """Seventy images of three classes."""
    images, labels = np.zeros((70, 3, 8, 8), dtype=np.uint8), np.arange(70) % 3
    return enter(Arrays(images, labels, images, labels, classes=3), space, GPU).train


@pytest.fixture
def data(pretend) -> Split:
    return made_up(Space("standardised", (0.5, 0.4, 0.3), (0.2, 0.2, 0.2)))


@pytest.mark.parametrize(
    ("optimiser", "augment"),
    [
        (SGD, Augment(flip=True, crop=2)),
        (Adam(lr=1e-3, weight_decay=1e-3), Augment(random_resized_crop=ResizedCrop(size=8))),
        (AdamW(lr=1e-3), Augment(dsa="color_crop_cutout_flip_rotate_scale", dsa_style="idc", cutmix=1.0)),
    ],
    ids=["sgd, augmented", "adam, parts resized", "adamw, dsa and cutmix"],
)
def test_training(data, optimiser, augment):
    module = network()
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    recipe = Recipe(length=40, batch=32, optimiser=optimiser, augment=augment)
    mask, passed = masks.dense(module), []
    first = train(
        module,
        data,
        recipe,
        SgdNoise(0),
        mask=mask,
        segment=Segment(until=18),
        callbacks=Callbacks((5,), passed.append),
    )
    last = train(module, data, recipe, SgdNoise(0), mask=mask, segment=Segment(18, 20, optimiser=first.optimiser))
    for snapshot in (*passed, first, last):
        assert {tensor.device.type for tensor in (*snapshot.state.values(), *snapshot.optimiser.values())} == {"cpu"}
    assert {tensor.device for tensor in module.state_dict().values()} == {GPU}


def test_training_on_float_images(data):
    data = replace(data, images=torch.empty(70, 3, 8, 8, device=GPU), conversion=None)
    recipe = Recipe(length=40, batch=32, optimiser=SGD, augment=Augment(flip=True, crop=2))
    assert train(network(), data, recipe, SgdNoise(0), segment=Segment(until=4)).update == 4


def test_evaluating(data):
    assert evaluate(network(), data, batch=32).images == 70
    assert evaluate(network(), made_up(Space()), batch=32).images == 70


def test_paths(data):
    module = network()
    a, b = (initial_state(module, "default", ("init", replicate)) for replicate in (0, 1))
    found = paths.curves(
        module,
        paths.Ends(a, b, masks.dense(module)),
        curves.alphas(4),
        paths.Evaluated(data, data),
        refill=paths.Refill(data, torch.arange(50)),
    )
    assert {len(curve.test) for curve in found.values()} == {5}


METHODS = {
    dm: DistributionMatching(ipc=2, iterations=dm.PULSE, batch=8, dsa="color_crop_cutout_flip_rotate_scale"),
    dc: Condensation(ipc=2, iterations=1, outer=2, inner=1, batch=8, dsa="color_scale"),
    idc: EfficientCondensation(ipc=2, networks=1, inner=2, batch=8, seen=40, early=1, start="noise"),
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__.rpartition(".")[2])
def test_distilling(data, monkeypatch, method):
    # Labels have no values here, so nobody can say which images are of a class.
    for place in (method, start):
        monkeypatch.setattr(place, "members_of", lambda split, classes: [np.arange(20)] * classes)
    space = Space("standardised", (0.5, 0.4, 0.3), (0.2, 0.2, 0.2))
    distillation = Distillation(Dataset(data, data, 3, (3, 8, 8), space), network, pulse=lambda done, loss: False)
    made = method.distill(METHODS[method], distillation)
    assert (made.images.device, made.labels.device) == (GPU, GPU)


def test_facts(pretend):
    assert model_facts(network(), (3, 8, 8)).has_batch_norm


def test_images_left_behind_are_noticed(data):
    with pytest.raises(RuntimeError, match="device"):
        evaluate(network(), replace(data, images=data.images.cpu()))
