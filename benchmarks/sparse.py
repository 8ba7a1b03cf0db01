"""Are sparse networks cheaper than dense ones? Updates and evaluations without dead units, against density.

`uv run python -m benchmarks.sparse [--only lenet]`: networks are pruned by iterative magnitude pruning (a third of the
weights at a time, a short training in between), LeNet on MNIST and ConvNet-3 on small photographs, which are read from
the folder LMCSPEC_TEST_DATA. At each density an update and an evaluation of the whole network, masked, and of what
lmcspec makes of it are timed in turn on one thread; on a CPU the processor's time of the process counts.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.training import network
from benchmarks.ways import asked, put

BATCH = {"lenet": 60, "convnet-3": 128}


class Setting(NamedTuple):
    """How a network is pruned: the data set, its images, updates between two prunings, and densities that are timed."""

    data: str
    folder: str
    images: int
    updates: int
    densities: tuple[float, ...]


SETTINGS = {
    "lenet": Setting("mnist", ".", 20_000, 600, (0.2, 0.1, 0.05, 0.02, 0.01, 0.005)),
    "convnet-3": Setting("cifar10-jpeg", "cifar10", 4_000, 80, (0.05, 0.02, 0.01, 0.005)),
}


def pruned(name: str, root: Path) -> Iterator[tuple[float, Any, Any, Any]]:
    """Density, the trained module, its mask, and the training images, at each density in turn."""
    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.science import masks
    from lmcspec.science.criteria.magnitude import scores
    from lmcspec.science.layout import lay_out
    from lmcspec.science.train import train

    setting, module = SETTINGS[name], network(name)
    if name != "lenet":
        lay_out(module, "channels-last")
    images = _images(setting, root)
    recipe = Recipe(setting.updates, BATCH[name], Sgd(lr=0.05, momentum=0.9, weight_decay=1e-4))
    start = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    mask, wanted, level = masks.dense(module), list(setting.densities), 0
    while wanted:
        module.load_state_dict(masks.apply(mask, start))
        state = train(module, images, recipe, SgdNoise(0, 0, level), mask=mask).state
        if masks.density(mask) <= wanted[0] * 1.0001:
            yield wanted.pop(0), module, mask, images
            continue
        least = int(wanted[0] * sum(keep.numel() for keep in mask.values()))
        left = masks.survivors(mask)
        mask, level = masks.prune(scores(state, mask), mask, min(left // 3, left - least)), level + 1


def _images(setting: Setting, root: Path) -> Any:
    """Some training images, resident."""
    import torch

    from lmcspec.science.data import load

    split = load(setting.data, root / setting.folder, "standardised").train
    return split.subset(torch.randperm(len(split), generator=torch.Generator().manual_seed(0))[: setting.images])


def timed(name: str, module: Any, mask: Mapping[str, Any], images: Any, rounds: int) -> Iterator[str]:
    """What an update and an evaluation take, whole and without dead units."""
    import torch

    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.science import masks
    from lmcspec.science.evaluate import evaluate
    from lmcspec.science.layout import lay_out
    from lmcspec.science.permute.tracing import trace
    from lmcspec.science.shrunk_training import shrink_to_train, train_shrunk
    from lmcspec.science.train import Callbacks, Segment, train

    updates = 200 if name == "lenet" else 4
    recipe = Recipe(updates, BATCH[name], Sgd(lr=0.05, momentum=0.9, weight_decay=1e-4))
    few = images.subset(torch.arange(min(len(images), 10_000 if name == "lenet" else 1_000)))
    shape = images.shape
    small = shrink_to_train(module, trace(module, shape).groups, mask, recipe, shape)
    density = f"{100 * masks.density(mask):.1f} %"
    if small is None:
        yield f"{name:12} {density:>7}   all units are read"
        return
    for each in (module, small.module) if name != "lenet" else ():
        lay_out(each, "channels-last")
    units = ", ".join(f"{len(kept)}" for kept in small.small.units.values())
    first = tuple(next(iter(small.mask.values())).shape[:2])
    yield f"{name:12} {density:>7}   units that are read: {units}; first weights {first}"
    told = {"segment": Segment(), "callbacks": Callbacks()}
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "update": (
            lambda: train(module, images, recipe, SgdNoise(0), mask=mask),
            lambda: train_shrunk(small, images, recipe, SgdNoise(0), **told),
        ),
        "evaluation": (lambda: evaluate(module, few), lambda: evaluate(small.module, few)),
    }
    for what, ways in pairs.items():
        seconds = [[_took(way) for way in ways] for _ in range(1 + rounds)][1:]
        ratios = [whole / shrunk for whole, shrunk in seconds]
        per = updates if what == "update" else 1
        whole, shrunk = (1000 * median(each) / per for each in zip(*seconds, strict=True))
        spread = f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f}, n = {rounds})"
        yield f"{'':12} {'':7}   {what:10} {whole:8.2f} ms whole, {shrunk:8.2f} ms without dead units: {spread}"


def _took(way: Callable[[], object]) -> float:
    began = time.process_time()
    way()
    return time.process_time() - began


def lines(only: str, rounds: int, root: Path) -> Iterator[str]:
    """The table."""
    for name, setting in SETTINGS.items():
        if only not in name:
            continue
        if not (root / setting.folder).is_dir():
            yield f"{name:12} not measured here: no {setting.data} in {root}"
            continue
        for _, module, mask, images in pruned(name, root):
            yield from timed(name, module, mask, images, rounds)


def main() -> None:
    """Print the table."""
    given = asked(__doc__).parse_args()
    import torch

    from lmcspec.engine import heap, pristine

    pristine.first()
    pristine.prepare(1)
    heap.keep()
    torch.set_num_threads(1)
    root = os.environ.get("LMCSPEC_TEST_DATA")
    put(
        [f"{'':12} not measured here: LMCSPEC_TEST_DATA is not set"]
        if root is None
        else lines(given.only, given.rounds, Path(root))
    )


if __name__ == "__main__":
    main()
