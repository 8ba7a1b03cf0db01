"""A training that goes on from where it was cut off is the one that was not, to the bit."""

import math

import pytest
import torch
from trainings_for_tests import OPTIMISERS, half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science.train import LOOK, Callbacks, Segment, TrainingStopped, batches, train


@pytest.mark.parametrize("model", ["mlp", "convnet"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_going_on_is_bitwise_the_uninterrupted_run(few, model, masked, optimiser):
    """k = 13 is inside the second epoch (10 updates each); drops, warm-up and augmentation go on too."""
    schedule = Steps(at=as_steps((20,)), factor=0.1, warmup=as_steps(15))
    recipe = recipe_of(optimiser, 25, schedule=schedule, augment=Augment(flip=True, crop=1))
    data, noise = few[0], SgdNoise(1, 2, 3)
    module = network(model)
    mask = half(module) if masked else None
    kept = []
    whole = train(module, data, recipe, noise, mask=mask, callbacks=Callbacks((13,), kept.append))
    assert [snapshot.update for snapshot in kept] == [13]

    short = train(network(model), data, recipe, noise, mask=mask, segment=Segment(until=13))
    assert same(short.state, kept[0].state) and same(short.optimiser, kept[0].optimiser)

    other = network(model, replicate=7)
    other.load_state_dict(short.state)
    rest = train(other, data, recipe, noise, mask=mask, segment=Segment(13, optimiser=short.optimiser))
    assert rest.update == 25
    assert same(rest.state, whole.state) and same(rest.optimiser, whole.optimiser)
    assert same(dict(other.state_dict()), whole.state)


def test_every_way_to_cut_a_run_gives_the_same_end(few):
    recipe, noise = recipe_of("adam", 12), SgdNoise(0)
    whole = train(network("mlp"), few[0], recipe, noise)
    for k in range(13):
        module = network("mlp")
        first = train(module, few[0], recipe, noise, segment=Segment(until=k))
        rest = train(module, few[0], recipe, noise, segment=Segment(k, optimiser=first.optimiser))
        assert same(rest.state, whole.state), k


def test_a_fresh_optimiser_at_k_is_another_run_than_the_uninterrupted_one(few):
    recipe = recipe_of("decay", 15)
    whole = train(network("mlp"), few[0], recipe, SgdNoise(0))
    module = network("mlp")
    train(module, few[0], recipe, SgdNoise(0), segment=Segment(until=5))
    assert not same(train(module, few[0], recipe, SgdNoise(0), segment=Segment(5)).state, whole.state)


def test_batches_that_come_before_a_beginning_do_not_pass_the_network(few):
    """Going on in the middle of an epoch leaves batch norm's statistics alone: ten updates an epoch, from the 14th."""
    module, seen = network("convnet"), []
    module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    end = train(module, few[0], recipe_of(length=25), SgdNoise(0), segment=Segment(14, 18))
    assert {int(value) for name, value in end.state.items() if name.endswith("num_batches_tracked")} == {4}
    expected = [x for x, _ in batches(few[0], recipe_of(length=25), SgdNoise(0), 0, 18)][14:]
    assert len(seen) == 4 and all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_stops_come_before_the_next_update_and_hold_their_own_tensors(few):
    snapshots = []
    module = network("mlp")
    start = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    end = train(module, few[0], recipe_of("sgd", 3), SgdNoise(0), callbacks=Callbacks((3, 0, 3, 1), snapshots.append))
    assert [snapshot.update for snapshot in snapshots] == [0, 1, 3]
    assert same(snapshots[0].state, start) and snapshots[0].loss is None
    assert not same(snapshots[1].state, start)
    assert same(snapshots[2].state, end.state)
    assert snapshots[2].loss == end.loss > 0


def test_a_pulse_that_returns_true_stops_and_its_snapshot_goes_on(few):
    recipe = recipe_of("adam", 40)
    whole = train(network("mlp"), few[0], recipe, SgdNoise(0))
    pulses = []

    def stop(update, loss):
        pulses.append((update, loss))
        return update >= 20

    module = network("mlp")
    with pytest.raises(TrainingStopped) as stopped:
        train(module, few[0], recipe, SgdNoise(0), callbacks=Callbacks(pulse=stop))
    snapshot = stopped.value.snapshot
    assert snapshot.update == pulses[-1][0] >= 20 and all(math.isfinite(loss) for _, loss in pulses)
    assert any(update == LOOK for update, _ in pulses)
    rest = train(module, few[0], recipe, SgdNoise(0), segment=Segment(snapshot.update, optimiser=snapshot.optimiser))
    assert same(rest.state, whole.state)
