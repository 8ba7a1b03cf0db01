"""The training loop: batches in their order, looks on the way, divergence, and what it leaves alone."""

import random as python_random

import numpy as np
import pytest
import torch
from trainings_for_tests import half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import masks
from lmcspec.science import train as training
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import evaluate
from lmcspec.science.order import order
from lmcspec.science.train import LOOK, Callbacks, Segment, batches, train


def test_batches_cover_each_epoch_in_its_order_with_the_partial_one_last():
    data = Split(torch.arange(70.0).view(70, 1, 1, 1), torch.arange(70))
    recipe, noise = recipe_of(length=100), SgdNoise(3, 1, 2)
    sizes, seen = [], []
    for images, labels in batches(data, recipe, noise, 0, 7):
        assert torch.equal(images.flatten().long(), labels)
        sizes.append(len(labels))
        seen += labels.tolist()
    assert sizes == [32, 32, 6, 32, 32, 6, 32]
    assert seen == [*order(70, noise, 0), *order(70, noise, 1), *order(70, noise, 2)[:32]]
    later = [labels.tolist() for _, labels in batches(data, recipe, noise, 4, 7)]
    assert [image for batch in later for image in batch] == seen[70 + 32 :]


def test_augmentation_is_drawn_by_position_wherever_the_run_begins(few):
    recipe = recipe_of(augment=Augment(flip=True, crop=2))
    whole = list(batches(few[0], recipe, SgdNoise(0), 0, 15))
    plain = list(batches(few[0], recipe_of(), SgdNoise(0), 0, 15))
    for k in (1, 9, 10, 14):
        part = next(iter(batches(few[0], recipe, SgdNoise(0), k, 15)))
        assert torch.equal(part[0], whole[k][0]) and torch.equal(part[1], whole[k][1])
    assert not torch.equal(whole[0][0], plain[0][0]) and torch.equal(whole[0][1], plain[0][1])
    assert not torch.equal(whole[0][0], next(iter(batches(few[0], recipe, SgdNoise(0, 1), 0, 1)))[0])


def equal_labels(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    return torch.equal(a.first, b.first) and torch.equal(a.second, b.second) and a.share == b.share


@pytest.mark.parametrize("augment", [Augment(), Augment(flip=True, crop=2), Augment(cutmix=1.0)])
@pytest.mark.parametrize("room", [0, 9_000, 30_000, 2**21])
def test_batches_are_the_same_however_many_are_prepared_at_once(few, monkeypatch, augment, room):
    recipe = recipe_of(augment=augment)
    monkeypatch.setattr(training, "_AT_ONCE", 0)
    singly = list(batches(few[0], recipe, SgdNoise(0), 3, 25))
    monkeypatch.setattr(training, "_AT_ONCE", room)
    together = list(batches(few[0], recipe, SgdNoise(0), 3, 25))
    assert len(singly) == len(together) == 22
    for (x, y), (images, labels) in zip(singly, together, strict=True):
        assert torch.equal(x, images)
        assert equal_labels(y, labels)


def test_nothing_global_is_read_or_left_changed(few):
    ends = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        python_random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), python_random.getstate()
        module = network("convnet")
        recipe = recipe_of(augment=Augment(flip=True, crop=1))
        ends.append(train(module, few[0], recipe, SgdNoise(0), mask=half(module), segment=Segment(until=12)).state)
        evaluate(module, few[1])
        after = torch.get_rng_state(), np.random.get_state()[1].copy(), python_random.getstate()
        assert torch.equal(before[0], after[0]) and np.array_equal(before[1], after[1]) and before[2] == after[2]
        assert torch.is_grad_enabled()
    assert same(*ends)


def test_looking_on_the_way_changes_nothing(few):
    """Snapshots, evaluations and pulses may leave the module in another mode; training goes on in its own."""
    recipe = recipe_of("sgd", 40)
    plain = train(network("convnet"), few[0], recipe, SgdNoise(0))
    module = network("convnet")

    def look(*_):
        evaluate(module, few[1])
        module.eval()

    busy = train(module, few[0], recipe, SgdNoise(0), callbacks=Callbacks((0, 3, 17, 40), look, look))
    assert same(plain.state, busy.state)


def test_copies_levels_and_replicates_part_at_once(few):
    ends = [train(network("mlp"), few[0], recipe_of(), noise, segment=Segment(until=1)).state for noise in
            (SgdNoise(0), SgdNoise(0, 1), SgdNoise(0, 0, 1), SgdNoise(1))]  # fmt: skip
    weights = {tuple(end["classifier.bias"].tolist()) for end in ends}
    assert len(weights) == 4


@pytest.mark.parametrize("masked", [False, True])
def test_divergence_ends_early_and_the_same_however_the_run_is_cut(few, masked):
    """Rate 1e30: the second loss is not finite already. The stops that are not reached get the end."""
    recipe = Recipe(length=100, batch=32, optimiser=Sgd(lr=1e30, momentum=0.9))
    module = network("mlp")
    mask = half(module) if masked else None
    snapshots = []
    end = train(module, few[0], recipe, SgdNoise(0), mask=mask, callbacks=Callbacks((1, 10, 50, 100), snapshots.append))
    assert end.diverged and end.update == LOOK
    assert [(s.update, s.diverged) for s in snapshots] == [(1, False), (10, True), (LOOK, True), (LOOK, True)]
    for until, expected in ((10, snapshots[1]), (50, end)):
        short = train(network("mlp"), few[0], recipe, SgdNoise(0), mask=mask, segment=Segment(until=until))
        assert (short.update, short.diverged) == (expected.update, True)
        for name in short.state:
            assert torch.equal(short.state[name].nan_to_num(7), expected.state[name].nan_to_num(7))
    if mask:
        masks.assert_masked(end.state, mask)
        masks.assert_masked({name: end.optimiser[f"momentum/{name}"] for name in mask}, mask)


def test_the_last_batch_may_be_one_image(few):
    data = Split(few[0].images[:33], few[0].labels[:33])
    assert train(network("convnet"), data, recipe_of(), SgdNoise(0), segment=Segment(until=4)).update == 4


def test_arguments_out_of_bounds_are_errors(few):
    module = network("mlp")
    for segment in (Segment(5, 4), Segment(until=41), Segment(-1)):
        with pytest.raises(ValueError, match="updates"):
            train(module, few[0], recipe_of(), SgdNoise(0), segment=segment)
    for begin, stop in ((0, 41), (5, 4)):
        with pytest.raises(ValueError, match="stops"):
            train(module, few[0], recipe_of(), SgdNoise(0), segment=Segment(begin), callbacks=Callbacks((stop,)))
    for mask in ({"nothing.weight": torch.ones(1)}, {"classifier.weight": torch.ones(2, 2)}):
        with pytest.raises(ValueError, match="which the model has not"):
            train(module, few[0], recipe_of(), SgdNoise(0), mask=mask)


def test_the_modules_mode_is_put_back(few):
    module = network("mlp").eval()
    train(module, few[0], recipe_of(), SgdNoise(0), segment=Segment(until=2))
    assert not module.training
