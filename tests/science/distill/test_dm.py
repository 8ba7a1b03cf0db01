import numpy as np
import pytest
import torch
from torch import nn
from worth_for_tests import gained

from lmcspec.base import streams
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import data
from lmcspec.science.data import Split
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.augmentation.dsa import siamese
from lmcspec.science.distill import dm
from lmcspec.science.distill.distillation import Distillation, DistillationStopped
from lmcspec.science.distill.start import real_subset
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import convnet, mlp
from lmcspec.science.train import train

MLP = Mlp(name="mlp", widths=(300, 100))


@pytest.fixture(scope="module")
def standardised():
    return data.load("digits", space="standardised")


def build() -> nn.Module:
    return mlp.build(MLP, (1, 8, 8), 10)


def made(config, dataset, network=build, **more):
    """Images and labels of the method."""
    found = dm.distill(config, Distillation(dataset, network, **more))
    assert found.space == dataset.space
    return found.images, found.labels


def small(seed=0, **changes) -> DistributionMatching:
    return DistributionMatching(**{"ipc": 2, "iterations": 6, "batch": 20, "seed": seed, **changes})


def features(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    caught = []
    hook = module.get_submodule("classifier").register_forward_hook(lambda _, inputs, __: caught.append(inputs[0]))
    module(x)
    hook.remove()
    return caught[0]


def by_the_book(config: DistributionMatching, split: Split) -> torch.Tensor:
    """Distribution matching written out: class by class, a new network each time, torch's own SGD."""
    images, labels = real_subset(split, 10, config.ipc, config.seed)
    images = nn.Parameter(images.clone())
    optimiser = torch.optim.SGD([images], lr=config.lr, momentum=config.momentum)
    for iteration in range(config.iterations):
        module = build()
        module.load_state_dict(initial_state(module, "default", ("distill", config.seed, "net", iteration)))
        loss = torch.zeros(())
        for label in range(10):
            rows = np.flatnonzero(split.labels.numpy() == label)
            if len(rows) > config.batch:
                drawn = streams.permutation(len(rows), "distill", config.seed, "real", iteration, label)
                rows = rows[drawn[: config.batch]]
            real, _ = split.batch(torch.from_numpy(rows))
            change = siamese(config.dsa, "dc", ("distill", config.seed, "dsa", iteration, label))
            wanted = features(module, change(real)).mean(0).detach()
            found = features(module, change(images[labels == label])).mean(0)
            loss = loss + (wanted - found).square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return images.detach()


@pytest.mark.parametrize("batch", [20, 256])
def test_distilling_is_the_method_written_out(standardised, batch):
    config = small(seed=3, batch=batch)
    images, labels = made(config, standardised)
    assert images.shape == (20, 1, 8, 8)
    assert images.dtype == torch.float32
    assert labels.tolist() == np.arange(10).repeat(2).tolist()
    assert not images.requires_grad
    assert torch.allclose(images, by_the_book(config, standardised.train), atol=2e-5)


@pytest.mark.parametrize("dsa", ["color", "color_crop_cutout_flip_rotate_scale"])
def test_real_and_synthetic_images_of_a_class_are_augmented_alike(standardised, dsa):
    config = small(seed=3, dsa=dsa)
    images, _ = made(config, standardised)
    torch.testing.assert_close(images, by_the_book(config, standardised.train), rtol=1e-3, atol=2e-5)


def test_it_starts_at_real_images_of_each_class(standardised):
    images, labels = real_subset(standardised.train, 10, 5, seed=1)
    real, real_labels = standardised.train.all()
    for image, label in zip(images, labels, strict=True):
        same = (real == image).flatten(1).all(1)
        assert same.any()
        assert (real_labels[same] == label).any()
    assert len({image.numpy().tobytes() for image in images}) == 50


def test_equal_seeds_give_equal_bits_and_other_seeds_do_not(standardised):
    a, b, c = (made(small(seed), standardised)[0] for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_no_global_state_is_read_or_moved(standardised):
    torch.manual_seed(0)
    expected = made(small(), standardised)[0]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    module = build()
    torch.set_rng_state(before)
    assert torch.equal(made(small(), standardised, lambda: module)[0], expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_going_on_after_a_stop_gives_the_same_bits(standardised):
    config = small(iterations=3 * dm.PULSE)
    whole = made(config, standardised)[0]
    seen = []
    with pytest.raises(DistillationStopped) as caught:
        made(config, standardised, pulse=lambda done, loss: seen.append((done, loss)) or done > 20)
    progress = caught.value.progress
    assert [done for done, _ in seen] == [dm.PULSE, 2 * dm.PULSE] == [16, progress.step]
    before = {name: value.clone() for name, value in progress.state.items()}
    assert torch.equal(made(config, standardised, begin=progress)[0], whole)
    assert progress.state.keys() == before.keys() == {"images", "velocity"}
    assert all(torch.equal(value, before[name]) for name, value in progress.state.items())


def test_the_loss_falls(standardised):
    losses = []
    config = small(iterations=320, ipc=10, batch=256)
    made(config, standardised, pulse=lambda _, loss: losses.append(loss) and None)
    assert np.mean(losses[-4:]) < 0.5 * losses[0]


def test_a_convolutional_network_with_batch_norm_matches_too(standardised):
    card = ConvNet(depth=2, width=4, norm="batch")
    images, _ = made(small(), standardised, lambda: convnet.build(card, (1, 8, 8), 10))
    assert images.isfinite().all()
    assert not torch.equal(images, real_subset(standardised.train, 10, 2, 0)[0])


def test_too_few_images_of_a_class_is_an_error(standardised):
    with pytest.raises(DataError, match="class 0"):
        made(small(ipc=200), standardised)


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["mlp", "convnet"])
def test_a_gpu_agrees_and_repeats_itself_bitwise(cuda, standardised, model):
    def network():
        return build() if model == "mlp" else convnet.build(ConvNet(depth=2, width=4, norm="batch"), (1, 8, 8), 10)

    there = data.load("digits", space="standardised", device=cuda)
    config = small(seed=3, iterations=2 * dm.PULSE)
    expected, labels = made(config, standardised, network)
    found, again = (made(config, there, network) for _ in range(2))
    assert torch.equal(found[0], again[0]) and found[0].device.type == "cuda"
    assert torch.equal(found[1].cpu(), labels)
    moved = (expected - real_subset(standardised.train, 10, 2, 3)[0]).abs().max()
    assert (found[0].cpu() - expected).abs().max() < 1e-3 < moved / 10
    with pytest.raises(DistillationStopped) as caught:
        made(config, there, network, pulse=lambda done, loss: True)
    assert torch.equal(made(config, there, network, begin=caught.value.progress)[0], found[0])


def error_after_training(dataset, images, labels, replicate: int, epochs: int, rate: float) -> float:
    """Test error of an MLP trained on the images, its rate x 0.1 after three quarters."""
    updates = epochs * 4
    recipe = Recipe(
        updates, 32, Sgd(lr=rate, momentum=0.9, weight_decay=5e-4), Steps(at=as_steps((updates * 3 // 4,)), factor=0.1)
    )
    module = build()
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    train(module, Split(images, labels), recipe, SgdNoise(replicate))
    return evaluate(module, dataset.test).error


def advantage(dataset, iterations: int, epochs: int, replicates: int, rate: float) -> np.ndarray:
    """Test error on 10 random real digits of each class minus that on 10 distilled ones, for each of 5 seeds.

    The error is the median over replicates: at rate 0.1 a few per cent of the trainings on distilled digits die.
    """
    errors = []
    for seed in range(5):
        config = DistributionMatching(ipc=10, iterations=iterations, seed=seed)
        sets = real_subset(dataset.train, 10, 10, seed), made(config, dataset)
        errors.append(
            tuple(
                np.median([error_after_training(dataset, *each, number, epochs, rate) for number in range(replicates)])
                for each in sets
            )
        )
    return gained(f"digits, dm, 10 a class, rate {rate}", errors)


def test_a_short_distillation_beats_random_real_images(standardised):
    gains = advantage(standardised, iterations=80, epochs=25, replicates=1, rate=0.05)
    assert np.mean(gains) > 0.01, gains


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.05])
def test_distillation_beats_random_real_images(standardised, rate):
    gains = advantage(standardised, iterations=300, epochs=100, replicates=3, rate=rate)
    assert np.mean(gains) > 0.02, gains
    assert (gains > 0).sum() >= 4, gains
