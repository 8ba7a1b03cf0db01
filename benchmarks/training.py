"""Is training quick? lmcspec's loop beside the usual script and the ceiling: `uv run python benchmarks/training.py`.

Each line is a process of its own, and all are run in turn, so that a busy machine slows all of them; medians are
compared. Random images of CIFAR-10's shape, crops and flips, ConvNet-3 with 32 channels, SGD with momentum.

- *ceiling*: forward, backward and torch's SGD on one batch that is there already.
- *script*: a DataLoader in the same process with torchvision's transforms, image by image, and torch's SGD.
- *lmcspec*: `lmcspec.science.train` as a worker runs it.
- *without keeping memory*: the same, with the C library's heap as it is.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

IMAGES, BATCH, WIDTH, WARM_UP, UPDATES = 2_000, 128, 32, 4, 32
WAYS = ("ceiling", "script", "lmcspec", "without keeping memory")


def arrays():
    """Random images and labels, the same every time."""
    import numpy as np

    from lmcspec.science.data.arrays import Arrays

    draw = np.random.Generator(np.random.Philox(0))
    images = draw.integers(0, 256, (IMAGES, 3, 32, 32), dtype=np.uint8)
    labels = draw.integers(0, 10, IMAGES)
    return Arrays(images, labels, images[:10], labels[:10], classes=10)


def network():
    """ConvNet-3, initialised."""
    from lmcspec.catalog.models.convnet import ConvNet
    from lmcspec.science.initial import initial_state
    from lmcspec.science.models import convnet

    module = convnet.build(ConvNet(depth=3, width=WIDTH), (3, 32, 32), 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def step_of(module) -> Callable:
    """One update of torch's own on a batch."""
    import torch
    from torch.nn.functional import cross_entropy

    optimiser = torch.optim.SGD(module.parameters(), 0.01, momentum=0.9)

    def step(images, labels) -> None:
        optimiser.zero_grad()
        cross_entropy(module(images), labels).backward()
        optimiser.step()

    return step


def ceiling() -> Callable[[int], None]:
    """Updates on one batch."""
    import torch

    found = arrays()
    images = torch.from_numpy(found.train_images[:BATCH]).float() / 255
    labels = torch.from_numpy(found.train_labels[:BATCH])
    step = step_of(network())

    def advance(updates: int) -> None:
        for _ in range(updates):
            step(images, labels)

    return advance


def script() -> Callable[[int], None]:
    """What a script does: images one by one through transforms."""
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    change = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        ]
    )
    found = arrays()
    pictures = [Image.fromarray(image.transpose(1, 2, 0)) for image in found.train_images]

    class Pictures:
        def __len__(self) -> int:
            return IMAGES

        def __getitem__(self, index: int):
            return change(pictures[index]), int(found.train_labels[index])

    loader = DataLoader(Pictures(), BATCH, shuffle=True)  # pyright: ignore[reportArgumentType]
    step = step_of(network())

    def advance(updates: int) -> None:
        while True:
            for images, labels in loader:
                if not updates:
                    return
                updates -= 1
                step(images, labels)

    return advance


def lmcspec() -> Callable[[int], None]:
    """The training loop of a task."""
    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.augmentation import Augment
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.science import masks
    from lmcspec.science.data.resident import enter
    from lmcspec.science.data.space import Space
    from lmcspec.science.train import train

    space = Space("standardised", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    data = enter(arrays(), space).train
    module = network()

    def advance(updates: int) -> None:
        recipe = Recipe(updates, BATCH, Sgd(lr=0.01, momentum=0.9), augment=Augment(flip=True, crop=4))
        train(module, data, recipe, SgdNoise(0), mask=masks.dense(module))

    return advance


def timed(way: str) -> float:
    """Seconds of an update, in this process."""
    from lmcspec.engine import heap, pristine

    pristine.first()
    pristine.prepare(1)
    if way != "without keeping memory":
        heap.keep()
    advance = {"ceiling": ceiling, "script": script}.get(way, lmcspec)()
    advance(WARM_UP)
    began = time.perf_counter()
    advance(UPDATES)
    return (time.perf_counter() - began) / UPDATES


def main() -> None:
    """Run all ways in turn, as often as asked, and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="how often each is run")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(timed(given.way))
        return
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(given.times):
        for way, seconds in found.items():
            order = [sys.executable, str(Path(__file__)), "--way", way]
            seconds.append(float(subprocess.run(order, stdout=subprocess.PIPE, check=True).stdout))
    least = median(found["ceiling"])
    print(f"{'an update on ' + str(BATCH) + ' images':26}{'least':>8}{'median':>8}{'most':>8}   to the ceiling")
    for way, seconds in found.items():
        ms = [1000 * one for one in (min(seconds), median(seconds), max(seconds))]
        print(f"{way:26}" + "".join(f"{one:5.0f} ms" for one in ms) + f"   {median(seconds) / least:.2f} x")


if __name__ == "__main__":
    main()
