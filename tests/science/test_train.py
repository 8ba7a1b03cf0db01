import math
import random as python_random

import numpy as np
import pytest
import torch
from cards_for_tests import example
from torch.nn.functional import cross_entropy

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog import built_in, get
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.constant import Constant
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import masks
from lmcspec.science.criteria.magnitude import scores
from lmcspec.science.data import load
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp
from lmcspec.science.optimisers.laws import BrokenLaw
from lmcspec.science.optimisers.sgd import SgdSteps
from lmcspec.science.order import order
from lmcspec.science.train import LOOK, Stopped, batches, train

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


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[name], two[name]) for name in one)


def recipe_of(optimiser="decay", length=40, **more):
    return Recipe(length=length, batch=32, optimiser=OPTIMISERS[optimiser], **more)


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
    whole = train(module, data, recipe, noise, mask=mask, stops=(13,), on_stop=kept.append)
    assert [snapshot.update for snapshot in kept] == [13]

    short = train(network(model), data, recipe, noise, mask=mask, until=13)
    assert same(short.state, kept[0].state) and same(short.optimiser, kept[0].optimiser)

    other = network(model, replicate=7)
    other.load_state_dict(short.state)
    rest = train(other, data, recipe, noise, mask=mask, begin=13, optimiser_state=short.optimiser)
    assert rest.update == 25
    assert same(rest.state, whole.state) and same(rest.optimiser, whole.optimiser)
    assert same(dict(other.state_dict()), whole.state)


def test_every_way_to_cut_a_run_gives_the_same_end(few):
    recipe, noise = recipe_of("adam", 12), SgdNoise(0)
    whole = train(network("mlp"), few[0], recipe, noise)
    for k in range(13):
        module = network("mlp")
        first = train(module, few[0], recipe, noise, until=k)
        rest = train(module, few[0], recipe, noise, begin=k, optimiser_state=first.optimiser)
        assert same(rest.state, whole.state), k


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("model", ["mlp", "convnet"])
def test_masked_weights_are_zero_in_weight_gradient_and_moments_at_every_update(few, monkeypatch, model, optimiser):
    module = network(model)
    mask = half(module)
    places = {name: place for place, (name, _) in enumerate(module.named_parameters())}
    seen = []
    kind = get("optimiser", OPTIMISERS[optimiser].name).load()
    step = kind.step

    def watched(self, gradients, lr):
        step(self, gradients, lr)
        for name, keep in mask.items():
            own = [tensor for moment, tensor in self.state().items() if moment.endswith(f"/{name}")]
            for tensor in (gradients[places[name]], module.get_parameter(name), *own):
                assert tensor[~keep].count_nonzero() == 0
            assert gradients[places[name]][keep].any()
        seen.append(lr)

    monkeypatch.setattr(kind, "step", watched)
    snapshots = []
    train(module, few[0], recipe_of(optimiser, 12), SgdNoise(0), mask=mask, stops=range(13), on_stop=snapshots.append)
    assert len(seen) == 12 and [snapshot.update for snapshot in snapshots] == list(range(13))
    for snapshot in snapshots:
        for name, keep in mask.items():
            moments = [tensor for moment, tensor in snapshot.optimiser.items() if moment.endswith(f"/{name}")]
            for tensor in (snapshot.state[name], *moments):
                assert tensor[~keep].count_nonzero() == 0 and not tensor[~keep].signbit().any()


def test_a_carried_optimiser_state_is_masked_on_entry(few):
    module = network("mlp")
    dense = train(module, few[0], recipe_of(), SgdNoise(0), until=5)
    mask = half(module)
    snapshot = train(
        module, few[0], recipe_of(), SgdNoise(0), mask=mask, begin=5, until=6, optimiser_state=dense.optimiser
    )
    masks.assert_masked({name: snapshot.optimiser[f"momentum/{name}"] for name in mask}, mask)


def test_a_mask_trains_the_survivors_as_masking_after_each_step_would(few):
    """The masked network's own trajectory, computed with dense gradients and the mask put on again each time."""
    module, recipe, noise = network("mlp"), recipe_of("nesterov", 20), SgdNoise(0)
    mask = half(module)
    naive = network("mlp")
    optimiser = torch.optim.SGD(naive.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True)
    for images, labels in batches(few[0], recipe, noise, 0, 20):
        with torch.no_grad():
            for name, keep in mask.items():
                naive.get_parameter(name).mul_(keep)
        optimiser.zero_grad()
        cross_entropy(naive(images), labels).backward()
        optimiser.step()
    trained = train(module, few[0], recipe, noise, mask=mask).state
    expected = masks.apply(mask, naive.state_dict())
    assert all(torch.equal(trained[name], expected[name]) for name in expected)


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


def test_the_rate_has_dropped_at_the_milestone_and_warms_up_from_zero(few, monkeypatch):
    rates, step = [], SgdSteps.step
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: (rates.append(lr), step(self, gradients, lr)))
    schedule = Steps(at=as_steps((6, 8)), factor=0.1, warmup=as_steps(4))
    train(network("mlp"), few[0], recipe_of("sgd", 10, schedule=schedule), SgdNoise(0))
    assert rates == pytest.approx([0, 0.025, 0.05, 0.075, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    rates.clear()
    train(network("mlp"), few[0], recipe_of("sgd", 10, schedule=schedule), SgdNoise(0), begin=7)
    assert rates == pytest.approx([0.01, 0.001, 0.001])


def test_a_run_that_begins_inside_the_warm_up_has_the_rate_there(few, monkeypatch):
    """Redrawn weights that are trained from k: not from the warm-up's beginning."""
    rates, step = [], SgdSteps.step
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: (rates.append(lr), step(self, gradients, lr)))
    recipe = recipe_of("sgd", 10, schedule=Steps(at=as_steps((8,)), factor=0.1, warmup=as_steps(5)))
    train(network("mlp"), few[0], recipe, SgdNoise(0), begin=3)
    assert rates == pytest.approx([0.06, 0.08, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_the_first_update_of_a_warm_up_moves_statistics_but_no_weight(few):
    module = network("convnet")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    after = train(module, few[0], recipe_of(schedule=Constant(warmup=as_steps(5))), SgdNoise(0), until=1)
    parameters = {name for name, _ in module.named_parameters()}
    assert all(torch.equal(before[name], after.state[name]) == (name in parameters) for name in before)
    assert all(tensor.any() for tensor in after.optimiser.values())


def test_a_fresh_optimiser_at_k_is_another_run_than_the_uninterrupted_one(few):
    recipe = recipe_of("decay", 15)
    whole = train(network("mlp"), few[0], recipe, SgdNoise(0))
    module = network("mlp")
    train(module, few[0], recipe, SgdNoise(0), until=5)
    assert not same(train(module, few[0], recipe, SgdNoise(0), begin=5).state, whole.state)


def test_nothing_global_is_read_or_left_changed(few):
    ends = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        python_random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), python_random.getstate()
        module = network("convnet")
        recipe = recipe_of(augment=Augment(flip=True, crop=1))
        ends.append(train(module, few[0], recipe, SgdNoise(0), mask=half(module), until=12).state)
        evaluate(module, few[1])
        after = torch.get_rng_state(), np.random.get_state()[1].copy(), python_random.getstate()
        assert torch.equal(before[0], after[0]) and np.array_equal(before[1], after[1]) and before[2] == after[2]
        assert torch.is_grad_enabled()
    assert same(*ends)


def test_batches_that_come_before_a_beginning_do_not_pass_the_network(few):
    """Going on in the middle of an epoch leaves batch norm's statistics alone: ten updates an epoch, from the 14th."""
    module, seen = network("convnet"), []
    module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    end = train(module, few[0], recipe_of(length=25), SgdNoise(0), begin=14, until=18)
    assert {int(value) for name, value in end.state.items() if name.endswith("num_batches_tracked")} == {4}
    expected = [x for x, _ in batches(few[0], recipe_of(length=25), SgdNoise(0), 0, 18)][14:]
    assert len(seen) == 4 and all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_looking_on_the_way_changes_nothing(few):
    """Snapshots, evaluations and pulses may leave the module in another mode; training goes on in its own."""
    recipe = recipe_of("sgd", 40)
    plain = train(network("convnet"), few[0], recipe, SgdNoise(0))
    module = network("convnet")

    def look(*_):
        evaluate(module, few[1])
        module.eval()

    busy = train(module, few[0], recipe, SgdNoise(0), stops=(0, 3, 17, 40), on_stop=look, pulse=look)
    assert same(plain.state, busy.state)


def test_copies_levels_and_replicates_part_at_once(few):
    ends = [train(network("mlp"), few[0], recipe_of(), noise, until=1).state for noise in
            (SgdNoise(0), SgdNoise(0, 1), SgdNoise(0, 0, 1), SgdNoise(1))]  # fmt: skip
    weights = {tuple(end["classifier.bias"].tolist()) for end in ends}
    assert len(weights) == 4


def test_stops_come_before_the_next_update_and_hold_their_own_tensors(few):
    snapshots = []
    module = network("mlp")
    start = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    end = train(module, few[0], recipe_of("sgd", 3), SgdNoise(0), stops=(3, 0, 3, 1), on_stop=snapshots.append)
    assert [snapshot.update for snapshot in snapshots] == [0, 1, 3]
    assert same(snapshots[0].state, start) and snapshots[0].loss is None
    assert not same(snapshots[1].state, start)
    assert same(snapshots[2].state, end.state)
    assert snapshots[2].loss == end.loss > 0


def test_no_update_is_a_snapshot_of_the_masked_start(few):
    module = network("mlp")
    mask = half(module)
    start = masks.apply(mask, module.state_dict())
    snapshot = train(module, few[0], recipe_of(), SgdNoise(0), mask=mask, begin=7, until=7)
    assert snapshot.update == 7 and same(snapshot.state, start)


def test_a_pulse_that_returns_true_stops_and_its_snapshot_goes_on(few):
    recipe = recipe_of("adam", 40)
    whole = train(network("mlp"), few[0], recipe, SgdNoise(0))
    pulses = []

    def stop(update, loss):
        pulses.append((update, loss))
        return update >= 20

    module = network("mlp")
    with pytest.raises(Stopped) as stopped:
        train(module, few[0], recipe, SgdNoise(0), pulse=stop)
    snapshot = stopped.value.snapshot
    assert snapshot.update == pulses[-1][0] >= 20 and all(math.isfinite(loss) for _, loss in pulses)
    assert any(update == LOOK for update, _ in pulses)
    rest = train(module, few[0], recipe, SgdNoise(0), begin=snapshot.update, optimiser_state=snapshot.optimiser)
    assert same(rest.state, whole.state)


@pytest.mark.parametrize("masked", [False, True])
def test_divergence_ends_early_and_the_same_however_the_run_is_cut(few, masked):
    """Rate 1e30: the second loss is not finite already. The stops that are not reached get the end."""
    recipe = Recipe(length=100, batch=32, optimiser=Sgd(lr=1e30, momentum=0.9))
    module = network("mlp")
    mask = half(module) if masked else None
    snapshots = []
    end = train(module, few[0], recipe, SgdNoise(0), mask=mask, stops=(1, 10, 50, 100), on_stop=snapshots.append)
    assert end.diverged and end.update == LOOK
    assert [(s.update, s.diverged) for s in snapshots] == [(1, False), (10, True), (LOOK, True), (LOOK, True)]
    for until, expected in ((10, snapshots[1]), (50, end)):
        short = train(network("mlp"), few[0], recipe, SgdNoise(0), mask=mask, until=until)
        assert (short.update, short.diverged) == (expected.update, True)
        for name in short.state:
            assert torch.equal(short.state[name].nan_to_num(7), expected.state[name].nan_to_num(7))
    if mask:
        masks.assert_masked(end.state, mask)
        masks.assert_masked({name: end.optimiser[f"momentum/{name}"] for name in mask}, mask)


def test_a_mask_that_has_drifted_is_caught(few, monkeypatch):
    module = network("mlp")
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: self._parameters[0].add_(1))
    with pytest.raises(
        BrokenLaw, match=r"'sgd' of lmcspec moves what is pruned.* masked weights of 'layers\.0\.weight'"
    ):
        train(module, few[0], recipe_of(), SgdNoise(0), mask=half(module), until=1)


def test_the_last_batch_may_be_one_image(few):
    data = Split(few[0].images[:33], few[0].labels[:33])
    assert train(network("convnet"), data, recipe_of(), SgdNoise(0), until=4).update == 4


def test_arguments_out_of_bounds_are_errors(few):
    module = network("mlp")
    for more in ({"begin": 5, "until": 4}, {"until": 41}, {"begin": -1}, {"stops": (41,)}, {"begin": 5, "stops": (4,)}):
        with pytest.raises(ValueError, match=r"updates|stops"):
            train(module, few[0], recipe_of(), SgdNoise(0), **more)
    for mask in ({"nothing.weight": torch.ones(1)}, {"classifier.weight": torch.ones(2, 2)}):
        with pytest.raises(ValueError, match="which the model has not"):
            train(module, few[0], recipe_of(), SgdNoise(0), mask=mask)


def test_the_modules_mode_is_put_back(few):
    module = network("mlp").eval()
    train(module, few[0], recipe_of(), SgdNoise(0), until=2)
    assert not module.training


@pytest.mark.gpu
def test_batches_on_a_gpu_are_the_same_bits(cuda):
    """All but rounding: 16, the scale of the digits, is a power of two."""
    recipe = recipe_of(augment=Augment(flip=True, crop=1))
    here, there = (
        batches(load("digits", device=place).train, recipe, SgdNoise(1, 2, 3), 40, 60) for place in ("cpu", cuda)
    )
    for (images, labels), (others, their_labels) in zip(here, there, strict=True):
        assert others.device.type == their_labels.device.type == "cuda"
        assert torch.equal(others.cpu(), images) and torch.equal(their_labels.cpu(), labels)


APART = 1e-3
"""How far a weight of a network trained on a GPU may be from that of one trained here, after 25 updates in which it
has moved up to a hundred times as far. Noise of 1e-6 in every gradient comes to 1e-5."""


@pytest.mark.gpu
@pytest.mark.parametrize(("model", "optimiser"), [("mlp", "decay"), ("mlp", "adam"), ("convnet", "nesterov")])
def test_training_on_a_gpu_agrees_and_repeats_itself_bitwise(cuda, few, few_on_gpu, model, optimiser):
    recipe, noise = recipe_of(optimiser, 25, augment=Augment(flip=True, crop=1)), SgdNoise(1, 2, 3)
    start, weights = network(model).state_dict(), [name for name, _ in network(model).named_parameters()]
    mask = half(network(model))
    expected = train(network(model), few[0], recipe, noise, mask=mask)
    found, again = (train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask) for _ in range(2))
    assert same(found.state, again.state) and same(found.optimiser, again.optimiser)
    assert {tensor.device.type for tensor in (*found.state.values(), *found.optimiser.values())} == {"cpu"}
    masks.assert_masked(found.state, mask)
    moved = farthest(masks.apply(mask, start), expected.state, weights)
    assert farthest(found.state, expected.state, expected.state) < APART < moved / 10
    assert found.loss == pytest.approx(expected.loss, rel=1e-2)


@pytest.mark.gpu
@pytest.mark.parametrize(("model", "optimiser"), [("mlp", "adam"), ("convnet", "nesterov")])
def test_going_on_on_a_gpu_is_bitwise_the_uninterrupted_run(cuda, few_on_gpu, model, optimiser):
    recipe, noise = recipe_of(optimiser, 25, augment=Augment(crop=1)), SgdNoise(0)
    mask = half(network(model))
    whole = train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask)
    short = train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask, until=13)
    module = network(model, replicate=7).to(cuda)
    module.load_state_dict(short.state)
    rest = train(module, few_on_gpu[0], recipe, noise, mask=mask, begin=13, optimiser_state=short.optimiser)
    assert same(rest.state, whole.state) and same(rest.optimiser, whole.optimiser)


def farthest(one, two, names) -> float:
    """The largest difference of two states in the tensors of these names."""
    return max(float((one[name].double() - two[name].double()).abs().max()) for name in names)
