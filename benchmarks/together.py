"""Are several trainings quicker as one program than one after the other? An update of each, for several networks.

`uv run python -m benchmarks.together`: each number of networks in a process of its own with one thread, all in turn, by
the training loops themselves with orders, augmentation, masks and steps; milliseconds of an update of one network.
"""

import time

from benchmarks.training import SETTINGS, arrays, half, network
from benchmarks.ways import Goal, asked, put, ratio_line, seconds_in_turn, seconds_line, seconds_of_more

NETWORKS = ("lenet", "convnet-3", "resnet-20")
SIZES = ("1", "2", "4", "8")
GOALS = {"cpu": {"lenet": 1.3}, "cuda": {"lenet": 3.0, "resnet-20": 3.0}}
"""Of eight networks, beside one."""


def timed(name: str, size: int, device: str, seconds: float) -> float:
    """Seconds of an update of one network where so many are trained, in this process; on a CPU the processor's."""
    import torch

    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.catalog.augmentation import Augment
    from lmcspec.catalog.optimisers.sgd import Sgd
    from lmcspec.catalog.recipe import Recipe
    from lmcspec.engine import heap, pristine
    from lmcspec.science.data.resident import enter
    from lmcspec.science.data.space import Space
    from lmcspec.science.replicas import Replica, train_together
    from lmcspec.science.train import train

    pristine.first()
    pristine.prepare(1)
    heap.keep()
    setting = SETTINGS[name]
    channels = setting.shape[0]
    space = Space("standardised", (0.5,) * channels, (0.25,) * channels)
    data = enter(arrays(setting.shape), space, device).train
    augment = Augment(flip=True, crop=4) if setting.augmented else Augment()
    modules = [network(name).to(device) for _ in range(size)]
    masks = [half(module) for module in modules]
    clock = time.process_time if device == "cpu" else time.perf_counter

    def took(updates: int) -> float:
        recipe = Recipe(updates, setting.batch, Sgd(lr=0.01, momentum=0.9), augment=augment)
        began = clock()
        if size == 1:
            train(modules[0], data, recipe, SgdNoise(0), mask=masks[0])
        else:
            replicas = [Replica(module, SgdNoise(place), masks[place]) for place, module in enumerate(modules)]
            train_together(replicas, data, recipe, 0, updates)
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - began

    return seconds_of_more(took, seconds) / size


def lines(rounds: int, only: str, device: str, seconds: float) -> list[str]:
    """The table: of each network an update in companies of each size, and how many times as quick that is as alone."""
    table = []
    for name in NETWORKS:
        if only not in name:
            continue
        words = {size: ["--one", name, size, "--device", device, "--seconds", str(seconds)] for size in SIZES}
        took = {
            f"{size} together": each for size, each in seconds_in_turn("benchmarks.together", words, rounds).items()
        }
        table += [seconds_line(name, way, took[way]) for way in took]
        for way in list(took)[1:]:
            least = GOALS.get(device, {}).get(name, 0.0) if way == "8 together" else 0.0
            table.append(ratio_line(name, took, way, Goal("1 together", least)))
    return table


def main() -> None:
    """Print the table."""
    parser = asked(__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each is timed")
    given = parser.parse_args()
    if given.one:
        print(timed(given.one[0], int(given.one[1]), given.device, given.seconds))
    else:
        put(lines(given.rounds, given.only, given.device, given.seconds))


if __name__ == "__main__":
    main()
