"""Are measures quick? A path of points between two networks, beside a plain loop and forward passes alone.

`uv run python -m benchmarks.measures`: each way in a process of its own with one thread, all in turn; milliseconds of a
point on test images of CIFAR-10's shape, without batch norm's recomputed statistics.

- *forward*: nothing but forward passes in inference mode, in the quickest layout, on batches that are there, as many
  images in each as lmcspec takes.
- *plain loop*: what people write: mix two state dicts, load them, turn images into floats again, count on the host.
- *lmcspec*: `lmcspec.science.paths.curves` as its task runs it, in the layout that was measured.
"""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.training import SETTINGS, network
from benchmarks.ways import Goal, asked, put, ratio_line, seconds_in_turn, seconds_line

WAYS = ("forward", "plain loop", "lmcspec")
NETWORKS = ("lenet", "convnet-3", "convnet-3, batch norm", "resnet-20")
GOALS = (Goal("forward", 0.95), Goal("plain loop", 0))
POINTS = 5


def images_of(name: str, count: int) -> tuple[Any, Any]:
    """Random images uint8 and labels, the same every time."""
    import torch

    draws = torch.Generator().manual_seed(0)
    shape = SETTINGS[name].shape
    return (
        torch.randint(256, (count, *shape), generator=draws, dtype=torch.uint8),
        torch.randint(10, (count,), generator=draws),
    )


def two_ends(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two states of a network."""
    one = network(name).state_dict()
    other = {key: value.roll(1, 0) if value.ndim > 1 else value.clone() for key, value in one.items()}
    return {key: value.clone() for key, value in one.items()}, other


def quickest_layout(name: str, module: Any) -> None:
    """Lay the network out as a long training would have it."""
    from lmcspec.science.layout import has_choice, lay_out, seconds_by_layout
    from lmcspec.science.trial import Trial, quickest

    if has_choice(module):
        trial = Trial(SETTINGS[name].batch, SETTINGS[name].shape, 10, "float32")
        lay_out(module, quickest(seconds_by_layout(module, trial)))


def forward(name: str, device: str, count: int) -> Callable[[int], None]:
    """Forward passes."""
    import torch

    from lmcspec.science.data.resident import Split
    from lmcspec.science.data.space import Conversion
    from lmcspec.science.evaluate import quick_batch

    module = network(name).to(device).eval()
    quickest_layout(name, module)
    module.eval()
    images, labels = images_of(name, count)
    size = quick_batch(Split(images.to(device), labels, Conversion(255.0)))
    batches = [part.to(device).float().div_(255) for part in images.split(size)]

    def points(several: int) -> None:
        with torch.inference_mode():
            for _ in range(several):
                for part in batches:
                    module(part)

    return points


def plain_loop(name: str, device: str, count: int) -> Callable[[int], None]:
    """A loop over points as notebooks have it."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader, TensorDataset

    module = network(name).to(device)
    a, b = two_ends(name)
    images, labels = images_of(name, count)
    loader = DataLoader(TensorDataset(images, labels), 128)

    def points(several: int) -> None:
        for point in range(several):
            share = point / max(1, several - 1)
            mixed = {key: torch.lerp(a[key], b[key], share) if a[key].is_floating_point() else a[key] for key in a}
            module.load_state_dict(mixed)
            module.eval()
            wrong, loss = 0, 0.0
            with torch.no_grad():
                for x, y in loader:
                    logits = module((x.float() / 255).to(device))
                    loss += cross_entropy(logits, y.to(device)).item() * len(y)
                    wrong += (logits.argmax(1) != y.to(device)).sum().item()

    return points


def lmcspec(name: str, device: str, count: int) -> Callable[[int], None]:
    """The curves of a path's task."""
    from lmcspec.science import paths
    from lmcspec.science.curves import alphas
    from lmcspec.science.data.resident import Split
    from lmcspec.science.data.space import Conversion

    module = network(name).to(device)
    quickest_layout(name, module)
    a, b = ({key: value.to(device) for key, value in end.items()} for end in two_ends(name))
    images, labels = images_of(name, count)
    split = Split(images.to(device), labels.to(device), Conversion(255.0))

    def points(several: int) -> None:
        paths.curves(module, paths.Ends(a, b), alphas(several)[:several], paths.Evaluated(split), ("average",))

    return points


def timed(name: str, way: str, device: str, count: int) -> float:
    """Seconds of a point, in this process; on a CPU the processor's."""
    import torch

    from lmcspec.engine import heap, pristine

    pristine.first()
    pristine.prepare(1)
    heap.keep()
    points = {"forward": forward, "plain loop": plain_loop}.get(way, lmcspec)(name, device, count)
    clock = time.process_time if device == "cpu" else time.perf_counter

    def took() -> float:
        began = clock()
        points(POINTS)
        if device != "cpu":
            torch.cuda.synchronize()
        return (clock() - began) / POINTS

    took()
    return min(took() for _ in range(3))


def lines(rounds: int, only: str, device: str, count: int) -> list[str]:
    """The table."""
    table = []
    for name in NETWORKS:
        if only not in name:
            continue
        words = {way: ["--one", name, way, "--device", device, "--images", str(count)] for way in WAYS}
        took = seconds_in_turn("benchmarks.measures", words, rounds)
        table += [seconds_line(name, way, took[way]) for way in WAYS]
        table += [ratio_line(name, took, "lmcspec", goal) for goal in GOALS]
    return table


def main() -> None:
    """Print the table."""
    parser = asked(__doc__)
    parser.add_argument("--images", type=int, default=4_000, help="how many images a point looks at")
    given = parser.parse_args()
    if given.one:
        print(timed(given.one[0], given.one[1], given.device, given.images))
    else:
        put(lines(given.rounds, given.only, given.device, given.images))


if __name__ == "__main__":
    main()
