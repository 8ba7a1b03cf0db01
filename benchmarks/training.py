"""Is training quick? An update beside the bare model's, eager and compiled, and beside OpenLTH's way.

`uv run python -m benchmarks.training`: each way in a process of its own with one thread, all in turn; on a CPU the
processor's time of that process. Random images of the right shape, masked weights, crops and flips but for LeNet.

- *bare*: forward, backward and torch's optimiser on one batch that is there already; dense.
- *compiled*: the same, the model compiled by torch.compile; its first updates are not counted.
- *openlth-shaped*: a DataLoader in the same process, PIL transforms image by image, a mask multiplied into the weights
  before each forward pass, torch's optimiser and a scheduler that steps with it, and the C library's heap as it is.
- *lmcspec*: `lmcspec.science.train` as a worker runs it, in the layout that it measures for a long training.
- *lmcspec compiled*: the same as trainings of a quarter of an hour run it, where they find that this is quicker.
- *lmcspec, plain heap*: the same without keeping what an update frees (on the CPU).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.ways import Goal, asked, put, ratio_line, seconds_in_turn, seconds_line, seconds_of_more

WAYS = ("bare", "compiled", "openlth-shaped", "lmcspec", "lmcspec compiled", "lmcspec, plain heap")
IMAGES = 2_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A network and how it is trained."""

    shape: tuple[int, int, int]
    batch: int
    adam: bool = False
    augmented: bool = True
    goals: tuple[Goal, ...] = ()


_CONVOLUTIONAL = (Goal("bare", 1.25), Goal("compiled", 0.95), Goal("openlth-shaped", 0))
_LENET = (Goal("bare", 0.95), Goal("openlth-shaped", 5))
SETTINGS = {
    "lenet": Setting((1, 28, 28), 60, augmented=False, goals=_LENET),
    "lenet, adam": Setting((1, 28, 28), 60, adam=True, augmented=False, goals=_LENET),
    "convnet-3": Setting((3, 32, 32), 128, goals=_CONVOLUTIONAL),
    "convnet-3, batch norm": Setting((3, 32, 32), 128, goals=_CONVOLUTIONAL),
    "resnet-20": Setting((3, 32, 32), 128, goals=_CONVOLUTIONAL),
    "vgg-16": Setting((3, 32, 32), 128, goals=(Goal("bare", 0), Goal("openlth-shaped", 0))),
}


def network(name: str) -> Any:
    """The network of that name, initialised."""
    from lmcspec.catalog.models.convnet import ConvNet
    from lmcspec.catalog.models.mlp import Mlp
    from lmcspec.catalog.models.resnet import CifarResNet
    from lmcspec.catalog.models.vgg import CifarVgg
    from lmcspec.science.initial import initial_state
    from lmcspec.science.models import convnet, mlp, resnet, vgg

    shape = SETTINGS[name].shape
    match name.partition(",")[0]:
        case "lenet":
            module = mlp.build(Mlp(widths=(300, 100)), shape, 10)
        case "convnet-3":
            module = convnet.build(ConvNet(depth=3, norm="batch" if "batch" in name else "instance"), shape, 10)
        case "resnet-20":
            module = resnet.build(CifarResNet(depth=20), shape, 10)
        case _:
            module = vgg.build(CifarVgg(depth=16), shape, 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def arrays(shape: tuple[int, int, int]) -> Any:
    """Random images and labels, the same every time."""
    import numpy as np

    from lmcspec.science.data.arrays import Arrays

    draw = np.random.Generator(np.random.Philox(0))
    images = draw.integers(0, 256, (IMAGES, *shape), dtype=np.uint8)
    labels = draw.integers(0, 10, IMAGES)
    return Arrays(images, labels, images[:10], labels[:10], classes=10)


def half(module: Any) -> dict[str, Any]:
    """A mask of half of the prunable weights."""
    import torch

    from lmcspec.science import masks

    draws = torch.Generator().manual_seed(0)
    parameters = dict(module.named_parameters())
    return {name: torch.rand(parameters[name].shape, generator=draws) < 0.5 for name in masks.prunable(module)}


def bare(name: str, device: str, *, compiled: bool = False) -> Callable[[int], None]:
    """Updates on one batch."""
    import torch

    setting, module = SETTINGS[name], network(name).to(device)
    data = arrays(setting.shape)
    images = (torch.from_numpy(data.train_images[: setting.batch]).float() / 255).to(device)
    labels = torch.from_numpy(data.train_labels[: setting.batch]).to(device)
    step = _step_of(torch.compile(module) if compiled else module, module, setting)

    def advance(updates: int) -> None:
        for _ in range(updates):
            step(images, labels)

    return advance


def _step_of(
    forward: Callable[..., Any], module: Any, setting: Setting, *, scheduled: bool = False
) -> Callable[[Any, Any], None]:
    """One update of torch's own on a batch."""
    import torch
    from torch.nn.functional import cross_entropy

    parameters = list(module.parameters())
    optimiser = torch.optim.Adam(parameters, 1e-3) if setting.adam else torch.optim.SGD(parameters, 0.01, momentum=0.9)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda update: 1.0) if scheduled else None

    def step(images: Any, labels: Any) -> None:
        optimiser.zero_grad()
        cross_entropy(forward(images), labels).backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()

    return step


def openlth_shaped(name: str, device: str) -> Callable[[int], None]:
    """What people use: images one by one through transforms, and masked weights by a multiplication each time."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    setting, module = SETTINGS[name], network(name).to(device)
    channels = setting.shape[0]
    moved = [transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, padding=4)] if setting.augmented else []
    entered = [transforms.ToTensor(), transforms.Normalize([0.5] * channels, [0.25] * channels)]
    change = transforms.Compose([*moved, *entered])
    data = arrays(setting.shape)

    class Pictures:
        def __len__(self) -> int:
            return IMAGES

        def __getitem__(self, index: int) -> Any:
            stored = data.train_images[index]
            picture = Image.fromarray(stored[0] if channels == 1 else stored.transpose(1, 2, 0))
            return change(picture), int(data.train_labels[index])

    loader = DataLoader(Pictures(), setting.batch, shuffle=True)  # pyright: ignore[reportArgumentType]
    mask = {key: keep.to(device).float() for key, keep in half(module).items()}
    parameters = dict(module.named_parameters())

    def forward(images: Any) -> Any:
        for key, keep in mask.items():
            parameters[key].data *= keep
        return module(images)

    step = _step_of(forward, module, setting, scheduled=True)

    def advance(updates: int) -> None:
        while True:
            for images, labels in loader:
                if not updates:
                    return
                updates -= 1
                step(images.to(device), labels.to(device))

    torch.manual_seed(0)
    return advance


def lmcspec(name: str, device: str, *, compiles: bool = False) -> Callable[[int], None]:
    """The training loop of a task."""
    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.augmentation import Augment
    from lmcspec.catalog.optimisers.adam import Adam
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.science.compiled import compiled
    from lmcspec.science.data.resident import enter
    from lmcspec.science.data.space import Space
    from lmcspec.science.layout import has_choice, lay_out, seconds_by_layout
    from lmcspec.science.train import train
    from lmcspec.science.trial import Trial, quickest

    setting = SETTINGS[name]
    channels = setting.shape[0]
    space = Space("standardised", (0.5,) * channels, (0.25,) * channels)
    data, module = enter(arrays(setting.shape), space, device).train, network(name).to(device)
    mask = half(module)
    if has_choice(module):
        lay_out(module, quickest(seconds_by_layout(module, Trial(setting.batch, setting.shape, 10, "float32"))))

    computed = compiled(module) if compiles else module

    def advance(updates: int) -> None:
        optimiser = Adam(lr=1e-3) if setting.adam else Sgd(lr=0.01, momentum=0.9)
        augment = Augment(flip=True, crop=4) if setting.augmented else Augment()
        train(computed, data, Recipe(updates, setting.batch, optimiser, augment=augment), SgdNoise(0), mask=mask)

    return advance


def timed(name: str, way: str, device: str, seconds: float) -> float:
    """Seconds of an update, in this process, without what a training takes to begin."""
    import torch

    from lmcspec.engine import heap, pristine

    pristine.first()
    pristine.prepare(1)
    if way not in ("openlth-shaped", "lmcspec, plain heap"):
        heap.keep()
    match way:
        case "bare" | "compiled":
            advance = bare(name, device, compiled=way == "compiled")
        case "openlth-shaped":
            advance = openlth_shaped(name, device)
        case _:
            advance = lmcspec(name, device, compiles=way == "lmcspec compiled")

    clock = time.process_time if device == "cpu" else time.perf_counter

    def took(updates: int) -> float:
        began = clock()
        advance(updates)
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - began

    return seconds_of_more(took, seconds)


def lines(rounds: int = 5, only: str = "", device: str = "cpu", seconds: float = 4.0) -> list[str]:
    """The table: of each network what an update takes each way, and the ratios that are wanted."""
    table = []
    for name, setting in SETTINGS.items():
        if only not in name:
            continue
        ways = [way for way in WAYS if device == "cpu" or "heap" not in way]
        words = {way: ["--one", name, way, "--device", device, "--seconds", str(seconds)] for way in ways}
        took = seconds_in_turn("benchmarks.training", words, rounds)
        table += [seconds_line(name, way, took[way]) for way in ways]
        table += [
            ratio_line(name, took, way, goal) for way in ("lmcspec", "lmcspec compiled") for goal in setting.goals
        ]
    return table


def main() -> None:
    """Print the table."""
    parser = asked(__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each is timed")
    given = parser.parse_args()
    if given.one:
        print(timed(given.one[0], given.one[1], given.device, given.seconds))
    else:
        put(lines(given.rounds, given.only, given.device, given.seconds))


if __name__ == "__main__":
    main()
