"""Masked weights are zero in weight, gradient and moments at every update."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from trainings_for_tests import OPTIMISERS, half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog import get
from lmcspec.science import masks
from lmcspec.science.optimisers.laws import BrokenLaw
from lmcspec.science.optimisers.sgd import SgdSteps
from lmcspec.science.train import Callbacks, Segment, batches, train


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
    train(
        module,
        few[0],
        recipe_of(optimiser, 12),
        SgdNoise(0),
        mask=mask,
        callbacks=Callbacks(range(13), snapshots.append),
    )
    assert len(seen) == 12 and [snapshot.update for snapshot in snapshots] == list(range(13))
    for snapshot in snapshots:
        for name, keep in mask.items():
            moments = [tensor for moment, tensor in snapshot.optimiser.items() if moment.endswith(f"/{name}")]
            for tensor in (snapshot.state[name], *moments):
                assert tensor[~keep].count_nonzero() == 0 and not tensor[~keep].signbit().any()


def test_a_carried_optimiser_state_is_masked_on_entry(few):
    module = network("mlp")
    dense = train(module, few[0], recipe_of(), SgdNoise(0), segment=Segment(until=5))
    mask = half(module)
    snapshot = train(
        module, few[0], recipe_of(), SgdNoise(0), mask=mask, segment=Segment(5, 6, optimiser=dense.optimiser)
    )
    masks.assert_masked({name: snapshot.optimiser[f"momentum/{name}"] for name in mask}, mask)


def test_a_mask_trains_the_survivors_as_masking_after_each_step_would(few):
    """The masked network's own trajectory, computed with dense gradients and the mask put on again each time."""
    module, recipe, noise = network("mlp"), recipe_of("nesterov", 20), SgdNoise(0)
    mask = half(module)
    naive = network("mlp")
    optimiser = torch.optim.SGD(naive.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True, fused=True)
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


def test_no_update_is_a_snapshot_of_the_masked_start(few):
    module = network("mlp")
    mask = half(module)
    start = masks.apply(mask, module.state_dict())
    snapshot = train(module, few[0], recipe_of(), SgdNoise(0), mask=mask, segment=Segment(7, 7))
    assert snapshot.update == 7 and same(snapshot.state, start)


def test_a_mask_that_has_drifted_is_caught(few, monkeypatch):
    module = network("mlp")
    monkeypatch.setattr(SgdSteps, "step", lambda self, gradients, lr: self._parameters[0].add_(1))
    with pytest.raises(
        BrokenLaw, match=r"'sgd' of lmcspec moves what is pruned.* masked weights of 'layers\.0\.weight'"
    ):
        train(module, few[0], recipe_of(), SgdNoise(0), mask=half(module), segment=Segment(until=1))
