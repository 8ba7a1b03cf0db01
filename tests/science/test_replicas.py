"""Several trainings as one program: each ends where it would have ended alone, to rounding; what it doesn't share is its own."""

import pytest
import torch
from torch import nn
from trainings_for_tests import OPTIMISERS, half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import masks
from lmcspec.science.data.resident import Split
from lmcspec.science.initial import initial_state
from lmcspec.science.models import resnet
from lmcspec.science.replicas import Replica, ReplicasStopped, can_be_stacked, losses_of, train_together
from lmcspec.science.train import Callbacks, Segment, train

NOISES = (SgdNoise(0), SgdNoise(0, 1), SgdNoise(1))
TOLERANCE = {"mlp": 1e-5, "convnet": 1e-4, "resnet": 1e-4}
"""Of weights after four updates, relative to the largest of their layer; measured: 6e-8, 7e-6, 1e-6. Later a sum that
rounds otherwise takes some unit over a kink, and from there on two trainings drift apart as on two processors."""


def built(model, replicate=0):
    if model != "resnet":
        return network(model, replicate)
    module = resnet.build(CifarResNet(depth=8, width=4), (1, 8, 8), 10)
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    return module


def settings(model):
    """Three trainings: dense, and two of different halves of two inits."""
    return [
        (lambda: built(model, 0), NOISES[0], None),
        (lambda: built(model, 0), NOISES[1], half(built(model, 0))),
        (lambda: built(model, 1), NOISES[2], half(built(model, 1))),
    ]


def alone(model, data, recipe, **more):
    return [train(build(), data, recipe, noise, mask=mask, **more) for build, noise, mask in settings(model)]


def together(model, data, recipe, begin=0, until=None, **more):
    replicas = [Replica(build(), noise, mask) for build, noise, mask in settings(model)]
    return train_together(replicas, data, recipe, begin, recipe.length if until is None else until, **more)


def first(data, count):
    return Split(data.images[:count], data.labels[:count])


def assert_close(ours, theirs, tolerance):
    assert ours.update == theirs.update and ours.diverged == theirs.diverged
    for held, wanted in ((ours.state, theirs.state), (ours.optimiser, theirs.optimiser)):
        assert list(held) == list(wanted)
        for name, tensor in wanted.items():
            largest = max(0.1, tensor.abs().max().item())  # what is zero but for rounding has no size of its own
            torch.testing.assert_close(held[name], tensor, rtol=0, atol=tolerance * largest if tensor.ndim else 0)


@pytest.mark.parametrize("model", TOLERANCE)
def test_each_ends_where_it_would_alone(few, model):
    """The third of four updates takes a partial batch; batch norm's statistics as well."""
    recipe, data = recipe_of("nesterov", 4, augment=Augment(flip=True, crop=2)), first(few[0], 80)
    for ours, theirs, (_, _, mask) in zip(
        together(model, data, recipe), alone(model, data, recipe), settings(model), strict=True
    ):
        assert_close(ours, theirs, TOLERANCE[model])
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-3)
        masks.assert_masked(ours.state, mask or {})


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_steps_as_for_each_alone(few, optimiser):
    """Laws that look at a whole tensor, too: each network's weights are tensors of their own."""
    recipe = recipe_of(optimiser, 6)
    for ours, theirs in zip(together("mlp", few[0], recipe), alone("mlp", few[0], recipe), strict=True):
        assert_close(ours, theirs, 1e-4 if optimiser.startswith("adam") else 1e-5)


@pytest.mark.parametrize(
    "changes", [Augment(flip=True, crop=2), Augment(dsa="flip_scale", dsa_style="idc"), Augment(cutmix=0.7)], ids=str
)
def test_batches_are_those_of_each_alone_whatever_changes_them(few, changes):
    recipe = recipe_of("sgd", 3, augment=changes)
    for ours, theirs in zip(together("mlp", few[0], recipe), alone("mlp", few[0], recipe), strict=True):
        assert_close(ours, theirs, 1e-5)


def test_going_on_from_a_stop_is_bitwise_the_uninterrupted_program(few):
    recipe = recipe_of("adam", 20)
    whole = together("convnet", few[0], recipe)
    with pytest.raises(ReplicasStopped) as stopped:
        together("convnet", few[0], recipe, pulse=lambda update, losses: update >= 7)
    middle = stopped.value.snapshots
    assert len({snapshot.update for snapshot in middle}) == 1
    replicas = []
    for (build, noise, mask), snapshot in zip(settings("convnet"), middle, strict=True):
        module = build()
        module.load_state_dict(snapshot.state)
        replicas.append(Replica(module, noise, mask, snapshot.optimiser))
    rest = train_together(replicas, few[0], recipe, middle[0].update, 20)
    for ours, theirs in zip(rest, whole, strict=True):
        assert same(ours.state, theirs.state) and same(ours.optimiser, theirs.optimiser)
        assert all(replica.module.training is not None for replica in replicas)


def test_a_snapshot_goes_on_alone_and_one_of_alone_goes_on_together(few):
    recipe = recipe_of("decay", 8)
    (build, noise, mask), *_ = settings("mlp")[1:]
    middle = together("mlp", few[0], recipe, until=4)[1]
    module = build()
    module.load_state_dict(middle.state)
    ended = train(module, few[0], recipe, noise, mask=mask, segment=Segment(4, optimiser=middle.optimiser))
    assert_close(ended, alone("mlp", few[0], recipe)[1], 1e-5)
    halfway = alone("mlp", few[0], recipe, segment=Segment(until=4))
    replicas = []
    for (build, noise, mask), snapshot in zip(settings("mlp"), halfway, strict=True):
        module = build()
        module.load_state_dict(snapshot.state)
        replicas.append(Replica(module, noise, mask, snapshot.optimiser))
    for ours, theirs in zip(train_together(replicas, few[0], recipe, 4, 8), alone("mlp", few[0], recipe), strict=True):
        assert_close(ours, theirs, 1e-5)


def test_each_gets_the_states_that_it_asks_for(few):
    recipe, told = recipe_of("decay", 9), {0: [], 1: [], 2: []}
    stops = {0: (0, 3, 9), 1: (), 2: (5, 3, 3)}
    replicas = [
        Replica(build(), noise, mask, stops=stops[place], on_stop=told[place].append)
        for place, (build, noise, mask) in enumerate(settings("mlp"))
    ]
    ends = train_together(replicas, few[0], recipe, 0, 9)
    assert {place: [snapshot.update for snapshot in taken] for place, taken in told.items()} == {
        0: [0, 3, 9],
        1: [],
        2: [3, 5],
    }
    assert same(told[0][-1].state, ends[0].state)
    wanted: list = []
    build, noise, mask = settings("mlp")[2]
    train(build(), few[0], recipe, noise, mask=mask, callbacks=Callbacks([3, 5], wanted.append))
    for ours, theirs in zip(told[2], wanted, strict=True):
        assert_close(ours, theirs, 1e-5)


def test_what_diverges_ends_alone_and_takes_nobody_with_it(few):
    recipe = recipe_of("sgd", 48)
    replicas, told = [], []
    for place, (build, noise, mask) in enumerate(settings("mlp")):
        module = build()
        if place == 1:
            with torch.no_grad():
                next(module.parameters()).fill_(1e38)
        replicas.append(Replica(module, noise, mask, stops=(32,), on_stop=told.append if place == 1 else None))
    ends = train_together(replicas, few[0], recipe, 0, 48)
    assert [end.diverged for end in ends] == [False, True, False] and [end.update for end in ends] == [48, 16, 48]
    assert [snapshot.update for snapshot in told] == [16] and told[0].diverged
    masks.assert_masked(ends[1].state, settings("mlp")[1][2])
    reference = alone("mlp", few[0], recipe)
    assert_close(ends[0], reference[0], 1e-4)
    assert_close(ends[2], reference[2], 1e-4)


def test_all_that_diverge_end_the_program(few):
    recipe = Recipe(length=64, batch=32, optimiser=Sgd(lr=1e30))
    assert {end.update for end in together("mlp", few[0], recipe)} == {16}


def test_nothing_to_do_leaves_them_as_they_are(few):
    start = [build().state_dict() for build, _, _ in settings("convnet")]
    ends = together("convnet", few[0], recipe_of(length=5), begin=5, until=5)
    assert same(ends[0].state, start[0]) and all(end.loss is None for end in ends)


def test_the_losses_are_those_of_each(few):
    draws = torch.Generator().manual_seed(0)
    logits = torch.randn((3, 8, 10), generator=draws)
    labels = [torch.randint(10, (8,), generator=draws) for _ in range(3)]
    wanted = torch.stack([nn.functional.cross_entropy(a, b) for a, b in zip(logits, labels, strict=True)])
    torch.testing.assert_close(losses_of(logits, labels), wanted)


def test_what_holds_for_one_network_at_a_time_is_not_stacked():
    recipe = recipe_of()
    assert can_be_stacked(network("convnet"), recipe)
    assert not can_be_stacked(network("convnet"), recipe_of(precision="fp16"))
    assert not can_be_stacked(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1)), recipe)
    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *given: None)
    assert not can_be_stacked(hooked, recipe)


def test_masks_and_moments_that_do_not_fit_are_refused(few):
    build, noise, _ = settings("mlp")[0]
    with pytest.raises(ValueError, match="shape that the model has not"):
        train_together([Replica(build(), noise, {"layers.0.weight": torch.ones(2) > 0})], few[0], recipe_of(), 0, 1)
    going_on = alone("mlp", few[0], recipe_of(length=2))[0].optimiser
    replicas = [Replica(build(), noise, optimiser=going_on), Replica(build(), noise)]
    with pytest.raises(ValueError, match="some start afresh"):
        train_together(replicas, few[0], recipe_of(), 0, 1)
    with pytest.raises(ValueError, match="not a part of"):
        train_together([Replica(build(), noise)], few[0], recipe_of(length=4), 2, 9)
